"""Whole SAM_V frames in words, for `tongjie frame decode`; what is personal stays out."""

from __future__ import annotations

from drivers.codecs.content import Content
from drivers.codecs.samv.commands import (
    NEW_ADDRESS_SIZE,
    SET_BAUD_RATE,
    TEXT_SIZE,
    Command,
    Status,
    parse_content,
    status_words,
)
from drivers.codecs.samv.frames import PREAMBLE, Reply, Request, decode
from drivers.codecs.samv.text import read_fields

#: What may be shown of a card; of every other field only the length is.
_SHOWN = frozenset({"type", "valid_from", "valid_to", "version", "renewals"})
#: A reply with more data than that tells something about a card.
_MODULE_DATA = 16


def describe(frame: bytes) -> Content:
    """Decoded content of one frame, or of the bare 256 bytes of a card's text."""
    if len(frame) == TEXT_SIZE and not frame.startswith(PREAMBLE):
        return {"kind": "text256", **_describe_text(frame)}
    content = decode(frame)
    if isinstance(content, Request):
        return _describe_request(content)
    return _describe_reply(content)


def _describe_request(request: Request) -> Content:
    return {
        "direction": "request",
        "cmd": f"{request.command:04X}",
        "name": _name(request.command),
        "data": request.data.hex().upper(),
    }


def _name(command: int) -> str:
    if command in set(Command):
        return Command(command).words
    return "set baud rate" if command >> 8 == SET_BAUD_RATE else "unknown"


def _describe_reply(reply: Reply) -> Content:
    head: Content = {
        "direction": "response",
        "sw": f"{reply.status:06X}",
        "status": status_words(reply.status),
    }
    if len(reply.data) <= _MODULE_DATA:
        return head | {"data": reply.data.hex().upper()}
    if reply.status == Status.OK and len(reply.data) != NEW_ADDRESS_SIZE:
        return head | _describe_content(reply.data)
    return head | {"data": f"{len(reply.data)} bytes"}


def _describe_content(data: bytes) -> Content:
    content = parse_content(data)
    return _describe_text(content.text) | {
        "photo_len": content.photo_size,
        "fingerprint_len": content.fingerprint_size,
    }


def _describe_text(text: bytes) -> Content:
    return {
        name: value if name in _SHOWN else f"{len(value)} characters"
        for name, value in read_fields(text).items()
    }
