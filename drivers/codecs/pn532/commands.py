"""Commands and replies of the NXP PN532 card reader (user manual UM0701, 7)."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.pn532.frames import Direction, Message
from drivers.codecs.shown import shown

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
    reader = ByteReader(data, "PN532 target list")
    count = reader.byte("number of targets")
    targets = tuple(_target(reader) for _ in range(count))
    reader.finish()
    return targets


def _target(reader: ByteReader) -> Target:
    number = reader.byte("number of the target")
    if reader.peek() == ATQB_MARK:
        return _type_b(number, reader)
    return _type_a(number, reader)


def _type_b(number: int, reader: ByteReader) -> TypeBTarget:
    atqb = reader.take(ATQB_LENGTH, "ATQB")
    length = reader.byte("length of ATTRIB_RES")
    return TypeBTarget(number, atqb, reader.take(length, "ATTRIB_RES"))


def _type_a(number: int, reader: ByteReader) -> TypeATarget:
    sens_res, sel_res = reader.take(2, "SENS_RES"), reader.byte("SEL_RES")
    uid = reader.take(reader.byte("length of the UID"), "UID")
    if len(uid) not in {4, 7, 10}:
        raise BadFrame(
            f"PN532 target {number}: UID {shown(uid)} is not 4, 7 or 10 bytes"
        )
    return TypeATarget(number, uid, sens_res, sel_res, _ats(sel_res, reader))


def _ats(sel_res: int, reader: ByteReader) -> bytes:
    """The ATS begins with its own length; a chip told not to ask for it sends none."""
    length = reader.peek()
    if not sel_res & ISO_DEP or length is None:
        return b""
    if length == 0:
        raise BadFrame(f"PN532 target list: ATS of length 0 in {shown(reader.rest())}")
    return reader.take(length, "ATS")


def _command(code: Command, *parameters: int) -> Message:
    return Message(Direction.REQUEST, code, bytes(parameters))
