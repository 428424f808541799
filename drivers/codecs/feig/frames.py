"""Frames of the FEIG OBID ISO host protocol: standard and advanced.

    standard  LEN            ADR CMD body CRCl CRCh      LEN: 5 to 255
    advanced  02  LENh LENl  ADR CMD body CRCl CRCh

LEN counts every byte of the frame. The CRC is MCRF4XX over all before it, low byte
first. The body of a request is its data; the body of a reply is STATUS and data.
Nothing in a frame tells a request from a reply. (FEIG manual H20800-16e)
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.crc import MCRF4XX
from drivers.codecs.shown import shown

#: Address that every reader listens to; a reply carries the reader's own.
ANY_READER = 0xFF
#: First byte of an advanced frame; no standard frame is two bytes long.
ADVANCED_MARK = 0x02

_CRC_SIZE = 2
_MAX_STANDARD = 0xFF
_MAX_ADVANCED = 0xFFFF


class Framing(enum.StrEnum):
    """How a frame gives its length. A reader answers as it was asked, if it can."""

    STANDARD = "standard"
    ADVANCED = "advanced"

    @property
    def overhead(self) -> int:
        """Bytes of an empty frame: length, address, command, CRC."""
        return 5 if self is Framing.STANDARD else 7


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame in either direction; `status` and `data` are those of a reply."""

    adr: int
    cmd: int
    body: bytes = b""
    framing: Framing = Framing.STANDARD

    @property
    def status(self) -> int:
        """First byte of a reply's body. Raises BadFrame when there is none."""
        if not self.body:
            raise BadFrame(f"FEIG reply to command {self.cmd:02X} has no status byte")
        return self.body[0]

    @property
    def data(self) -> bytes:
        """What follows the status of a reply."""
        return self.body[1:]

    def encode(self) -> bytes:
        """Make the bytes to send. Raises BadFrame when the body is too long."""
        size = self.framing.overhead + len(self.body)
        limit = _MAX_STANDARD if self.framing is Framing.STANDARD else _MAX_ADVANCED
        if size > limit:
            raise BadFrame(
                f"FEIG command {self.cmd:02X}: {size} bytes do not fit in a "
                f"{self.framing} frame of at most {limit}"
            )
        if self.framing is Framing.STANDARD:
            head = bytes([size])
        else:
            head = bytes([ADVANCED_MARK]) + size.to_bytes(2, "big")
        content = head + bytes([self.adr, self.cmd]) + self.body
        return content + MCRF4XX(content).to_bytes(_CRC_SIZE, "little")


def decode(raw: bytes) -> Frame:
    """Read exactly one frame. Raises BadFrame saying what is wrong with it."""
    size = _announced_size(raw)
    if size is None:
        raise BadFrame(f"FEIG frame is cut off: {shown(raw)}")
    if size == 0:
        raise BadFrame(f"FEIG frame can't begin with {shown(raw[:3])}")
    if size != len(raw):
        raise BadFrame(f"FEIG frame of {len(raw)} bytes says {size}: {shown(raw)}")
    content, sent = raw[:-_CRC_SIZE], int.from_bytes(raw[-_CRC_SIZE:], "little")
    expected = MCRF4XX(content)
    if sent != expected:
        raise BadFrame(
            f"FEIG frame: CRC {sent:04X} should be {expected:04X}: {shown(raw)}"
        )
    advanced = raw[0] == ADVANCED_MARK
    framing = Framing.ADVANCED if advanced else Framing.STANDARD
    head = 3 if advanced else 1
    return Frame(content[head], content[head + 1], content[head + 2 :], framing)


class Decoder:
    """Frames out of a stream that may carry noise, cut and broken frames.

    Input that can't begin a frame, or begins one with a wrong CRC, is dropped byte
    by byte until a frame fits. Advanced frames longer than `max_frame` are noise.
    """

    def __init__(self, max_frame: int = 4096) -> None:
        self._max_frame = max_frame
        self._buffer = bytearray()

    @property
    def pending(self) -> bytes:
        """What has arrived and is not (yet) part of a frame."""
        return bytes(self._buffer)

    def receive_data(self, data: bytes) -> None:
        """Take in bytes; of a flood that nobody fetches, only the end is kept."""
        self._buffer += data
        del self._buffer[: -4 * self._max_frame]

    def next_frame(self, *, line_is_quiet: bool = False) -> Frame | None:
        """The next whole frame, or None until more bytes have come.

        A byte of noise may look like the length of a frame that is still on its way.
        `line_is_quiet` says that nothing has come for longer than the gap inside a
        frame, so that a whole frame behind such a byte is taken at once.
        """
        start = 0
        while start < len(self._buffer):
            size = _announced_size(bytes(self._buffer[start : start + 3]))
            if size is None or start + size > len(self._buffer):
                if not line_is_quiet and not self._is_absurd(size):
                    break
            elif size and (frame := self._frame_at(start, size)):
                del self._buffer[: start + size]
                return frame
            start += 1
        if not line_is_quiet:
            del self._buffer[:start]
        return None

    def reset(self) -> None:
        """Forget what has arrived."""
        self._buffer.clear()

    def _is_absurd(self, size: int | None) -> bool:
        return size is not None and size > self._max_frame

    def _frame_at(self, start: int, size: int) -> Frame | None:
        try:
            return decode(bytes(self._buffer[start : start + size]))
        except BadFrame:
            return None


def _announced_size(head: bytes) -> int | None:
    """Length that a frame's first bytes announce; None: too few, 0: no frame."""
    if not head:
        return None
    if head[0] != ADVANCED_MARK:
        return head[0] if head[0] >= Framing.STANDARD.overhead else 0
    if len(head) < 3:
        return None
    size = int.from_bytes(head[1:3], "big")
    return size if size >= Framing.ADVANCED.overhead else 0
