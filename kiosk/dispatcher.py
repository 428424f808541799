"""The one thread that owns the session: takes messages, steps, performs effects."""

from __future__ import annotations

import datetime as dt
import queue
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import assert_never

import structlog

from drivers.api import (
    CardGone,
    CardSeen,
    CodeScanned,
    DeviceEvent,
    PeoplePassed,
    Sense,
    SenseChanged,
    TagsOnPad,
)
from kiosk.contacts import Contacts
from kiosk.display import Display
from kiosk.domain.session import (
    Book,
    BookScanned,
    CardTaken,
    Effect,
    FencePad,
    Input,
    Lend,
    LoansSettled,
    Manners,
    Noticed,
    PatronCame,
    PrintSlip,
    Recount,
    ReturnsRecorded,
    SecureTags,
    Session,
    SessionOver,
    TakeBack,
    Ticked,
    Touched,
    Unlock,
    Visitor,
)
from kiosk.domain.step import idle_left, step, wakes_at
from kiosk.healer import Healer
from kiosk.loan_desk import LoanDesk
from kiosk.messages import (
    DeviceDown,
    DeviceSaid,
    DeviceUp,
    Inbox,
    InboxMessage,
    MirrorChanged,
    SlipDone,
    Stop,
    TagsWritten,
    TouchCame,
)
from kiosk.pad_cards import PadCards
from kiosk.pads import PadRoom
from kiosk.presenter import Surroundings
from kiosk.print_desk import PrintDesk
from kiosk.return_desk import ReturnDesk
from kiosk.scribe import Job, Scribe
from kiosk.service.daybook import Daybook
from kiosk.service.identification import Identification, Unknown
from kiosk.service.knowledge import county_time
from kiosk.service.ports import LedgerError, Moment, Security
from kiosk.signals import Signals
from kiosk.slip import slip_lines
from kiosk.view import Action, Message, Screen, TouchAnswer, View
from sync.protocol import Clock

#: A touch is dealt with at once; a dispatcher that takes longer is stuck.
TOUCH_TIMEOUT_S = 2.0
#: Longest rest; time-outs and news wake the dispatcher sooner.
REST_S = 30.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the dispatcher works with."""

    pads: PadRoom
    scribe: Scribe
    loans: LoanDesk
    returns: ReturnDesk
    healer: Healer
    daybook: Daybook
    identification: Identification
    pad_cards: PadCards
    printing: PrintDesk
    signals: Signals
    contacts: Contacts
    surroundings: Callable[[frozenset[str], Moment], Surroundings]
    ring: Callable[[], None]


class Dispatcher:
    """Runs in a thread of its own; `touch`, `view` and `wait` are for other threads."""

    def __init__(
        self,
        inbox: Inbox,
        rooms: Rooms,
        manners: Manners,
        *,
        touch_timeout_s: float = TOUCH_TIMEOUT_S,
    ) -> None:
        self._inbox = inbox
        self._rooms = rooms
        self._manners = manners
        self._touch_timeout_s = touch_timeout_s
        self._session = Session(locale=manners.locale)
        self._down: frozenset[str] = frozenset()
        self._busy_since: float | None = None
        self._display = Display(self._session, self._around())

    # For other threads --------------------------------------------------------

    def view(self) -> View:
        return self._display.latest

    def wait(self, revision: int, timeout_s: float) -> View:
        return self._display.wait(revision, timeout_s)

    def touch(self, action: Action, step: str, value: str = "") -> TouchAnswer:
        """Hand in a touch; one that can't be dealt with in time is taken back."""
        answer: Future[TouchAnswer] = Future()
        self._inbox.put(TouchCame(action, step, value, answer))
        try:
            return answer.result(self._touch_timeout_s)
        except TimeoutError:
            log.error("dispatcher stuck", busy_s=self.busy_s)
            view = self.view()
            if answer.cancel():  # else it is being dealt with and will be shown
                view = replace(view, notice=Message("E-GENERIC"))
            return TouchAnswer(accepted=False, view=view)

    @property
    def busy_s(self) -> float:
        """How long the dispatcher has been at one message; 0 while it waits."""
        since = self._busy_since
        return 0.0 if since is None else self._now() - since

    # The dispatcher's own thread ----------------------------------------------

    def run(self) -> None:
        """Take messages until told to stop."""
        self._show(self._now())
        while not isinstance(message := self._next_message(), Stop):
            now = self._busy_since = self._now()
            if message is not None:
                self._handle(message, now)
            self._time_passed(now)
            self._show(now)
            self._busy_since = None
        self._rooms.contacts.close()

    def _next_message(self) -> InboxMessage | None:
        """Return the next message, or None when something is due before one comes."""
        now, rooms = self._now(), self._rooms
        due = [
            wakes_at(self._session, now, self._manners),
            rooms.loans.deadline,
            rooms.scribe.deadline,
            rooms.healer.deadline,
            rooms.printing.deadline,
            rooms.contacts.deadline,
        ]
        soonest = min((at for at in due if at is not None), default=now + REST_S)
        try:
            return self._inbox.get(timeout=max(0.0, soonest - now))
        except queue.Empty:
            return None

    def _handle(self, message: InboxMessage, now: float) -> None:
        match message:
            case DeviceSaid():
                self._device_said(message.device, message.event, now)
            case DeviceUp():
                self._down -= {message.device}
                self._rooms.signals.came(message.device)
            case DeviceDown():
                self._down |= {message.device}
                self._rooms.printing.lost(message.device)
                self._advance(self._rooms.pads.lost(message.device), now)
            case TagsWritten():
                self._job_done(self._rooms.scribe.written(message), now)
            case SlipDone():
                self._advance(self._rooms.printing.done(message), now)
            case TouchCame():
                self._touched(message, now)
            case MirrorChanged():
                self._advance(self._rooms.pads.reread(), now)
                self._loans_settled(self._rooms.loans.verdicts(now), now)
            case Stop():
                return
            case _:
                assert_never(message)

    def _time_passed(self, now: float) -> None:
        """Do what is due, whether or not a message came first."""
        rooms = self._rooms
        if rooms.loans.deadline is not None and now >= rooms.loans.deadline:
            self._loans_settled(rooms.loans.verdicts(now), now)
        for job in rooms.scribe.overdue(now):
            log.error("pad did not answer", tags=len(job.seen))
            self._job_done(job, now)
        self._advance(rooms.printing.overdue(now), now)
        rooms.contacts.time_passed(now)
        self._advance(Ticked(), now)
        self._look_for_lifted(now)
        self._advance(rooms.healer.heal(now), now)

    def _device_said(self, device: str, event: DeviceEvent, now: float) -> None:
        identification, at = self._rooms.identification, self._rooms.daybook.now()
        match event:
            case TagsOnPad():
                self._pad_said(device, event, now)
            case CardSeen():
                self._identified(identification.card(event.uid, at), now)
            case CodeScanned():
                self._identified(identification.code(event.text, at), now)
            case CardGone():
                self._advance(CardTaken(), now)
            case SenseChanged(Sense.PAPER_OUT):
                self._rooms.printing.paper(device, out=event.active)
            case SenseChanged():
                self._rooms.contacts.changed(device, event)
            case PeoplePassed():
                self._rooms.contacts.passed(event, now)
            case _:
                assert_never(event)

    def _pad_said(self, device: str, event: TagsOnPad, now: float) -> None:
        pads, cards = self._rooms.pads, self._rooms.pad_cards
        stack = pads.saw(device, event)
        card = cards.find(event.tags, self._rooms.daybook.now())
        self._advance(pads.set_apart(card.uid) or stack if card else stack, now)
        if card is not None:
            self._advance(PatronCame(card.visitor, self._new_id()), now)
        if cards.lifted(pads.present):
            self._advance(CardTaken(), now)

    def _identified(self, who: Visitor | Book | Unknown, now: float) -> None:
        match who:
            case Visitor():
                self._advance(PatronCame(who, self._new_id()), now)
            case Book():
                self._advance(BookScanned(who), now)
            case Unknown():
                self._advance(Noticed(Message(who.value)), now)

    def _touched(self, touch: TouchCame, now: float) -> None:
        if not touch.answer.set_running_or_notify_cancel():
            return
        accepted = self._display.take(touch.step)
        if accepted:
            self._advance(Touched(touch.action, touch.value), now)
        self._show(now)
        touch.answer.set_result(TouchAnswer(accepted, self.view()))

    def _job_done(self, job: Job | None, now: float) -> None:
        if job is not None:
            self._returns_recorded(self._rooms.returns.armed(job), now)
            self._advance(self._rooms.healer.written(job, now), now)

    def _loans_settled(self, settled: LoansSettled | None, now: float) -> None:
        if settled is None:
            return
        visitor, at = self._visitor_now(), self._county_time()
        self._advance(replace(settled, visitor=visitor, at=at), now)
        self._rooms.healer.look_again()
        self._rooms.ring()

    def _returns_recorded(self, recorded: ReturnsRecorded | None, now: float) -> None:
        if recorded is None:
            return
        self._advance(replace(recorded, at=self._county_time()), now)
        self._rooms.healer.look_again()
        self._rooms.ring()

    def _look_for_lifted(self, now: float) -> None:
        """A book lifted before its tag's turn came must be asked back, not waited for."""
        if self._session.screen is not Screen.DONE or not self._session.busy:
            return
        self._advance(self._rooms.healer.absent(self._session.lines), now)

    def _advance(self, event: Input | None, now: float) -> None:
        if event is None:
            return
        self._session, effects = step(self._session, event, now, self._manners)
        for effect in effects:
            self._perform(effect, now)

    def _perform(self, effect: Effect, now: float) -> None:
        match effect:
            case Lend():
                self._show(now)
                self._loans_settled(self._rooms.loans.lend(effect, now), now)
                self._rooms.ring()
            case TakeBack():
                self._returns_recorded(self._rooms.returns.take_back(effect, now), now)
            case SecureTags():
                self._secure(effect)
            case Recount():
                self._advance(self._rooms.pads.recount(), now)
            case SessionOver():
                self._session_over(effect)
            case FencePad():
                self._advance(self._rooms.pads.fence(), now)
            case PrintSlip():
                self._print(now)
            case Unlock():
                self._rooms.signals.unlock()
            case _:
                assert_never(effect)

    def _secure(self, late: SecureTags) -> None:
        """Note what tags shall be, for the healer; on a full disk they stay as they are."""
        desired = Security.OUT if late.lent else Security.IN
        try:
            self._rooms.daybook.want(late.books, desired)
        except LedgerError as err:
            log.error("wish for tags not recorded", reason=str(err))
        self._rooms.healer.look_again()

    def _print(self, now: float) -> None:
        session, around = self._session, self._around()
        lines = slip_lines(session, around.site, offline=around.offline)
        self._advance(self._rooms.printing.print(session.locale, lines, now), now)

    def _session_over(self, over: SessionOver) -> None:
        """Note that a session is over; a full disk is no reason to keep the reader."""
        session_id = over.session_id or self._new_id()
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

    def _show(self, now: float) -> None:
        idle_s = idle_left(self._session, now, self._manners)
        self._display.show(self._session, self._around(), idle_s)
        self._rooms.signals.follow(self._display.latest)

    def _around(self) -> Surroundings:
        rooms = self._rooms
        around = rooms.surroundings(self._down, rooms.daybook.now())
        return replace(
            around,
            banners=(*around.banners, *rooms.contacts.banners),
            can_print=rooms.printing.ready,
        )

    def _county_time(self) -> dt.datetime | None:
        """What the clocks say, as far as ours is to be trusted."""
        at = self._rooms.daybook.now()
        return None if at.quality is Clock.GUESSED else county_time(at.wall)

    def _new_id(self) -> str:
        return self._rooms.daybook.new_id(self._rooms.daybook.now())

    def _now(self) -> float:
        return self._rooms.daybook.now().monotonic_ns / 1e9
