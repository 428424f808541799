"""A line as it arrives: in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Found = TypeVar("Found")


def in_pieces(line: bytes, sizes: Sequence[int]) -> Iterator[bytes]:
    """Cut into pieces of these sizes, over and over."""
    while line:
        for size in sizes:
            yield line[:size]
            line = line[size:]


def fed(
    feed: Callable[[bytes], list[Found]], line: bytes, sizes: Sequence[int]
) -> list[Found]:
    """All that a decoder finds in a line that arrives in such pieces."""
    return [found for piece in in_pieces(line, sizes) for found in feed(piece)]
