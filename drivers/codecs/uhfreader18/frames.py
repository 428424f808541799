"""Frames of UHF readers of the UHFReader18 family (Chafon, RRU9xxx, IQRFID, FRD).

Layout: `LEN ADR CMD data CRC`, in a reply `LEN ADR CMD STATUS data CRC`. LEN counts
all that follows it; the CRC over LEN to data comes low byte first.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame
from drivers.codecs.crc import MCRF4XX
from drivers.codecs.frame_finder import FrameFinder, read_whole
from drivers.codecs.shown import shown

#: Every reader carries it out; none answers a request that sets nothing.
BROADCAST = 0xFF
_CRC_SIZE = 2
#: ADR, CMD and CRC.
MIN_LENGTH = 2 + _CRC_SIZE
MAX_BODY = 0xFF - MIN_LENGTH
MAX_FRAME = 1 + 0xFF


@dataclass(frozen=True, slots=True)
class Frame:
    """A request to a reader, or a reply of it; `body` of a reply begins with a status."""

    adr: int
    cmd: int
    body: bytes = b""

    @property
    def status(self) -> int | None:
        """The status of a reply; None for a frame that can be a request only."""
        return self.body[0] if self.body else None

    @property
    def content(self) -> bytes:
        """What stands behind the status of a reply."""
        return self.body[1:]

    def encode(self) -> bytes:
        """Raises BadFrame for a body that no frame can hold."""
        if len(self.body) > MAX_BODY:
            raise BadFrame(
                f"UHFReader18 data of {len(self.body)} bytes; {MAX_BODY} are the most"
            )
        checked = bytes((len(self.body) + MIN_LENGTH, self.adr, self.cmd)) + self.body
        return checked + crc(checked)


def finder() -> FrameFinder[Frame]:
    """Finds frames in what a line brings; any byte may begin one."""
    return FrameFinder(b"", _take, MAX_FRAME)


def decode(raw: bytes) -> Frame:
    """Read exactly one frame. Raises BadFrame that says what is wrong where."""
    return read_whole(raw, _take, "UHFReader18")


def _take(raw: bytes) -> tuple[Frame, int] | None:
    """Read the frame that `raw` begins with, and how many bytes it takes.

    None while bytes are missing. Raises BadFrame.
    """
    if not raw:
        return None
    if raw[0] < MIN_LENGTH:
        raise BadFrame(
            f"UHFReader18 frame {shown(raw)}: length {raw[0]:02X} is below 4"
        )
    size = 1 + raw[0]
    if len(raw) < size:
        return None
    checked, found = raw[: size - _CRC_SIZE], raw[size - _CRC_SIZE : size]
    if found != crc(checked):
        raise BadFrame(
            f"UHFReader18 frame {shown(raw[:size])}: CRC is {shown(found)}, "
            f"expected {shown(crc(checked))}"
        )
    return Frame(raw[1], raw[2], checked[3:]), size


def crc(raw: bytes) -> bytes:
    """The CRC as it stands in a frame."""
    return MCRF4XX(raw).to_bytes(_CRC_SIZE, "little")
