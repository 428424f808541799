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


class LineBlocked(DeviceLost):
    """The port takes no more bytes; what was sent may have arrived in part."""


class ProtocolError(DriverError, ValueError):
    """The device sent bytes that break its protocol; the text shows them in hex."""


class BadFrame(ProtocolError):
    """One frame is unusable: wrong check sum, length or marker."""


class NoAnswer(ProtocolError):
    """One command stayed without a usable answer; the next one may get one."""


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
    TYPED = "typed"
    IDENTITY = "identity"


@dataclass(frozen=True, slots=True)
class Tag:
    """One RFID tag as seen in a round of inventory.

    HF (ISO 15693): `uid` is upper-case hex, E0 first; `memory` is the user memory in
    the order of the tag's own addresses, from block 0, empty when not (yet) read.
    `afi`, `dsfid`: one byte, or None when the reader could not get it.

    UHF (ISO 18000-63): `epc_bank` is the EPC bank from the PC word on, never empty;
    `uid` is the EPC in hex with the security bit cleared, so that it stays the same
    when a loan changes that bit; `memory` is the user bank; `afi` is the security
    state in the terms of ISO 28560 (07 in stock, C2 on loan), wherever the tag keeps it.
    """

    uid: str
    afi: int | None = None
    dsfid: int | None = None
    memory: bytes = b""
    block_size: int = 4
    epc_bank: bytes = b""


@dataclass(frozen=True, slots=True)
class TagsOnPad:
    """Every tag that one round of inventory saw. Noisy: a round may miss a tag."""

    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class CardSeen:
    """A patron card was presented.

    `uid` is upper-case hex for a card in the field, and for TYPED what a keyboard wedge
    typed, unless the options of the reader say what to report for it; for IDENTITY a
    hash of the card's number, which never leaves the driver itself.
    """

    uid: str
    kind: CardKind = CardKind.ISO14443


@dataclass(frozen=True, slots=True)
class CardGone:
    """The card that was seen last left the field."""


@dataclass(frozen=True, slots=True)
class CodeScanned:
    """A barcode or QR code, without its terminator; printable text only."""

    text: str


class Sense(enum.StrEnum):
    """What a contact at the point tells."""

    BOX_FULL = "box_full"
    DOOR_OPEN = "door_open"
    PAPER_OUT = "paper_out"
    TAMPER = "tamper"


@dataclass(frozen=True, slots=True)
class SenseChanged:
    """A contact changed; told once for each contact after `open`, too."""

    sense: Sense
    active: bool


@dataclass(frozen=True, slots=True)
class PeoplePassed:
    """So many people passed the counter since the last such event."""

    count: int


DeviceEvent = (
    TagsOnPad | CardSeen | CardGone | CodeScanned | SenseChanged | PeoplePassed
)


class Driver(Protocol):
    """A device that is configured but not necessarily there.

    `poll_interval_s`: how long the caller waits (and may run commands) between
    two steps of `events`; 0 for a driver whose `events` itself waits for input.
    """

    @property
    def poll_interval_s(self) -> float: ...

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


@runtime_checkable
class EasWriter(Protocol):
    """A pad that can switch the EAS bit of NXP ICODE tags."""

    def write_eas(self, uid: str, *, armed: bool) -> None:
        """Returns when the tag has acknowledged. Raises as TagWriter does."""


@runtime_checkable
class Triggered(Protocol):
    """A scanner that looks for a code only when it is told to.

    The code comes as an event. Both raise NoAnswer, CommandRefused or DeviceLost.
    """

    def trigger(self) -> None:
        """Begin to look; the scanner ends by itself at a code or its own time-out."""

    def untrigger(self) -> None:
        """Look no longer."""


class Light(enum.StrEnum):
    """What the status light says: ready, working, please look here, out of order."""

    READY = "ready"
    BUSY = "busy"
    ATTENTION = "attention"
    FAULT = "fault"


class Beep(enum.StrEnum):
    """Short for done, twice for no."""

    DONE = "done"
    REFUSED = "refused"


@runtime_checkable
class Feedback(Protocol):
    """A status light and a buzzer; a device without one of them ignores the call."""

    def show(self, light: Light) -> None: ...

    def beep(self, beep: Beep) -> None:
        """Returns at once; the sound may go on."""


@runtime_checkable
class Lock(Protocol):
    """A cabinet or door that locks by itself after a moment."""

    def unlock(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Slip:
    """What to print: a heading, lines below it, and the content of a QR code, if any."""

    heading: str
    lines: tuple[str, ...]
    qr: str = ""


class PrintOutcome(enum.StrEnum):
    """PRINTED means that the printer took all of it and still has paper."""

    PRINTED = "printed"
    NO_PAPER = "no_paper"
    COVER_OPEN = "cover_open"
    BLOCKED = "blocked"


@runtime_checkable
class Printer(Protocol):
    """A receipt printer."""

    def print_slip(self, slip: Slip) -> PrintOutcome:
        """Print or say why not, within two seconds. Raises DeviceLost."""
