"""What a device driver is: events out, a few commands in, two ways to fail.

A driver is blocking and single-threaded: one thread calls `open`, then takes
`events` and calls commands *between* two events, then `close`. It starts no
thread, retries nothing and logs nothing: `kiosk.runner` does that for all.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


class DriverError(Exception):
    """Base of everything a driver raises on purpose."""


class DeviceLost(DriverError, ConnectionError):
    """Transient: the device does not answer or its port is gone; open it again."""


class ProtocolError(DriverError, ValueError):
    """The device sent bytes that break its protocol; the text shows them in hex."""


class BadFrame(ProtocolError):
    """One frame is unusable: wrong check sum, length or marker."""


class CommandRefused(DriverError, RuntimeError):
    """The device understood a command and answered that it failed.

    `status` is the device's own code, so that a caller can tell "the tag is no
    longer here" from "this block is locked".
    """

    def __init__(self, text: str, *, status: int) -> None:
        super().__init__(text)
        self.status = status


class BadOptions(DriverError, ValueError):
    """Permanent: the configuration of a device names an unknown driver or option."""


class CardKind(enum.Enum):
    """How a card was read; the patron is never asked which card it is."""

    ISO14443 = "iso14443"
    ISO15693 = "iso15693"


@dataclass(frozen=True, slots=True)
class Tag:
    """One RFID tag as seen in a round of inventory.

    `uid`: upper-case hex, E0 first for ISO 15693. `memory`: user memory in the
    order of the tag's own addresses, from block 0; empty when not (yet) read.
    `afi`, `dsfid`: one byte, or None when the reader could not get it.
    """

    uid: str
    afi: int | None = None
    dsfid: int | None = None
    memory: bytes = b""
    block_size: int = 4


@dataclass(frozen=True, slots=True)
class TagsOnPad:
    """Every tag that one round of inventory saw. Noisy: a round may miss a tag."""

    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A patron card entered the reader's field. `uid` is upper-case hex."""

    uid: str
    kind: CardKind = CardKind.ISO14443


@dataclass(frozen=True, slots=True)
class CardGone:
    """The card that was seen last left the field."""


@dataclass(frozen=True, slots=True)
class CodeScanned:
    """A barcode or QR code, without its terminator; printable text only."""

    text: str


DeviceEvent = TagsOnPad | CardSeen | CardGone | CodeScanned


class Driver(Protocol):
    """A device that is configured but not necessarily there.

    `poll_interval_s`: how long the caller waits (and may run commands) between
    two steps of `events`; 0 for a driver whose `events` itself waits for input.
    """

    poll_interval_s: float

    def open(self) -> None:
        """Make the device ready. Raises DeviceLost when it is not there."""

    def events(self) -> Iterator[DeviceEvent | None]:
        """Yield what happens; None means "alive, nothing new", at least once a second.

        Raises DeviceLost when the device is gone. Frames that do not make sense
        are dropped and the next one is read, as noise on a cable is no fault of
        the reader; only a device that keeps sending nonsense is lost.
        """

    def close(self) -> None:
        """Let go of the port. Twice is fine."""


@runtime_checkable
class TagReader(Protocol):
    """A pad that can read a tag's memory on demand."""

    def read_blocks(self, uid: str, first: int, count: int) -> bytes: ...


@runtime_checkable
class TagWriter(Protocol):
    """A pad that can change a tag.

    Each raises CommandRefused (tag gone, block locked …) or DeviceLost.
    """

    def read_afi(self, uid: str) -> int: ...

    def write_afi(self, uid: str, afi: int) -> int:
        """Write the AFI and read it back; returns the value read."""

    def write_blocks(self, uid: str, first: int, data: bytes) -> None:
        """Write whole blocks from block `first` and read them back."""
