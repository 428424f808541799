"""Whole R2000 ("A0") frames in words, for `tongjie frame decode`.

Nothing in a frame says who sent it. Each is read both ways, and the way that makes
sense is taken. Where both do, one byte that is a known result code is a reply, but
for the power in dBm and the channel of a return loss, and the rest is a request.
"""

from __future__ import annotations

from typing import Literal

from drivers.api import BadFrame
from drivers.codecs.content import Content
from drivers.codecs.r2000 import frames
from drivers.codecs.r2000.commands import CODE_TEXTS, Code, Command
from drivers.codecs.r2000.describe_content import (
    reply_content,
    request_content,
)
from drivers.codecs.r2000.frames import Frame

Direction = Literal["request", "response"]

_RESULTS = {Code.DONE, Code.FAILED}
#: Their one byte of request takes the values of most result codes.
_WIDE = {
    Command.SET_POWER,
    Command.SET_TEMPORARY_POWER,
    Command.SET_ADDRESS,
    Command.GET_RETURN_LOSS,
}


def describe(raw: bytes, direction: Direction | None = None) -> Content:
    """Decode one whole frame; `direction` is worked out when it is not given.

    Raises BadFrame for a frame that is none, and for one whose content contradicts
    its command.
    """
    frame = frames.decode(raw)
    if direction is None:
        direction = _direction(frame)
    read = request_content if direction == "request" else reply_content
    head: Content = {
        "direction": direction,
        "adr": f"{frame.adr:02X}",
        "cmd": f"{frame.cmd:02X}",
        "name": _name(frame.cmd),
        "data": frame.data.hex().upper(),
    }
    return head | read(frame.cmd, frame.data)


def _direction(frame: Frame) -> Direction:
    if not _makes_sense(frame, "request"):
        return "response"
    if not _makes_sense(frame, "response"):
        return "request"
    results = _RESULTS if frame.cmd in _WIDE else CODE_TEXTS
    is_result = len(frame.data) == 1 and frame.data[0] in results
    return "response" if is_result else "request"


def _makes_sense(frame: Frame, direction: Direction) -> bool:
    read = request_content if direction == "request" else reply_content
    try:
        read(frame.cmd, frame.data)
    except BadFrame:
        return False
    return True


def _name(cmd: int) -> str:
    return Command(cmd).name.lower() if cmd in set(Command) else "unknown"
