"""What a UHF reader must be able to do for `drivers.pads.uhf_pad`, whatever it speaks."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol


class Bank(enum.IntEnum):
    """Memory banks of an ISO 18000-63 (EPC Gen2) tag."""

    RESERVED = 0
    EPC = 1
    TID = 2
    USER = 3


@dataclass(frozen=True, slots=True)
class UhfSighting:
    """A tag that answered an inventory: PC word, EPC (whole words), RSSI in dBm if known.

    `pc` is None where the reader keeps it to itself; read bank EPC word 1 then.
    """

    epc: bytes
    pc: int | None = None
    rssi_dbm: int | None = None


class UhfReader(Protocol):
    """An open reader. Addresses and counts are in words of two bytes.

    Each call raises CommandRefused with the reader's own status, NoAnswer, BadFrame
    for an answer that makes no sense, or DeviceLost. A command to a tag reaches the
    one whose whole EPC is `epc`, and no other.
    """

    name: str

    def inventory(self) -> list[UhfSighting]:
        """Every tag in the field, once."""

    def read_bank(self, epc: bytes, bank: Bank, word: int, count: int) -> bytes: ...

    def write_bank(self, epc: bytes, bank: Bank, word: int, data: bytes) -> None:
        """Write whole words. A lost answer is no failure: the caller reads back."""

    def close(self) -> None:
        """Twice is fine."""
