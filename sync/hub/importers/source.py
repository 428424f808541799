"""A file to import as bytes that need not fit into memory."""

from __future__ import annotations

import mmap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TypeAlias, TypeVar

Content: TypeAlias = bytes | mmap.mmap
T = TypeVar("T")

#: Bytes looked at in one go.
BLOCK = 1 << 20


@contextmanager
def mapped(path: Path) -> Iterator[Content]:
    """The bytes of a file; `release` lets go of those that were read. Raises OSError."""
    with path.open("rb") as file:
        if not path.stat().st_size:  # an empty file can't be mapped
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            yield content


def blocks(content: Content) -> Iterator[bytes]:
    """The bytes, a block after the other."""
    for start in range(0, len(content), BLOCK):
        yield content[start : start + BLOCK]
        release(content)


def release(content: Content) -> None:
    """Give back the memory that was read into; what is looked at again is read again."""
    if isinstance(content, mmap.mmap):
        content.madvise(mmap.MADV_DONTNEED)


def count(content: Content, mark: bytes) -> int:
    """How often one byte occurs: about as many rows or records there are."""
    return sum(block.count(mark) for block in blocks(content))


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """So many at a time; the last ones are fewer."""
    rest = iter(values)
    while chunk := list(islice(rest, size)):
        yield chunk
