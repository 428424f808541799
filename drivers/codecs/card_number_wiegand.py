"""Wiegand frames of 26 and 34 bits: a parity bit, the last bytes of a UID, a parity bit.

The first parity bit makes the first half of the frame even, the last one makes the
second half odd.
"""

from __future__ import annotations


def read_wiegand(raw: int, bits: int) -> bytes:
    """Bytes between the parity bits of a frame. Raises ValueError for wrong parity."""
    half = bits // 2
    if raw >> bits:
        raise ValueError(f"{raw:X} has over {bits} bits")
    if (raw >> half).bit_count() % 2 or not (raw & (1 << half) - 1).bit_count() % 2:
        raise ValueError(f"{raw:X} fails the parity of {bits} bits")
    inner = bits - 2
    return (raw >> 1 & (1 << inner) - 1).to_bytes(inner // 8, "big")


def write_wiegand(number: bytes) -> int:
    """The frame around these bytes."""
    inner = len(number) * 8
    value = int.from_bytes(number, "big")
    first, second = value >> inner // 2, value & (1 << inner // 2) - 1
    even, odd = first.bit_count() % 2, 1 - second.bit_count() % 2
    return even << inner + 1 | value << 1 | odd
