"""Serial commands of Honeywell scanners; others, Newland's among them, take the first.

SYN, a letter, CR: T looks for a code, U no longer does, M begins a menu command such as
`PAPHHF!`. The scanner repeats that with a verdict before its last character: `!` holds
until the power goes, `.` outlasts it.
"""

from __future__ import annotations

import enum
import re

from drivers.api import BadFrame
from drivers.codecs.content import Content
from drivers.codecs.lines import LineAssembler
from drivers.codecs.lines_mixed import MixedLine

TRIGGER = b"\x16T\r"
UNTRIGGER = b"\x16U\r"
MENU = b"\x16M\r"
#: One command: tag, sub-tag, value, and where it is kept.
MENU_COMMAND = r"[^\x00-\x1f\x7f-\U0010ffff;.!]+[.!]"
_LONGEST_VERDICT = 2


class Verdict(enum.IntEnum):
    """What became of a menu command: done; no such command; no such value."""

    ACK = 0x06
    ENQ = 0x05
    NAK = 0x15


def menu_command(command: str) -> bytes:
    """Raises BadFrame for what is no command."""
    if not re.fullmatch(MENU_COMMAND, command):
        raise BadFrame(
            f"{command!a} is not one Honeywell menu command, ending in . or !"
        )
    return MENU + command.encode("ascii")


def menu_line(lines: LineAssembler) -> MixedLine[Verdict]:
    """Verdicts and codes; the repeated command before a verdict comes as a code, too."""
    return MixedLine(bytes(Verdict), _take, _LONGEST_VERDICT, lines)


def describe(frame: bytes) -> Content:
    """What exactly one command of the host asks for. Raises BadFrame."""
    if frame in _NAMES:
        return {"name": _NAMES[frame]}
    if frame.startswith(MENU):
        command = frame[len(MENU) :].decode("ascii", errors="replace")
        menu_command(command)
        kept = "until power off" if command.endswith("!") else "for good"
        return {"name": "menu", "command": command, "kept": kept}
    raise BadFrame(f"no Honeywell command: {frame.hex().upper() or '(empty)'}")


_NAMES = {TRIGGER: "trigger", UNTRIGGER: "untrigger"}


def _take(data: bytes, _silent: bool) -> tuple[Verdict, int] | None:  # noqa: FBT001  (the shape of `Take`)
    if len(data) < _LONGEST_VERDICT:
        return None
    if data[1:2] not in {b".", b"!"}:
        raise BadFrame(f"Honeywell: no verdict begins with {data[:2].hex().upper()}")
    return Verdict(data[0]), _LONGEST_VERDICT
