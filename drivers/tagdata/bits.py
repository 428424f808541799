"""Bytes as a row of bits, most significant first, and back."""

from __future__ import annotations


def bits_of(data: bytes) -> str:
    """Return eight characters 0 or 1 for every byte."""
    return "".join(f"{byte:08b}" for byte in data)


def bytes_of(bits: str) -> bytes:
    """Reverse `bits_of`; the number of bits must be a multiple of eight."""
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
