"""Prints the slips of visits, on whichever printer has paper; one at a time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
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


class PrintDesk:
    """Knows which printers have paper, and what is being printed.

    A slip that comes to nothing is shown on the screen instead; it is not kept.
    """

    def __init__(self, printers: Mapping[str, Orders], say: Say) -> None:
        self._printers = printers
        self._say = say
        self._with_paper: set[str] = set()
        self._tickets = itertools.count(1)
        self._waiting: tuple[int, str, float] | None = None

    @property
    def ready(self) -> bool:
        """Whether a slip could be printed now."""
        return bool(self._with_paper)

    @property
    def deadline(self) -> float | None:
        """When the printer is given up (monotonic s)."""
        return self._waiting[2] if self._waiting else None

    def paper(self, device: str, *, out: bool) -> None:
        """A printer told of its roll."""
        if out:
            self._with_paper.discard(device)
        elif device in self._printers:
            self._with_paper.add(device)

    def lost(self, device: str) -> None:
        """A printer is gone; it tells of its paper when it is back."""
        self._with_paper.discard(device)

    def print(
        self, locale: str, lines: Sequence[Message], now: float
    ) -> SlipPrinted | None:
        """Have a slip printed, heading first; returns at once if there is no printer."""
        if not self._with_paper or not lines:
            return SlipPrinted(printed=False)
        device, ticket = min(self._with_paper), next(self._tickets)
        heading, *rest = (self._say(locale, line) for line in lines)
        self._waiting = (ticket, device, now + PATIENCE_S)
        self._printers[device].order(PrintOrder(ticket, Slip(heading, tuple(rest))))
        return None

    def done(self, answer: SlipDone) -> SlipPrinted | None:
        """Take a printer's answer; None for one that was given up before."""
        if self._waiting is None or self._waiting[0] != answer.ticket:
            return None
        device, self._waiting = self._waiting[1], None
        if answer.outcome is PrintOutcome.NO_PAPER:
            self._with_paper.discard(device)
        return SlipPrinted(printed=answer.outcome is PrintOutcome.PRINTED)

    def overdue(self, now: float) -> SlipPrinted | None:
        """Give up a printer that does not answer."""
        if self._waiting is None or now < self._waiting[2]:
            return None
        self._waiting = None
        return SlipPrinted(printed=False)
