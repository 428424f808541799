"""What an HF reader must be able to do for `drivers.pads.hf_pad`, whatever it speaks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Sighting:
    """A tag that answered an inventory. `dsfid` is None where the reader keeps it."""

    uid: str
    dsfid: int | None = None


@dataclass(frozen=True, slots=True)
class TagInfo:
    """What a tag says of itself; None where it does not say. Sizes in bytes, blocks."""

    uid: str
    afi: int | None
    dsfid: int | None
    block_size: int | None
    block_count: int | None


class HfReader(Protocol):
    """An open reader. UIDs are upper-case hex, E0 first.

    Each call raises CommandRefused with the reader's own status, NoAnswer, BadFrame
    for an answer that makes no sense, or DeviceLost.
    """

    name: str

    def inventory(self) -> list[Sighting]:
        """Every tag in the field, once, also those that were reported before."""

    def tag_info(self, uid: str) -> TagInfo | None:
        """None for a tag that does not know the command."""

    def read(self, uid: str, first: int, count: int, block_size: int) -> bytes:
        """Blocks as the wire orders their bytes, in as many commands as it takes."""

    def write(self, uid: str, first: int, as_sent: bytes, block_size: int) -> None:
        """Write whole blocks. A lost answer is no failure: the caller reads back."""

    def write_afi(self, uid: str, afi: int) -> None:
        """Write the AFI; a lost answer is no failure, as with `write`."""

    def write_eas(self, uid: str, *, armed: bool) -> None:
        """Set or reset the EAS bit; a lost answer raises NoAnswer."""

    def close(self) -> None:
        """Twice is fine."""
