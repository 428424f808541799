"""Commands and replies of the NXP PN532 card reader (user manual UM0701, 7)."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from drivers.api import BadFrame
from drivers.codecs.pn532_frames import Direction, Message, Signal, decode, shown

#: `55 55` ends the chip's sleep; the zeros last until it listens.
WAKE_UP = b"\x55\x55" + bytes(14)
#: InListPassiveTarget handles no more at a time.
MAX_TARGETS = 2
#: SEL_RES bit 5: the card went on to ISO 14443-4 and has sent an ATS.
ISO_DEP = 0x20
#: First byte of every ATQB (ISO 14443-3); a type A SENS_RES never begins so.
ATQB_MARK = 0x50
ATQB_LENGTH = 12
#: The low six bits of a status are the error; above are flags of peer-to-peer use.
STATUS_ERROR = 0x3F


class Command(enum.IntEnum):
    """Commands this project sends or explains; the names are NXP's."""

    DIAGNOSE = 0x00
    GET_FIRMWARE_VERSION = 0x02
    GET_GENERAL_STATUS = 0x04
    SET_PARAMETERS = 0x12
    SAM_CONFIGURATION = 0x14
    RF_CONFIGURATION = 0x32
    IN_DATA_EXCHANGE = 0x40
    IN_COMMUNICATE_THRU = 0x42
    IN_DESELECT = 0x44
    IN_LIST_PASSIVE_TARGET = 0x4A
    IN_RELEASE = 0x52
    IN_SELECT = 0x54


@dataclass(frozen=True, slots=True)
class Firmware:
    """Which chip answers. `support`: bit 0 ISO 14443A, 1 ISO 14443B, 2 ISO 18092."""

    ic: int
    version: int
    revision: int
    support: int


@dataclass(frozen=True, slots=True)
class TypeATarget:
    """A card of ISO 14443 type A. `uid` has 4, 7 or 10 bytes; `ats` its length byte."""

    number: int
    uid: bytes
    sens_res: bytes
    sel_res: int
    ats: bytes = b""

    def encode(self) -> bytes:
        """Its part of a reply to a list command."""
        head = bytes((self.number, *self.sens_res, self.sel_res, len(self.uid)))
        return head + self.uid + self.ats


@dataclass(frozen=True, slots=True)
class TypeBTarget:
    """A card of ISO 14443 type B, such as the Chinese identity card."""

    number: int
    atqb: bytes
    attrib_res: bytes

    @property
    def pupi(self) -> bytes:
        """The number it answers with; many cards draw a new one each time."""
        return self.atqb[1:5]


Target = TypeATarget | TypeBTarget


def get_firmware_version() -> Message:
    return _command(Command.GET_FIRMWARE_VERSION)


def sam_configuration() -> Message:
    """Normal mode: the security module stays unused; no time-out, IRQ pin driven."""
    return _command(Command.SAM_CONFIGURATION, 0x01, 0x00, 0x01)


def rf_retries(activation: int) -> Message:
    """How often a list command looks again before it answers "none"; FF: for ever."""
    max_retries_item, atr_default, psl_default = 0x05, 0xFF, 0x01
    return _command(
        Command.RF_CONFIGURATION, max_retries_item, atr_default, psl_default, activation
    )


def list_type_a(max_targets: int = MAX_TARGETS) -> Message:
    """List the ISO 14443 type A cards in the field, at 106 kbit/s."""
    return _command(Command.IN_LIST_PASSIVE_TARGET, max_targets, 0x00)


def release_all() -> Message:
    """Let go of every listed card, so that it can be listed afresh."""
    return _command(Command.IN_RELEASE, 0x00)


def parse_firmware(data: bytes) -> Firmware:
    if len(data) != 4:
        raise BadFrame(f"PN532 firmware reply {shown(data)}: not 4 bytes")
    return Firmware(*data)


def parse_targets(data: bytes) -> tuple[Target, ...]:
    """Read the reply to a list command. Raises BadFrame for bytes missing or left."""
    body = _Body(data)
    targets = tuple(_target(body) for _ in range(body.byte()))
    if body.rest:
        raise BadFrame(
            f"PN532 target list {shown(data)}: {shown(body.rest)} is left over"
        )
    return targets


def describe(frame: bytes) -> dict[str, object]:
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


class _Body:
    """Takes bytes from the front of a reply; BadFrame when there are too few."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.rest = data

    def take(self, count: int) -> bytes:
        if len(self.rest) < count:
            raise BadFrame(f"PN532 target list {shown(self._data)} ends too early")
        taken, self.rest = self.rest[:count], self.rest[count:]
        return taken

    def byte(self) -> int:
        return self.take(1)[0]


def _target(body: _Body) -> Target:
    number = body.byte()
    if body.rest[:1] == bytes((ATQB_MARK,)):
        return TypeBTarget(number, body.take(ATQB_LENGTH), body.take(body.byte()))
    return _type_a(number, body)


def _type_a(number: int, body: _Body) -> TypeATarget:
    sens_res, sel_res = body.take(2), body.byte()
    uid = body.take(body.byte())
    if len(uid) not in {4, 7, 10}:
        raise BadFrame(
            f"PN532 target {number}: UID {shown(uid)} is not 4, 7 or 10 bytes"
        )
    return TypeATarget(number, uid, sens_res, sel_res, _ats(sel_res, body))


def _ats(sel_res: int, body: _Body) -> bytes:
    """The ATS begins with its own length; a chip told not to ask for it sends none."""
    if not sel_res & ISO_DEP or not body.rest:
        return b""
    length = body.rest[0]
    if length == 0:
        raise BadFrame(f"PN532 target list: ATS of length 0 in {shown(body.rest)}")
    return body.take(length)


def _command(code: Command, *parameters: int) -> Message:
    return Message(Direction.REQUEST, code, bytes(parameters))


def _describe_message(message: Message) -> dict[str, object]:
    reply = message.direction is Direction.RESPONSE
    content: dict[str, object] = {
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


def _describe_firmware(data: bytes) -> dict[str, object]:
    chip = parse_firmware(data)
    return {
        "ic": f"{chip.ic:02X}",
        "ver": chip.version,
        "rev": chip.revision,
        "support": chip.support,
    }


def _describe_targets(data: bytes) -> dict[str, object]:
    return {"targets": [_describe_target(target) for target in parse_targets(data)]}


def _describe_target(target: Target) -> dict[str, object]:
    match target:
        case TypeATarget():
            content: dict[str, object] = {
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


def _describe_status(data: bytes) -> dict[str, object]:
    if not data:
        raise BadFrame("PN532 reply without its status byte")
    return {"status": data[0] & STATUS_ERROR, "data": data[1:].hex().upper()}


#: What is inside a reply, by the reply's code.
_REPLIES: Mapping[int, Callable[[bytes], dict[str, object]]] = {
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
