"""What reaches the dispatcher: one inbox, one union, one consumer."""

from __future__ import annotations

import queue
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from drivers.api import DeviceEvent
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
    """For a pad: write these AFI values by UID, each read back."""

    ticket: int
    afis: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TagsWritten:
    """The AFI read back from each tag of one order, or None where writing failed."""

    ticket: int
    seen: Mapping[str, int | None]


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
class Stop:
    """Leave the loop."""


InboxMessage = (
    DeviceSaid | DeviceUp | DeviceDown | TagsWritten | TouchCame | MirrorChanged | Stop
)
Inbox = queue.Queue[InboxMessage]
