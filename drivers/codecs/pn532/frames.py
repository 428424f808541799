"""Frames of the NXP PN532 card reader on a serial line.

Layout (user manual UM0701, 6.2.1): `00 00 FF LEN LCS TFI data DCS 00`, where LEN
counts TFI and data, LEN + LCS = 0 and TFI + data + DCS = 0 (mod 256). A body above
255 bytes: `00 00 FF FF FF LENh LENl LCS …`. The leading 00 and the postamble carry
nothing; both may be missing or repeated.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.frame_finder import FrameFinder
from drivers.codecs.shown import shown

START = b"\x00\xff"
PREAMBLE = b"\x00"
POSTAMBLE = b"\x00"
#: Stands where LEN and LCS stand else: none, none and "a longer length follows".
ACK_MARK = b"\x00\xff"
NACK_MARK = b"\xff\x00"
EXTENDED_MARK = b"\xff\xff"
MAX_SHORT_BODY = 0xFF
#: The chip's buffer: TFI and 264 bytes (UM0701, 6.2.1.2).
MAX_BODY = 265
#: START, extended mark, length and its check sum, body, data check sum.
MAX_FRAME = 2 + 2 + 3 + MAX_BODY + 1
#: The only body of one byte: the application error frame (UM0701, 6.2.1.5).
SYNTAX_ERROR = b"\x7f"


class Direction(enum.IntEnum):
    """TFI, the first byte of a body: who speaks."""

    REQUEST = 0xD4
    RESPONSE = 0xD5


class Signal(enum.Enum):
    """Frames without content; the value is the whole frame."""

    ACK = PREAMBLE + START + ACK_MARK + POSTAMBLE
    NACK = PREAMBLE + START + NACK_MARK + POSTAMBLE
    ERROR = PREAMBLE + START + b"\x01\xff" + SYNTAX_ERROR + b"\x81" + POSTAMBLE


@dataclass(frozen=True, slots=True)
class Message:
    """A command or its reply; a reply's `code` is the command's plus one."""

    direction: Direction
    code: int
    data: bytes = b""

    def answers(self, command: Message) -> bool:
        return self.direction is Direction.RESPONSE and self.code == command.code + 1


Frame = Message | Signal


def encode(frame: Frame) -> bytes:
    """Make the bytes of a frame. Raises BadFrame for a body the chip can't hold."""
    if isinstance(frame, Signal):
        return frame.value
    body = bytes((frame.direction, frame.code)) + frame.data
    if len(body) > MAX_BODY:
        raise BadFrame(f"PN532 body of {len(body)} bytes; {MAX_BODY} are the most")
    checked_body = body + _balance(body)
    return PREAMBLE + START + _length_field(len(body)) + checked_body + POSTAMBLE


def finder() -> FrameFinder[Frame]:
    """Finds frames in what a line brings."""
    return FrameFinder(START, _take, MAX_FRAME)


def decode(data: bytes) -> Frame:
    """Read exactly one frame; zeros may surround it, wake-up bytes stand before it.

    Raises BadFrame that says what is wrong where.
    """
    place = data.find(START)
    if place < 0:
        raise BadFrame(f"PN532: no start code 00FF in {shown(data)}")
    if before := data[:place].lstrip(b"\x55").strip(b"\x00"):
        raise BadFrame(f"PN532: {shown(before)} is no preamble in {shown(data)}")
    taken = _take(data[place:])
    if taken is None:
        raise BadFrame(f"PN532: {shown(data)} ends within a frame")
    frame, size = taken
    if behind := data[place + size :].strip(b"\x00"):
        raise BadFrame(f"PN532: {shown(behind)} behind the frame in {shown(data)}")
    return frame


def _length_field(length: int) -> bytes:
    if length <= MAX_SHORT_BODY:
        field = bytes((length,))
        return field + _balance(field)
    field = length.to_bytes(2)
    return EXTENDED_MARK + field + _balance(field)


def _balance(data: bytes) -> bytes:
    """The byte that makes the sum 0 (mod 256)."""
    return bytes((-sum(data) & 0xFF,))


def _take(data: bytes) -> tuple[Frame, int] | None:
    """Read the frame at the START that `data` begins with, and how many bytes it took.

    The postamble is left as noise. None while bytes are missing; else BadFrame.
    """
    mark = data[2:4]
    if mark == ACK_MARK:
        return Signal.ACK, 4
    if mark == NACK_MARK:
        return Signal.NACK, 4
    field_at, body_at = (4, 7) if mark == EXTENDED_MARK else (2, 4)
    if len(data) < body_at:
        return None
    end = body_at + _body_length(data[field_at:body_at]) + 1
    if len(data) < end:
        return None
    body = data[body_at : end - 1]
    if sum(data[body_at:end]) & 0xFF:
        raise BadFrame(
            f"PN532 frame {shown(data[:end])}: data check sum is {data[end - 1]:02X}, "
            f"expected {shown(_balance(body))}"
        )
    return _frame_of(body), end


def _body_length(field: bytes) -> int:
    """Check a length field: one or two bytes of length and their check sum."""
    if sum(field) & 0xFF:
        raise BadFrame(
            f"PN532 frame length {shown(field[:-1])}: check sum is {field[-1]:02X}, "
            f"expected {shown(_balance(field[:-1]))}"
        )
    length = int.from_bytes(field[:-1])
    if not 1 <= length <= MAX_BODY:
        raise BadFrame(f"PN532 frame length {length}: not within 1 to {MAX_BODY}")
    return length


def _frame_of(body: bytes) -> Frame:
    if body == SYNTAX_ERROR:
        return Signal.ERROR
    if len(body) < 2:
        raise BadFrame(f"PN532 frame body {shown(body)} has no command")
    if body[0] not in set(Direction):
        raise BadFrame(f"PN532 frame body {shown(body)} begins with neither D4 nor D5")
    return Message(Direction(body[0]), body[1], body[2:])
