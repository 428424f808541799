"""A folder in which commands leave work for the agent, and find what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from kiosk.durable import flush, write_durably

Outcome = TypeVar("Outcome", bound=msgspec.Struct)

#: Beside the name of a file: it is being copied; what became of it.
COPYING, _OUTCOME = ".copying", ".outcome"


class Spool(Generic[Outcome]):
    """Files are put by commands and taken by the agent."""

    def __init__(self, folder: Path, kind: type[Outcome]) -> None:
        """`kind` is what `outcome` returns."""
        self.folder = folder
        self._kind = kind

    def place_for(self, name: str) -> Path:
        """Where to put a file of this name; what became of an earlier one is forgotten."""
        self.folder.mkdir(mode=0o770, exist_ok=True)
        self._outcome(name).unlink(missing_ok=True)
        return self.folder / name

    def waiting(self) -> tuple[Path, ...]:
        """The files that wait, in the order of their names."""
        if not self.folder.is_dir():
            return ()
        return tuple(
            path
            for path in sorted(self.folder.iterdir())
            if path.suffix not in {COPYING, _OUTCOME, ".new"}
        )

    def done(self, path: Path, outcome: Outcome) -> None:
        """Leave word of what became of a file, then let go of it."""
        beside = self._outcome(path.name)
        write_durably(beside, msgspec.json.encode(outcome), mode=0o660)
        path.unlink(missing_ok=True)
        flush(self.folder)

    def outcome(self, name: str) -> Outcome | None:
        """What became of a file; None while it waits. Asking forgets it."""
        path = self._outcome(name)
        try:
            outcome = msgspec.json.decode(path.read_bytes(), type=self._kind)
        except FileNotFoundError:
            return None
        path.unlink(missing_ok=True)
        return outcome

    def _outcome(self, name: str) -> Path:
        return self.folder / (name + _OUTCOME)
