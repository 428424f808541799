"""Whole FEIG OBID frames in words, for `tongjie frame decode`.

Nothing in a frame says who sent it. A frame to address FF is a request, as a reader
answers with an address of its own. Any other is read both ways: the way that makes
sense is taken. Where both do, a frame with address 00 (the one readers leave the
factory with) and a known status is a reply, and another one a request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from drivers.api import BadFrame
from drivers.codecs.content import Content
from drivers.codecs.feig import frames
from drivers.codecs.feig.describe_reader import reader_reply, reader_request
from drivers.codecs.feig.describe_tags import eas_request, iso_request, tag_reply
from drivers.codecs.feig.frames import ANY_READER, Frame
from drivers.codecs.feig.reader_commands import Command
from drivers.codecs.feig.requests import ISO_CUSTOM, ISO_HOST
from drivers.codecs.feig.status import STATUS_TEXTS, Status, status_text

Direction = Literal["request", "response"]

_FACTORY_ADDRESS = 0x00


def describe(raw: bytes, direction: Direction | None = None) -> Content:
    """Decode one whole frame; `direction` is worked out when it is not given.

    Raises BadFrame for a frame that is none, and for one whose content contradicts
    its command.
    """
    frame = frames.decode(raw)
    if direction is None:
        return _describe_either(frame)
    if direction == "request":
        return _describe_request(frame)
    return _describe_response(frame)


def _describe_either(frame: Frame) -> Content:
    request = _attempt(_describe_request, frame)
    if frame.adr == ANY_READER:
        return _or_raise(request)
    response = _attempt(_describe_response, frame)
    if isinstance(request, BadFrame):
        return _or_raise(response)
    if isinstance(response, BadFrame):
        return request
    from_factory = frame.adr == _FACTORY_ADDRESS and frame.status in STATUS_TEXTS
    return response if from_factory else request


def _attempt(reading: Callable[[Frame], Content], frame: Frame) -> Content | BadFrame:
    try:
        return reading(frame)
    except BadFrame as err:
        return err


def _or_raise(outcome: Content | BadFrame) -> Content:
    if isinstance(outcome, BadFrame):
        raise outcome
    return outcome


def _describe_request(frame: Frame) -> Content:
    content = _head(frame, "request", frame.body)
    if frame.cmd == ISO_HOST:
        return content | iso_request(frame.body)
    if frame.cmd == ISO_CUSTOM:
        return content | eas_request(frame.body)
    command = _reader_command(frame.cmd)
    if command is None:
        return content
    return content | reader_request(command, frame.body)


def _describe_response(frame: Frame) -> Content:
    status = frame.status
    content = _head(frame, "response", frame.data)
    content["status"] = f"{status:02X}"
    content["status_text"] = status_text(status, frame.data)
    if frame.cmd in (ISO_HOST, ISO_CUSTOM):
        return content | tag_reply(frame)
    command = _reader_command(frame.cmd)
    if command is None or status != Status.OK:
        return content
    return content | reader_reply(command, frame.data)


def _head(frame: Frame, direction: Direction, data: bytes) -> Content:
    return {
        "framing": str(frame.framing),
        "direction": direction,
        "adr": f"{frame.adr:02X}",
        "cmd": f"{frame.cmd:02X}",
        "data": data.hex().upper(),
    }


def _reader_command(code: int) -> Command | None:
    return Command(code) if code in list(Command) else None
