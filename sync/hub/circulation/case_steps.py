"""The story of a case: what the hub and staff made of it, step by step."""

from __future__ import annotations

import datetime as dt
import enum

#: Stands for whoever acts where no person did.
HUB = ""


class What(enum.StrEnum):
    """SETTLED: its ground has gone. CAME_BACK: later facts opened it again."""

    RESOLVED = "resolved"
    UNDONE = "undone"
    SETTLED = "settled"
    CAME_BACK = "came_back"


def new_step(
    what: What,
    at: dt.datetime,
    who: str,
    *,
    choice: str = "",
    note: str = "",
    effect: str = "",
) -> dict[str, object]:
    """One step; `effect` is what an undo has to take back."""
    return {
        "at": at,
        "who": who,
        "what": what.value,
        "choice": choice,
        "note": note,
        "effect": effect,
    }
