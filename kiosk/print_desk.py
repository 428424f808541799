"""Prints the slips of visits, on whichever printer has paper; one at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from drivers.api import PrintOutcome, Slip
from kiosk.domain.session import SlipPrinted
from kiosk.messages import Order, PrintOrder, SlipDone
from kiosk.view import Message

#: A printer answers within two seconds; one that takes longer hangs.
PATIENCE_S = 3.0

#: Puts a message into the words of a language.
Say = Callable[[str, Message], str]


class Orders(Protocol):
    """Takes orders for one device; DeviceRunner is one."""

    def order(self, order: Order) -> None: ...


@dataclass(frozen=True, slots=True)
class _Waiting:
    order: PrintOrder
    device: str
    until: float


class PrintDesk:
    """Knows which printers have paper, and what is being printed.

    A printer that is there has paper until it tells otherwise, as not all of them can
    tell. A slip that comes to nothing is shown on the screen instead; it is not kept.
    """

    def __init__(self, printers: Mapping[str, Orders], say: Say) -> None:
        self._printers = printers
        self._say = say
        self._with_paper: set[str] = set()
        self._failed: set[str] = set()
        self._tickets = itertools.count(1)
        self._waiting: _Waiting | None = None

    @property
    def ready(self) -> bool:
        """Whether a slip could be printed now."""
        return bool(self._with_paper)

    @property
    def deadline(self) -> float | None:
        """When the printer is given up (monotonic s)."""
        return self._waiting.until if self._waiting else None

    def came(self, device: str) -> None:
        """A device is there."""
        self.paper(device, out=False)

    def paper(self, device: str, *, out: bool) -> None:
        """A printer told of its roll."""
        if out:
            self._with_paper.discard(device)
        elif device in self._printers:
            self._with_paper.add(device)

    def lost(self, device: str) -> None:
        """A device is gone."""
        self._with_paper.discard(device)
        self._failed.discard(device)

    def print(
        self, locale: str, lines: Sequence[Message], now: float
    ) -> SlipPrinted | None:
        """Have a slip printed, heading first; returns at once if there is no printer."""
        if not self._with_paper or not lines:
            return SlipPrinted(printed=False)
        self._give_up()
        # One that failed last time is the last to be tried.
        device = min(self._with_paper, key=lambda name: (name in self._failed, name))
        heading, *rest = (self._say(locale, line) for line in lines)
        order = PrintOrder(next(self._tickets), Slip(heading, tuple(rest)))
        self._waiting = _Waiting(order, device, now + PATIENCE_S)
        self._printers[device].order(order)
        return None

    def done(self, answer: SlipDone) -> SlipPrinted | None:
        """Take a printer's answer; None for one that was given up before."""
        if self._waiting is None or self._waiting.order.ticket != answer.ticket:
            return None
        device, self._waiting = self._waiting.device, None
        printed = answer.outcome is PrintOutcome.PRINTED
        if answer.outcome is PrintOutcome.NO_PAPER:
            self._with_paper.discard(device)
        if printed:
            self._failed.discard(device)
        else:
            self._failed.add(device)
        return SlipPrinted(printed=printed)

    def overdue(self, now: float) -> SlipPrinted | None:
        """Give up a printer that does not answer."""
        if self._waiting is None or now < self._waiting.until:
            return None
        self._failed.add(self._waiting.device)
        self._give_up()
        return SlipPrinted(printed=False)

    def _give_up(self) -> None:
        if self._waiting is not None:
            self._waiting.order.withdrawn.set()
        self._waiting = None
