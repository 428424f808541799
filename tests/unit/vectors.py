"""Frames and contents with what they mean, from tests/vectors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parents[1] / "vectors"


def vectors_of(name: str) -> list[dict[str, Any]]:
    """All vectors of `name`.json."""
    content = (_FOLDER / f"{name}.json").read_text("utf-8")
    vectors: list[dict[str, Any]] = json.loads(content)["vectors"]
    return vectors
