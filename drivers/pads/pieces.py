"""Cutting what is read or written into what one command can move."""

from __future__ import annotations

from collections.abc import Iterator


def pieces(first: int, count: int, most: int) -> Iterator[tuple[int, int]]:
    """Where each piece of `count` blocks or words begins, and how many it has."""
    for at in range(first, first + count, most):
        yield at, min(most, first + count - at)


def data_pieces(
    first: int, data: bytes, size: int, most: int
) -> Iterator[tuple[int, bytes]]:
    """Where each piece of `data` begins, and its bytes; a block or word has `size`."""
    for at, count in pieces(0, len(data) // size, most):
        yield first + at, data[at * size : (at + count) * size]
