"""What a UHF reader must be able to do for `drivers.pads.uhf_pad`, whatever it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from drivers.api import CommandRefused
from drivers.codecs.gen2 import Bank


class BankEnds(CommandRefused):
    """The tag has no such words: its bank ends before them, or it has no such bank."""


@dataclass(frozen=True, slots=True)
class UhfSighting:
    """A tag that answered an inventory: PC word, EPC (whole words), RSSI in dBm if known.

    `pc` is None where the reader keeps it to itself; the pad reads it then.
    """

    epc: bytes
    pc: int | None = None
    rssi_dbm: int | None = None


class UhfReader(Protocol):
    """An open reader. Addresses and counts are in words of two bytes.

    Each call raises CommandRefused with the reader's own status, NoAnswer, BadFrame
    for an answer that makes no sense, or DeviceLost. A command to a tag reaches the
    one whose whole EPC is `epc`, as far as the reader can tell it from one whose EPC
    is longer and begins with the same words.
    """

    name: str

    def inventory(self) -> list[UhfSighting]:
        """Every tag in the field, once."""

    def read_bank(self, epc: bytes, bank: Bank, word: int, count: int) -> bytes:
        """`count` words. Raises BankEnds when the tag says that it has not so many."""

    def write_bank(self, epc: bytes, bank: Bank, word: int, data: bytes) -> None:
        """Write whole words. A lost answer is no failure: the caller reads back."""

    def close(self) -> None:
        """Twice is fine."""
