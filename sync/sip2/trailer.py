"""The end of a message: `AY` and a sequence number, `AZ` and a check sum."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

_SUM_DIGITS = 4
_TRAILER = re.compile(rb"(?:AY([0-9]))?AZ([0-9A-Fa-f]{4})\Z")
#: The longest one, AY0AZ0000; nothing before it is looked at.
_TRAILER_BYTES = 9


class ChecksumStatus(enum.StrEnum):
    VALID = "valid"
    ABSENT = "absent"
    MISMATCH = "mismatch"
    #: Four zeros instead of a sum.
    PLACEHOLDER = "placeholder-0000"
    #: A sum of UTF-16 code units up to the trailer.
    DP2 = "valid-under-dp2-rule"
    #: A sum of code points instead of bytes.
    CODE_POINTS = "valid-over-code-points"


DEVIATIONS = frozenset(
    {ChecksumStatus.PLACEHOLDER, ChecksumStatus.DP2, ChecksumStatus.CODE_POINTS}
)


@dataclass(frozen=True, slots=True)
class Trailer:
    """`summed` are the bytes that the sum is made of; `length` is the trailer's own."""

    sequence: str | None
    stated: str
    summed: bytes
    length: int


def checksum(summed: bytes) -> str:
    """Of all bytes through the letters AZ, as four digits."""
    return _complement(sum(summed))


def seal(body: bytes, sequence: str | None) -> bytes:
    """The body with its trailer."""
    summed = body + (f"AY{sequence}AZ" if sequence is not None else "AZ").encode()
    return summed + checksum(summed).encode()


def find_trailer(line: bytes, delimiter: bytes) -> Trailer | None:
    """The trailer if the line ends with one; text like AMAZING is none.

    Without a sequence number it stands alone or behind a delimiter.
    """
    found = _TRAILER.search(line, max(len(line) - _TRAILER_BYTES, 0))
    if found is None:
        return None
    sequence, stated = found.groups()
    alone = found.start() == len("97") or line[: found.start()].endswith(delimiter)
    if sequence is None and not alone:
        return None
    return Trailer(
        sequence.decode() if sequence is not None else None,
        stated.decode().upper(),
        line[:-_SUM_DIGITS],
        len(line) - found.start(),
    )


def judge(
    trailer: Trailer, body: str, through_az: str, delimiter: str
) -> ChecksumStatus:
    """What the sum is worth. The texts are those of the bytes."""
    if trailer.stated == checksum(trailer.summed):
        return ChecksumStatus.VALID
    if trailer.stated == "0" * _SUM_DIGITS:
        return ChecksumStatus.PLACEHOLDER
    # dp2 may put a delimiter of its own before the trailer, which it does not count.
    if trailer.stated in {_units(body), _units(body.removesuffix(delimiter))}:
        return ChecksumStatus.DP2
    if trailer.stated == _complement(sum(map(ord, through_az))):
        return ChecksumStatus.CODE_POINTS
    return ChecksumStatus.MISMATCH


def _units(text: str) -> str:
    raw = text.encode("utf-16-le", errors="surrogatepass")
    return _complement(sum(raw[0::2]) + (sum(raw[1::2]) << 8))


def _complement(total: int) -> str:
    return f"{-total & 0xFFFF:04X}"
