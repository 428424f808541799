"""Frames of RFIDStation readers (7E55), such as the AnyID R321.

    short   7E 55 LEN SRC(2) DST(2) [1F] CMD 00                params CRC(2)
    long    7E 55 00  SRC(2) DST(2) [1F] CMD 00 params' size(2) params CRC(2)

LEN counts from SRC to the end of the CRC. Numbers of two bytes come low byte first. A
reply has 1F before its command. The CRC is X-25 from LEN to the end of the parameters.
(RFIDStation communication protocol V1.1, chapter 1)
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.crc import X25
from drivers.codecs.frame_finder import FrameFinder, read_whole
from drivers.codecs.shown import shown

START = b"\x7e\x55"
HOST = 0x0000
FACTORY_READER = 0x0001
ANY_READER = 0xFFFF

_REPLY_MARK = 0x1F
_RESERVED = 0x00
_CRC_SIZE = 2
#: Start and LEN.
_HEAD = 3
_ADDRESSES = 4
_LONG_LEN = 0x00
#: A long frame up to the size of its parameters, without and with the mark of a reply.
_LONG_HEAD, _LONG_REPLY_HEAD = 11, 12
#: Long frames in a stream; no command that this project sends has a longer reply.
MAX_STREAMED = 4096


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in either direction; `source` and `target` are device addresses."""

    command: int
    params: bytes = b""
    source: int = HOST
    target: int = ANY_READER
    is_reply: bool = False
    is_long: bool = False

    def encode(self) -> bytes:
        """Make the bytes of the frame. Raises BadFrame for parameters too long."""
        content = self._length_field() + self._body()
        return START + content + X25(content).to_bytes(_CRC_SIZE, "little")

    def _body(self) -> bytes:
        addresses = _word(self.source) + _word(self.target)
        mark = bytes([_REPLY_MARK]) if self.is_reply else b""
        size = _word(len(self.params)) if self.is_long else b""
        return addresses + mark + bytes([self.command, _RESERVED]) + size + self.params

    def _length_field(self) -> bytes:
        length = len(self._body()) + _CRC_SIZE
        if not self.is_long and length > 0xFF:
            raise BadFrame(f"7E55 frame: length {length} needs a long frame")
        return bytes([_LONG_LEN if self.is_long else length])


def decode(raw: bytes) -> Frame:
    """Read exactly one frame. Raises BadFrame that says what is wrong where."""
    return read_whole(raw, _take, "7E55", START)


def finder() -> FrameFinder[Frame]:
    """Frames out of a stream, at most MAX_STREAMED bytes long."""
    return FrameFinder(START, _take, MAX_STREAMED)


def _take(data: bytes) -> tuple[Frame, int] | None:
    size = _size(data)
    if size is None or len(data) < size:
        return None
    raw = data[:size]
    content, sent = raw[len(START) : -_CRC_SIZE], raw[-_CRC_SIZE:]
    expected = X25(content).to_bytes(_CRC_SIZE, "little")
    if sent != expected:
        raise BadFrame(
            f"7E55 frame: CRC {shown(sent)} should be {shown(expected)}: {shown(raw)}"
        )
    return _parse(raw), size


def _size(data: bytes) -> int | None:
    """Bytes of the frame that `data` begins with; None while that can't be told."""
    if len(data) < _HEAD:
        return None
    if data[_HEAD - 1] != _LONG_LEN:
        return _HEAD + data[_HEAD - 1]
    mark = data[_HEAD + _ADDRESSES : _HEAD + _ADDRESSES + 1]
    head = _LONG_REPLY_HEAD if mark == bytes([_REPLY_MARK]) else _LONG_HEAD
    if len(data) < head:
        return None
    return head + int.from_bytes(data[head - 2 : head], "little") + _CRC_SIZE


def _parse(raw: bytes) -> Frame:
    is_long = raw[_HEAD - 1] == _LONG_LEN
    reader = ByteReader(raw[_HEAD:-_CRC_SIZE], "7E55 frame")
    source = int.from_bytes(reader.take(2, "source"), "little")
    target = int.from_bytes(reader.take(2, "target"), "little")
    is_reply = reader.peek() == _REPLY_MARK
    if is_reply:
        reader.byte("mark of a reply")
    command = reader.byte("command")
    if (reserved := reader.byte("reserved byte")) != _RESERVED:
        raise BadFrame(f"7E55 frame: {reserved:02X} where 00 stands: {shown(raw)}")
    if is_long:
        reader.take(2, "size of the parameters")
    return Frame(command, reader.rest(), source, target, is_reply, is_long)


def _word(number: int) -> bytes:
    return number.to_bytes(2, "little")
