"""The visit at the screen: its state, the effects of every step, and what is shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import assert_never

import structlog

from kiosk.around import OFFLINE_BANNERS
from kiosk.display import Display
from kiosk.domain.ending import idle_left, wakes_at
from kiosk.domain.session import (
    AccountRead,
    Effect,
    FencePad,
    Input,
    Lend,
    LoansRenewed,
    LoansSettled,
    Manners,
    PrintSlip,
    ReadAccount,
    Recount,
    Renew,
    ReturnsRecorded,
    Session,
    SessionOver,
    TakeBack,
    Ticked,
    Unlock,
    Visitor,
)
from kiosk.domain.step import step
from kiosk.domain.values import county_time
from kiosk.presenter import Surroundings
from kiosk.rooms import Rooms
from kiosk.scribe import Job
from kiosk.service.ports import LedgerError
from kiosk.slip import slip_lines
from kiosk.view import Message, Screen
from sync.protocol import Clock

log = structlog.get_logger(__name__)


class Visit:
    """Owned by the dispatcher's thread; `display` may be read by any.

    `now` is monotonic seconds throughout.
    """

    def __init__(self, rooms: Rooms, manners: Manners) -> None:
        self._rooms = rooms
        self._manners = manners
        self._session = Session(locale=manners.locale)
        self._down: frozenset[str] = frozenset()
        self.display = Display(self._session, self._around())

    def wakes_at(self, now: float) -> float | None:
        """When the visit has to be told that time has passed."""
        return wakes_at(self._session, now, self._manners)

    def device_up(self, device: str) -> None:
        self._down -= {device}
        self._rooms.signals.came(device)
        self._rooms.printing.came(device)

    def device_down(self, device: str, now: float) -> None:
        self._down |= {device}
        self._rooms.printing.lost(device)
        self.advance(self._rooms.pads.lost(device), now)

    def advance(self, event: Input | None, now: float) -> None:
        """Go one step on and do what it calls for; None: nothing happened."""
        if event is None:
            return
        self._session, effects = step(self._session, event, now, self._manners)
        for effect in effects:
            self._perform(effect, now)

    def show(self, now: float) -> None:
        """Publish what has changed."""
        idle_s = idle_left(self._session, now, self._manners)
        self.display.show(self._session, self._around(), idle_s)
        self._rooms.signals.follow(self.display.latest)

    def news(self, now: float) -> None:
        """The mirror changed: books may have words now, and loans a verdict."""
        self._rooms.epochs.look()
        self.advance(self._rooms.pads.reread(), now)
        self._loans_settled(self._rooms.loans.verdicts(now), now)
        self._loans_renewed(self._rooms.renewals.verdicts(now), now)

    def tags_written(self, job: Job | None, now: float) -> None:
        """A job for the pads came to its end; None: one is still under way."""
        if job is not None:
            self._returns_recorded(self._rooms.returns.armed(job, now), now)
            self.advance(self._rooms.healer.written(job, now), now)

    def time_passed(self, now: float) -> None:
        """Do what is due, whether or not a message came first."""
        rooms = self._rooms
        if rooms.loans.deadline is not None and now >= rooms.loans.deadline:
            self._loans_settled(rooms.loans.verdicts(now), now)
        if rooms.renewals.deadline is not None and now >= rooms.renewals.deadline:
            self._loans_renewed(rooms.renewals.verdicts(now), now)
        for job in rooms.scribe.overdue(now):
            log.error("pad did not answer", tags=len(job.seen))
            self.tags_written(job, now)
        self.advance(rooms.printing.overdue(now), now)
        rooms.contacts.time_passed(now)
        self.advance(Ticked(), now)
        self._look_for_lifted(now)
        self.advance(rooms.healer.heal(now), now)
        rooms.upkeep.time_passed(now, idle=self._session.screen is Screen.HOME)

    def new_id(self) -> str:
        return self._rooms.daybook.new_id(self._rooms.daybook.now())

    def _loans_settled(self, settled: LoansSettled | None, now: float) -> None:
        if settled is None:
            return
        visitor, at = self._visitor_now(), self._county_time()
        self.advance(replace(settled, visitor=visitor, at=at), now)
        self._rooms.healer.look_again()
        self._rooms.ring()

    def _loans_renewed(self, renewed: LoansRenewed | None, now: float) -> None:
        if renewed is not None:
            self.advance(renewed, now)
            self._rooms.ring()

    def _returns_recorded(self, recorded: ReturnsRecorded | None, now: float) -> None:
        if recorded is None:
            return
        self.advance(replace(recorded, at=self._county_time()), now)
        self._rooms.healer.look_again()
        self._rooms.ring()

    def _look_for_lifted(self, now: float) -> None:
        """A book lifted before its tag's turn came must be asked back, not waited for."""
        if self._session.screen is not Screen.DONE or not self._session.busy:
            return
        self.advance(self._rooms.healer.absent(self._session.lines), now)

    def _perform(self, effect: Effect, now: float) -> None:
        match effect:
            case Lend():
                self.show(now)
                self._loans_settled(self._rooms.loans.lend(effect, now), now)
                self._rooms.ring()
            case ReadAccount():
                self._read_account(effect, now)
            case Renew():
                self.show(now)
                self._loans_renewed(self._rooms.renewals.renew(effect, now), now)
                self._rooms.ring()
            case TakeBack():
                self._returns_recorded(self._rooms.returns.take_back(effect, now), now)
            case Recount():
                self.advance(self._rooms.pads.recount(), now)
            case SessionOver():
                self._session_over(effect)
            case FencePad():
                self.advance(self._rooms.pads.fence(), now)
            case PrintSlip():
                self._print(now)
            case Unlock():
                self._rooms.signals.unlock()
            case _:
                assert_never(effect)

    def _read_account(self, effect: ReadAccount, now: float) -> None:
        rooms = self._rooms
        account = rooms.accounts.read(effect.patron, rooms.daybook.now())
        self.advance(AccountRead(account), now)

    def _print(self, now: float) -> None:
        session, around = self._session, self._around()
        lines = slip_lines(session, around.site, offline=around.offline)
        self.advance(self._rooms.printing.print(session.locale, lines, now), now)

    def _session_over(self, over: SessionOver) -> None:
        """Note that a session is over; a full disk is no reason to keep the reader."""
        session_id = over.session_id or self.new_id()
        try:
            self._rooms.daybook.end_session(session_id, over.loans, over.returns)
        except LedgerError as err:
            log.error("session end not recorded", reason=str(err))
        self._rooms.ring()

    def _visitor_now(self) -> Visitor | None:
        """The patron of this session with the figures after what was just done."""
        visitor = self._session.visitor
        if visitor is None:
            return None
        return self._rooms.identification.visitor(
            visitor.patron.patron_ref, self._rooms.daybook.now()
        )

    def _around(self) -> Surroundings:
        rooms = self._rooms
        around = rooms.surroundings(self._down, rooms.daybook.now())
        return replace(
            around,
            banners=(*self._what_can_be_done(around), *rooms.contacts.banners),
            can_print=rooms.printing.ready,
            closed=rooms.storage.closed,
        )

    def _what_can_be_done(self, around: Surroundings) -> tuple[Message, ...]:
        """What the disk forbids stands alone: the network's banner would promise it."""
        forbidden = self._rooms.storage.banners
        if not forbidden:
            return around.banners
        rest = (b for b in around.banners if b.id not in OFFLINE_BANNERS)
        return (*forbidden, *rest)

    def _county_time(self) -> dt.datetime | None:
        """What the clocks say, as far as ours is to be trusted."""
        at = self._rooms.daybook.now()
        return None if at.quality is Clock.GUESSED else county_time(at.wall)
