"""A port with something at its other end, for drivers that are to refuse it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.emulators.pty import Answer, Pty


@contextmanager
def port_with(folder: Path, answer: Answer) -> Iterator[str]:
    """The path of a pseudo-terminal that answers so."""
    pty = Pty(folder / "pad", answer)
    pty.start()
    try:
        yield str(pty.path)
    finally:
        pty.stop()
