"""Whole UHFReader18 frames in words, for `tongjie frame decode`.

Nothing in a frame says who sent it. A frame to address FF is a request, a frame
without room for a status is one, too, and any other is read both ways: the way that
makes sense is taken. Where both do, status 00, a status from F8 on or a list of tags
makes it a reply.
"""

from __future__ import annotations

from typing import Literal

from drivers.api import BadFrame
from drivers.codecs.content import Content
from drivers.codecs.uhfreader18 import frames
from drivers.codecs.uhfreader18.commands import Command, Status
from drivers.codecs.uhfreader18.describe_content import (
    reply_content,
    request_content,
)
from drivers.codecs.uhfreader18.frames import BROADCAST, Frame

Direction = Literal["request", "response"]


def describe(raw: bytes, direction: Direction | None = None) -> Content:
    """Decode one whole frame; `direction` is worked out when it is not given.

    Raises BadFrame for a frame that is none, and for one whose content contradicts
    its command.
    """
    frame = frames.decode(raw)
    if direction is None:
        direction = _direction(frame)
    is_request = direction == "request"
    head: Content = {
        "direction": direction,
        "adr": f"{frame.adr:02X}",
        "cmd": f"{frame.cmd:02X}",
        "name": _name(frame.cmd),
        "data": (frame.body if is_request else frame.content).hex().upper(),
    }
    read = request_content if is_request else reply_content
    return head | read(frame.cmd, frame.body)


def _direction(frame: Frame) -> Direction:
    if frame.adr == BROADCAST or frame.status is None:
        return "request"
    try:
        request_content(frame.cmd, frame.body)
    except BadFrame:
        return "response"
    return "response" if _is_likely_reply(frame, frame.status) else "request"


def _is_likely_reply(frame: Frame, status: int) -> bool:
    try:
        content = reply_content(frame.cmd, frame.body)
    except BadFrame:
        return False
    return status == Status.OK or status >= Status.ANTENNA or bool(content.get("epcs"))


def _name(cmd: int) -> str:
    return Command(cmd).name.lower() if cmd in set(Command) else "unknown"
