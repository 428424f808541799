"""Frames of 3M / Bibliotheca pads, models 210 and 810 (3M RFID Reader Protocol 1.0.0).

Layout: `D6 LENh LENl body CRCh CRCl`. LEN counts what follows it, the CRC (GENIBUS)
covers LEN and body but not the start byte. Start byte D5 marks the layer below, which
tells the hardware's version whether or not the reader's own program runs.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.crc import GENIBUS
from drivers.codecs.frame_finder import FrameFinder, read_whole
from drivers.codecs.shown import shown

#: The longest reply: an inventory of 255 tags, each with DSFID and UID.
MAX_BODY = 5 + 255 * 9
_HEAD, _CRC = 3, 2
MAX_FRAME = _HEAD + MAX_BODY + _CRC


class Layer(enum.IntEnum):
    """The start byte: who is spoken to."""

    BOOT = 0xD5
    READER = 0xD6


@dataclass(frozen=True, slots=True)
class Frame:
    """A request or a reply; its body begins with the code of the command."""

    body: bytes
    layer: Layer = Layer.READER

    def encode(self) -> bytes:
        """Make the bytes of it. Raises BadFrame for a body without or of too much."""
        if not 1 <= len(self.body) <= MAX_BODY:
            raise BadFrame(f"3M body of {len(self.body)} bytes; 1 to {MAX_BODY} fit")
        covered = (len(self.body) + _CRC).to_bytes(2) + self.body
        return bytes([self.layer]) + covered + GENIBUS(covered).to_bytes(_CRC)


def finder() -> FrameFinder[Frame]:
    """Finds frames of both layers in what a line brings."""
    return FrameFinder(b"", _take, MAX_FRAME)


def decode(raw: bytes) -> Frame:
    """Read exactly one frame. Raises BadFrame that says what is wrong where."""
    return read_whole(raw, _take, "3M")


def _take(data: bytes) -> tuple[Frame, int] | None:
    """Read the frame that `data` begins with; None while bytes are missing."""
    if data and data[0] not in list(Layer):
        raise BadFrame(f"3M: {data[0]:02X} begins no frame (D5 and D6 do)")
    if len(data) < _HEAD:
        return None
    length = int.from_bytes(data[1:_HEAD])
    if not 1 + _CRC <= length <= MAX_BODY + _CRC:
        raise BadFrame(f"3M frame {shown(data)}: length {length} is not possible")
    end = _HEAD + length
    if len(data) < end:
        return None
    expected = GENIBUS(data[1 : end - _CRC])
    if (found := int.from_bytes(data[end - _CRC : end])) != expected:
        raise BadFrame(
            f"3M frame {shown(data[:end])}: CRC is {found:04X}, expected {expected:04X}"
        )
    return Frame(data[_HEAD : end - _CRC], Layer(data[0])), end
