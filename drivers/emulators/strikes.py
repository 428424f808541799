"""What is wrong with an emulated device, and for how long."""

from __future__ import annotations

import enum
from typing import Generic, TypeVar

Kind = TypeVar("Kind", bound=enum.Enum)


class Strikes(Generic[Kind]):
    """Troubles that strike so many times, or until they are ended. Guarded by its owner."""

    def __init__(self) -> None:
        self._left: dict[Kind, int | None] = {}

    def begin(self, kind: Kind, times: int | None) -> None:
        """Strike the next `times` times; None: until `end`."""
        self._left[kind] = times

    def end(self) -> None:
        """Strike no more."""
        self._left.clear()

    def strikes(self, kind: Kind) -> bool:
        """Whether it strikes now; if so, that is counted."""
        if kind not in self._left:
            return False
        left = self._left[kind]
        if left is None:
            return True
        if left <= 1:
            del self._left[kind]
        else:
            self._left[kind] = left - 1
        return left > 0
