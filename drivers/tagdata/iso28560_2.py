"""ISO 28560-2 = GB/T 35660.2, WH/T 44: elements in a row, without a directory.

    precursor  bit 7 offset byte present, bits 6-4 compaction, bits 3-0 OID
    [OID - 15] only when the four OID bits are all 1
    [pad]      only with bit 7: number of 00 bytes behind the data
    length     of the data, EBV-8: seven bits a byte, bit 7 says that more follow
    data, pad

The row ends with a precursor of 00 or with the memory; what stands behind the 00 is
the business of whoever wrote it. The DSFID of such a tag is 06.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from drivers.tagdata.compaction import Scheme
from drivers.tagdata.elements import PII, Element, meaning
from drivers.tagdata.errors import BadTagData

DSFID = 0x06
_TERMINATOR = 0x00
_OFFSET_FLAG = 0x80
_LONG_OID = 15
#: Four EBV-8 bytes make 256 MB: a longer length is noise, not a length.
_LENGTH_BYTES_MAX = 4


@dataclass(frozen=True, slots=True)
class Placed:
    """An element and the bytes `start` to `end` (not included) that it takes."""

    element: Element
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What could be read of a tag, and the first thing that could not."""

    placed: tuple[Placed, ...]
    problem: BadTagData | None

    def first(self, oid: int) -> Element | None:
        """Return the first element with this OID."""
        for placed in self.placed:
            if placed.element.oid == oid:
                return placed.element
        return None

    @property
    def elements(self) -> tuple[Element, ...]:
        return tuple(placed.element for placed in self.placed)


def parse(memory: bytes) -> tuple[Element, ...]:
    """Read every element. Raises BadTagData at the first thing that is wrong."""
    return tuple(placed.element for placed in _walk(memory))


def salvage(memory: bytes) -> Reading:
    """Read all that makes sense; never raises.

    An element whose announced pad bytes were never written is read without them (some
    writers do that); one whose value can't be decoded is left out.
    """
    placed: list[Placed] = []
    problem: BadTagData | None = None
    at = 0
    while True:
        try:
            frame = _frame(memory, at)
        except BadTagData as err:
            problem = problem or err
            frame = _frame_without_pad(memory, at)
        if frame is None:
            return Reading(tuple(placed), problem)
        try:
            placed.append(frame.decoded())
        except BadTagData as err:
            problem = problem or err
        at = frame.end


def to_bytes(element: Element) -> bytes:
    """Return one element as it stands in memory."""
    flag = 0 if element.pad is None else _OFFSET_FLAG
    short_oid = min(element.oid, _LONG_OID)
    head = bytes([flag | element.compaction << 4 | short_oid])
    if short_oid == _LONG_OID:
        head += bytes([element.oid - _LONG_OID])
    if element.pad is not None:
        head += bytes([element.pad])
    return head + _length(len(element.data)) + element.data + bytes(element.pad or 0)


def padded(element: Element, fill: int) -> Element:
    """Lengthen an element without an offset byte by `fill` bytes, up to 256.

    The offset byte is the first of them: with a fill of one it stands there alone.
    """
    return replace(element, pad=fill - 1) if fill else element


@dataclass(frozen=True, slots=True)
class _Frame:
    """An element's bytes, not yet decoded."""

    oid: int
    compaction: Scheme
    pad: int | None
    data: bytes
    start: int
    end: int

    def decoded(self) -> Placed:
        try:
            text = meaning(self.oid, self.compaction, self.data)
        except BadTagData as err:
            raise BadTagData(err.what, offset=self.start, oid=self.oid) from err
        element = Element(self.oid, self.compaction, self.data, text, self.pad)
        return Placed(element, self.start, self.end)


def _walk(memory: bytes) -> Iterator[Placed]:
    at = 0
    while (frame := _frame(memory, at)) is not None:
        yield frame.decoded()
        at = frame.end


def _frame_without_pad(memory: bytes, at: int) -> _Frame | None:
    try:
        return _frame(memory, at, pad_written=False)
    except BadTagData:
        return None


def _frame(memory: bytes, start: int, *, pad_written: bool = True) -> _Frame | None:
    """Take one element apart; None at the end of the row.

    With `pad_written` false an offset byte is taken note of, but nothing skipped.
    """
    if start >= len(memory) or memory[start] == _TERMINATOR:
        return None
    row = _Row(memory, start)
    precursor = row.byte("precursor")
    row.oid = precursor & 0x0F
    if row.oid == _LONG_OID:
        row.oid += row.byte("long OID")
    if row.oid < PII:
        raise row.bad(f"precursor {precursor:02X} names no element")
    pad = row.byte("offset byte") if precursor & _OFFSET_FLAG else None
    data = row.take(row.length(), "data")
    if pad and not pad_written:
        pad = 0
    if any(row.take(pad or 0, "pad")):
        raise row.bad(f"{pad} pad bytes announced, but other bytes stand there")
    compaction = Scheme(precursor >> 4 & 0x07)
    return _Frame(row.oid, compaction, pad, data, start, row.at)


class _Row:
    """Takes bytes of one element off the memory and knows where it stands."""

    def __init__(self, memory: bytes, start: int) -> None:
        self._memory = memory
        self._start = start
        self.at = start
        self.oid = 0

    def byte(self, what: str) -> int:
        return self.take(1, what)[0]

    def take(self, count: int, what: str) -> bytes:
        taken = self._memory[self.at : self.at + count]
        if len(taken) < count:
            raise self.bad(
                f"{what} of {count} bytes, but the memory ends after {len(taken)}"
            )
        self.at += count
        return taken

    def length(self) -> int:
        value = 0
        for _ in range(_LENGTH_BYTES_MAX):
            byte = self.byte("length")
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise self.bad(f"the length takes more than {_LENGTH_BYTES_MAX} bytes")

    def bad(self, what: str) -> BadTagData:
        return BadTagData(what, offset=self._start, oid=self.oid or None)


def _length(count: int) -> bytes:
    """Write EBV-8, most significant seven bits first."""
    septets = [count & 0x7F]
    while count := count >> 7:
        septets.append(count & 0x7F | 0x80)
    return bytes(reversed(septets))
