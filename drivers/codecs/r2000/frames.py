"""Frames of UHF readers with an Impinj R2000 and the "A0" protocol.

Layout: `A0 LEN ADR CMD data CHK`. LEN counts ADR to CHK; all bytes of a frame with
their CHK make 0 (mod 256). Known from public logs of Rodinbell, IND90x and Yanzeo
readers. A request and a reply look alike.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.frame_finder import FrameFinder, read_whole
from drivers.codecs.shown import shown

START = b"\xa0"
#: Every reader listens to it; a single reader on the line answers.
PUBLIC_ADDRESS = 0xFF
#: ADR, CMD and CHK.
MIN_LENGTH = 3
MAX_DATA = 0xFF - MIN_LENGTH
#: START, LEN and what LEN counts.
MAX_FRAME = 2 + 0xFF


@dataclass(frozen=True, slots=True)
class Frame:
    """A request to a reader, or a reply of it."""

    adr: int
    cmd: int
    data: bytes = b""

    def encode(self) -> bytes:
        """Raises BadFrame for data that no frame can hold."""
        if len(self.data) > MAX_DATA:
            raise BadFrame(
                f"R2000 data of {len(self.data)} bytes; {MAX_DATA} are the most"
            )
        head = START + bytes((len(self.data) + MIN_LENGTH, self.adr, self.cmd))
        return head + self.data + check_byte(head + self.data)


def finder() -> FrameFinder[Frame]:
    """Finds frames in what a line brings."""
    return FrameFinder(START, _take, MAX_FRAME)


def decode(raw: bytes) -> Frame:
    """Read exactly one frame. Raises BadFrame that says what is wrong where."""
    return read_whole(raw, _take, "R2000", START)


def _take(raw: bytes) -> tuple[Frame, int] | None:
    """Read the frame that `raw` begins with, and how many bytes it takes.

    None while bytes are missing. Raises BadFrame.
    """
    if len(raw) < 2:
        return None
    if raw[1] < MIN_LENGTH:
        raise BadFrame(f"R2000 frame {shown(raw)}: length {raw[1]:02X} is below 3")
    size = 2 + raw[1]
    if len(raw) < size:
        return None
    expected = check_byte(raw[: size - 1])
    if raw[size - 1 : size] != expected:
        raise BadFrame(
            f"R2000 frame {shown(raw[:size])}: check byte is {raw[size - 1]:02X}, "
            f"expected {shown(expected)}"
        )
    return Frame(raw[2], raw[3], raw[4 : size - 1]), size


def check_byte(raw: bytes) -> bytes:
    """What makes the sum of a frame 0 (mod 256)."""
    return bytes((-sum(raw) & 0xFF,))
