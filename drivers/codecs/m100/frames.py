"""Frames of M100, QM100, YRM100 and R200 UHF readers: bytes to frames and back.

    BB  type  command  length (2)  parameters  check sum  7E

The check sum is the low byte of the sum of type to parameters. BB and 7E may stand in
the parameters, so a frame ends where its length says (communication protocol V2.1).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.frame_finder import FrameFinder, read_whole
from drivers.codecs.shown import shown

START, END = b"\xbb", b"\x7e"
#: Parameters of the longest reply, a whole bank of 256 words, are not even this long.
MAX_PARAMS = 600
_HEAD, _TAIL = 5, 2
LONGEST_FRAME = _HEAD + MAX_PARAMS + _TAIL


class FrameType(enum.IntEnum):
    """A notice is a response that comes as often as there is something to tell."""

    REQUEST = 0
    RESPONSE = 1
    NOTICE = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame; `cmd` FF with type RESPONSE reports an error."""

    type: FrameType
    cmd: int
    params: bytes = b""

    def encode(self) -> bytes:
        """Raises ValueError for more parameters than any frame has."""
        if len(self.params) > MAX_PARAMS:
            raise ValueError(f"{len(self.params)} bytes of parameters")
        size = len(self.params).to_bytes(2)
        summed = bytes((self.type, self.cmd)) + size + self.params
        return START + summed + _check_sum(summed) + END


def finder() -> FrameFinder[Frame]:
    """Finds frames in what a line brings."""
    return FrameFinder(START, _take, LONGEST_FRAME)


def decode(raw: bytes) -> Frame:
    """Read exactly one frame. Raises BadFrame that says what is wrong where."""
    return read_whole(raw, _take, "M100", START)


def _take(data: bytes) -> tuple[Frame, int] | None:
    """See `frame_finder.Take`."""
    if len(data) > 1 and data[1] not in set(FrameType):
        raise BadFrame(f"M100 frame {shown(data)}: no type {data[1]:02X}")
    if len(data) < _HEAD:
        return None
    length = int.from_bytes(data[3:_HEAD])
    if length > MAX_PARAMS:
        raise BadFrame(f"M100 frame {shown(data)}: absurd length {length}")
    size = _HEAD + length + _TAIL
    if len(data) < size:
        return None
    summed, check = data[1 : size - _TAIL], data[size - _TAIL : size - 1]
    if data[size - 1 : size] != END:
        raise BadFrame(f"M100 frame {shown(data[:size])}: does not end with 7E")
    if check != _check_sum(summed):
        raise BadFrame(
            f"M100 frame {shown(data[:size])}: check sum is {shown(check)}, "
            f"expected {shown(_check_sum(summed))}"
        )
    return Frame(FrameType(data[1]), data[2], data[_HEAD : size - _TAIL]), size


def _check_sum(summed: bytes) -> bytes:
    return bytes((sum(summed) & 0xFF,))
