"""Reading a stick's file: every whole piece counts, every other one is named.

Lengths are believed only as far as a proven segment follows from them; else the next
beginning is searched for, so that no damage hides what comes after it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sync.stick.segments import (
    MAGIC,
    NOTHING_BEFORE,
    PREFIX_BYTES,
    SIGNATURE_BYTES,
    BadSegment,
    Header,
    Segment,
    body_lengths,
    parse,
)

_SCAN_BYTES = 1 << 20

#: Proves a segment and returns its content. Raises BadSegment.
Unseal = Callable[[Segment], bytes]


@dataclass(frozen=True, slots=True)
class Opened:
    """A proven segment. `end`: how many bytes of the file are read by now."""

    header: Header
    content: bytes
    end: int


@dataclass(frozen=True, slots=True)
class Damage:
    """A place of a file that does not count, and why."""

    where: str
    why: str

    def __str__(self) -> str:
        return f"{self.where}: {self.why}"


def read(path: Path, unseal: Unseal) -> Iterator[Opened | Damage]:
    """Read a file from its beginning to wherever it ends; raises nothing of its own."""
    try:
        with path.open("rb") as file:
            yield from _follow(file, unseal)
    except OSError as err:
        yield Damage("file", err.strerror or str(err))


def _follow(file: BinaryIO, unseal: Unseal) -> Iterator[Opened | Damage]:
    """Compare each segment with the one before it; say what is missing between."""
    number, before, last = 0, NOTHING_BEFORE, False
    for found in _pieces(file, unseal):
        if isinstance(found, Damage):
            yield found
            before = ""
            continue
        opened, digest = found
        header = opened.header
        if before and (header.number, header.before) != (number + 1, before):
            yield Damage(
                f"segment {header.number}", f"does not follow segment {number}"
            )
        number, before, last = header.number, digest, header.last
        yield opened
    if not last:
        yield Damage("end", f"the file goes no further than segment {number}")


def _pieces(file: BinaryIO, unseal: Unseal) -> Iterator[tuple[Opened, str] | Damage]:
    size = file.seek(0, os.SEEK_END)
    offset = 0
    while offset < size:
        try:
            segment, end = _segment_at(file, offset)
            content = unseal(segment)
        except BadSegment as err:
            yield Damage(f"byte {offset}", str(err))
            offset = _next_beginning(file, offset + 1, size)
            continue
        yield Opened(segment.header, content, end), segment.digest
        offset = end


def _segment_at(file: BinaryIO, offset: int) -> tuple[Segment, int]:
    file.seek(offset)
    prefix = file.read(PREFIX_BYTES)
    rest = sum(body_lengths(prefix)) + SIGNATURE_BYTES
    segment = parse(prefix + file.read(rest))
    return segment, offset + PREFIX_BYTES + rest


def _next_beginning(file: BinaryIO, offset: int, size: int) -> int:
    """Where the magic stands next, or the file's end."""
    overlap = len(MAGIC) - 1
    while offset < size:
        file.seek(offset)
        at = file.read(_SCAN_BYTES + overlap).find(MAGIC)
        if at >= 0:
            return offset + at
        offset += _SCAN_BYTES
    return size
