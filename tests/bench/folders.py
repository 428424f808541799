"""Folders for what is measured."""

from __future__ import annotations

from pathlib import Path


def new_folder(parent: Path, name: str) -> Path:
    made = parent / name
    made.mkdir()
    return made
