"""What the files on a stick are called: whose they are, and numbers; nothing of people.

Only characters that every file system of a stick can hold.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path

REPORT = ".tongjie-report"
ANSWER = ".tongjie-answer"
#: A file under way. What of it is whole counts, should the stick have been pulled.
UNFINISHED = ".part"

_ODD = re.compile(r"[^0-9A-Za-z_-]")
_DIGITS = re.compile(r"(\d+)")
_EPOCH_SIGNS = 12


def report_name(kiosk_id: str, epoch: str, seq: int) -> str:
    """All that waits up to this event of this epoch."""
    return f"{_plain(kiosk_id)}.{_plain(epoch)[-_EPOCH_SIGNS:]}.{seq}{REPORT}"


def answer_name(kiosk_id: str, hub_time: dt.datetime) -> str:
    return f"{_plain(kiosk_id)}.{hub_time:%Y%m%dT%H%M%S}{ANSWER}"


def found(
    paths: Iterable[Path], suffix: str, kiosk_id: str | None = None
) -> tuple[Path, ...]:
    """The files of one kind, of one kiosk if it is named, in the order of their names.

    In folders they are told by their names; a file that is named itself counts,
    whatever it is called.
    """
    owner = "" if kiosk_id is None else f"{_plain(kiosk_id)}."
    files: dict[Path, None] = {}
    for path in paths:
        inside = sorted(path.iterdir(), key=_by_number) if path.is_dir() else [path]
        files |= dict.fromkeys(
            one
            for one in inside
            if one == path or (_is_one(one, suffix) and one.name.startswith(owner))
        )
    return tuple(files)


def _is_one(path: Path, suffix: str) -> bool:
    return path.name.endswith((suffix, suffix + UNFINISHED)) and path.is_file()


def _by_number(path: Path) -> tuple[str | int, ...]:
    """9 comes before 10; words and numbers take turns, so they are never compared."""
    parts = _DIGITS.split(path.name)
    return tuple(int(part) if part.isdigit() else part for part in parts)


def _plain(name: str) -> str:
    return _ODD.sub("_", name)[:64]
