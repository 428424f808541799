"""Whole PN532 frames in words, for `tongjie frame decode`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from drivers.api import BadFrame
from drivers.codecs.content import Content, Reading
from drivers.codecs.pn532.commands import (
    STATUS_ERROR,
    Command,
    Target,
    TypeATarget,
    TypeBTarget,
    parse_firmware,
    parse_targets,
)
from drivers.codecs.pn532.frames import Direction, Message, Signal, decode


def describe(frame: bytes) -> Content:
    """Decoded content of one whole frame. Codes are hex, counts and numbers decimal."""
    content = decode(frame)
    match content:
        case Signal.ERROR:
            return {"kind": "error", "direction": "response", "reason": "syntax error"}
        case Signal():
            return {"kind": content.name.lower(), "direction": "both"}
        case Message():
            return _describe_message(content)
    assert_never(content)


def _describe_message(message: Message) -> Content:
    reply = message.direction is Direction.RESPONSE
    content: Content = {
        "kind": "information",
        "direction": message.direction.name.lower(),
        "cmd": f"{message.code:02X}",
        "name": _name(message.code - 1 if reply else message.code),
        "data": message.data.hex().upper(),
    }
    if reply and message.code in _REPLIES:
        content |= _REPLIES[message.code](message.data)
    return content


def _name(code: int) -> str:
    try:
        return Command(code).name.lower()
    except ValueError:
        return "unknown"


def _describe_firmware(data: bytes) -> Content:
    chip = parse_firmware(data)
    return {
        "ic": f"{chip.ic:02X}",
        "ver": chip.version,
        "rev": chip.revision,
        "support": chip.support,
    }


def _describe_targets(data: bytes) -> Content:
    return {"targets": [_describe_target(target) for target in parse_targets(data)]}


def _describe_target(target: Target) -> Content:
    match target:
        case TypeATarget():
            content: Content = {
                "tg": target.number,
                "sens_res": target.sens_res.hex().upper(),
                "sel_res": f"{target.sel_res:02X}",
                "uid": target.uid.hex().upper(),
            }
            return content | ({"ats": target.ats.hex().upper()} if target.ats else {})
        case TypeBTarget():
            return {
                "tg": target.number,
                "atqb": target.atqb.hex().upper(),
                "pupi": target.pupi.hex().upper(),
                "attrib_res": target.attrib_res.hex().upper(),
            }
    assert_never(target)


def _describe_status(data: bytes) -> Content:
    if not data:
        raise BadFrame("PN532 reply without its status byte")
    return {"status": data[0] & STATUS_ERROR, "data": data[1:].hex().upper()}


#: What is inside a reply, by the reply's code.
_REPLIES: Mapping[int, Reading] = {
    Command.GET_FIRMWARE_VERSION + 1: _describe_firmware,
    Command.IN_LIST_PASSIVE_TARGET + 1: _describe_targets,
    **{
        code + 1: _describe_status
        for code in (
            Command.IN_DATA_EXCHANGE,
            Command.IN_COMMUNICATE_THRU,
            Command.IN_DESELECT,
            Command.IN_RELEASE,
            Command.IN_SELECT,
        )
    },
}
