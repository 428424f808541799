"""Frames of the Grow GM65 and GM861 barcode modules.

Host: `7E 00 TYPE LEN ADDRESS(2) data CRC(2)`. Module: `02 00 STATUS LEN data CRC(2)`,
to a heartbeat `03 00 …`. CRC-16/XMODEM from the third byte on, high byte first; a host
that sends AB CD instead asks not to check. Settings lie in numbered bytes, the zones.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.crc import XMODEM
from drivers.codecs.shown import shown

REQUEST_START = b"\x7e\x00"
REPLY_START = b"\x02\x00"
HEARTBEAT_START = b"\x03\x00"
UNCHECKED = b"\xab\xcd"
#: STATUS of a reply to a command that was carried out; no other was ever seen.
DONE = 0x00
#: Start, status, length, 255 bytes, CRC.
LONGEST_REPLY = 2 + 2 + 0xFF + 2


class Kind(enum.IntEnum):
    """TYPE of a request."""

    READ_ZONE = 0x07
    WRITE_ZONE = 0x08
    SAVE = 0x09
    HEARTBEAT = 0x0A


class Zone(enum.IntEnum):
    """Addresses of settings."""

    MODE = 0x0000
    TRIGGER = 0x0002
    INTERFACE = 0x000D
    BAUD = 0x002A
    FORMAT = 0x0060
    AIM = 0x00D0
    SYSTEM = 0x00D9


@dataclass(frozen=True, slots=True)
class Request:
    """What the host asks; `data` of a read is the number of bytes wanted.

    `checked`: False has the module take it without a look at the CRC.
    """

    kind: Kind
    address: int
    data: bytes
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Reply:
    """What the module answers; `heartbeat`: to a heartbeat."""

    data: bytes
    status: int = DONE
    heartbeat: bool = False


def encode_request(request: Request) -> bytes:
    head = bytes((request.kind, len(request.data))) + request.address.to_bytes(2)
    body = head + request.data
    return REQUEST_START + body + (_crc(body) if request.checked else UNCHECKED)


def encode_reply(reply: Reply) -> bytes:
    body = bytes((reply.status, len(reply.data))) + reply.data
    start = HEARTBEAT_START if reply.heartbeat else REPLY_START
    return start + body + _crc(body)


def read_zone(zone: int, count: int = 1) -> Request:
    return Request(Kind.READ_ZONE, zone, bytes((count,)))


def write_zone(zone: int, value: int) -> Request:
    return Request(Kind.WRITE_ZONE, zone, bytes((value,)))


def save() -> Request:
    """Write all zones to flash, which takes only so many writes."""
    return Request(Kind.SAVE, 0x0000, b"\x00")


def heartbeat() -> Request:
    return Request(Kind.HEARTBEAT, 0x0000, b"\x00")


def decode_request(frame: bytes) -> Request:
    """Read exactly one request. Raises BadFrame that says what is wrong where."""
    reader = ByteReader(frame, "GM65 request")
    if reader.take(2, "start") != REQUEST_START:
        raise BadFrame(f"GM65 request {shown(frame)} does not begin with 7E00")
    kind, length = reader.byte("type"), reader.byte("length")
    address = int.from_bytes(reader.take(2, "address"))
    data, crc = reader.take(length, "data"), reader.take(2, "CRC")
    reader.finish()
    if kind not in set(Kind):
        raise BadFrame(f"GM65 request {shown(frame)}: unknown type {kind:02X}")
    if crc != UNCHECKED:
        _check(frame, crc)
    return Request(Kind(kind), address, data, crc != UNCHECKED)


def decode_reply(frame: bytes) -> Reply:
    """Read exactly one reply. Raises BadFrame that says what is wrong where."""
    reader = ByteReader(frame, "GM65 reply")
    start = reader.take(2, "start")
    if start not in {REPLY_START, HEARTBEAT_START}:
        raise BadFrame(f"GM65 reply {shown(frame)} begins with neither 0200 nor 0300")
    status, length = reader.byte("status"), reader.byte("length")
    data, crc = reader.take(length, "data"), reader.take(2, "CRC")
    reader.finish()
    _check(frame, crc)
    return Reply(data, status, start == HEARTBEAT_START)


def _check(frame: bytes, crc: bytes) -> None:
    right = _crc(frame[2:-2])
    if crc != right:
        raise BadFrame(
            f"GM65 frame {shown(frame)}: CRC is {shown(crc)}, expected {shown(right)}"
        )


def _crc(body: bytes) -> bytes:
    return XMODEM(body).to_bytes(2)
