"""What reaches the dispatcher: one inbox, one union, one consumer."""

from __future__ import annotations

import queue
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field

from drivers.api import Beep, DeviceEvent, Light, PrintOutcome, Slip
from kiosk.domain.rules import SecurityRule
from kiosk.service.ports import Storage
from kiosk.view import Action, TouchAnswer


@dataclass(frozen=True, slots=True)
class DeviceSaid:
    """A device reported something."""

    device: str
    event: DeviceEvent


@dataclass(frozen=True, slots=True)
class DeviceUp:
    device: str


@dataclass(frozen=True, slots=True)
class DeviceDown:
    device: str


@dataclass(frozen=True, slots=True)
class WriteOrder:
    """For a pad: secure these tags, given as AFI values by UID, the way the rule says."""

    ticket: int
    afis: Mapping[str, int]
    rule: SecurityRule


@dataclass(frozen=True, slots=True)
class PrintOrder:
    """For a printer; nobody waits any more for what is `withdrawn`."""

    ticket: int
    slip: Slip
    withdrawn: threading.Event = field(
        default_factory=threading.Event, compare=False, repr=False
    )


@dataclass(frozen=True, slots=True)
class SignalOrder:
    """For a status light and buzzer; None leaves one as it is."""

    light: Light | None = None
    beep: Beep | None = None


@dataclass(frozen=True, slots=True)
class UnlockOrder:
    """For a cabinet or door. `until` (monotonic s): later nobody stands before it."""

    until: float


Order = WriteOrder | PrintOrder | SignalOrder | UnlockOrder


@dataclass(frozen=True, slots=True)
class TagsWritten:
    """The AFI read back from each tag of one order, or None where writing failed."""

    ticket: int
    seen: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class SlipDone:
    """What became of the slip of one order."""

    ticket: int
    outcome: PrintOutcome


@dataclass(frozen=True, slots=True)
class TouchCame:
    """A touch; whoever sent it waits on `answer`."""

    action: Action
    step: str
    value: str
    answer: Future[TouchAnswer]


@dataclass(frozen=True, slots=True)
class MirrorChanged:
    """The agent wrote verdicts, news, or the state of the link."""


@dataclass(frozen=True, slots=True)
class StorageFound:
    """The daemon looked at the disk."""

    state: Storage


@dataclass(frozen=True, slots=True)
class Stop:
    """Leave the loop."""


InboxMessage = (
    DeviceSaid
    | DeviceUp
    | DeviceDown
    | TagsWritten
    | SlipDone
    | TouchCame
    | MirrorChanged
    | StorageFound
    | Stop
)
Inbox = queue.Queue[InboxMessage]
