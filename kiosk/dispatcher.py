"""The one thread that owns the session: takes messages, steps, performs effects."""

from __future__ import annotations

import itertools
import queue
import secrets
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import assert_never

from drivers.api import CardGone, CardSeen, CodeScanned, DeviceEvent, TagsOnPad
from kiosk.broadcast import Broadcaster
from kiosk.desk import LendingDesk
from kiosk.domain.session import (
    Book,
    BookScanned,
    CardTaken,
    Effect,
    Input,
    Lend,
    LoansSettled,
    Manners,
    Noticed,
    PatronCame,
    Recount,
    ReturnsRecorded,
    Session,
    SessionOver,
    StackChanged,
    TakeBack,
    Ticked,
    Touched,
    Visitor,
)
from kiosk.domain.step import idle_left, step, wakes_at
from kiosk.healer import Healer
from kiosk.messages import (
    DeviceDown,
    DeviceSaid,
    DeviceUp,
    Inbox,
    InboxMessage,
    MirrorChanged,
    Stop,
    TagsWritten,
    TouchCame,
)
from kiosk.pads import PadRoom
from kiosk.presenter import Surroundings, present
from kiosk.service.identification import Identification, Unknown
from kiosk.service.ports import Moment
from kiosk.view import Action, Message, TouchAnswer, View

#: A touch is dealt with at once; a dispatcher that takes longer is stuck.
TOUCH_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the dispatcher works with."""

    pads: PadRoom
    desk: LendingDesk
    healer: Healer
    identification: Identification
    surroundings: Callable[[frozenset[str], Moment], Surroundings]
    clock: Callable[[], Moment]
    new_id: Callable[[Moment], str]
    ring: Callable[[], None]


class Dispatcher:
    """Runs in a thread of its own; `touch`, `view` and `wait` are for other threads."""

    def __init__(self, inbox: Inbox, rooms: Rooms, manners: Manners) -> None:
        self._inbox = inbox
        self._rooms = rooms
        self._manners = manners
        self._session = Session(locale=manners.locale)
        self._down: frozenset[str] = frozenset()
        self._revisions = itertools.count(1)
        self._steps = itertools.count(1)
        self._boot = secrets.token_hex(4)
        self._step = self._fresh_step()
        self._meaning: object = None
        self._screen = Broadcaster(self._present(self._now()))

    # For other threads --------------------------------------------------------

    def view(self) -> View:
        return self._screen.latest

    def wait(self, revision: int, timeout_s: float) -> View:
        return self._screen.wait(revision, timeout_s)

    def touch(self, action: Action, step: str, value: str = "") -> TouchAnswer:
        answer: Future[TouchAnswer] = Future()
        self._inbox.put(TouchCame(action, step, value, answer))
        return answer.result(TOUCH_TIMEOUT_S)

    # The dispatcher's own thread ----------------------------------------------

    def run(self) -> None:
        """Take messages until told to stop."""
        while True:
            message = self._next_message()
            if isinstance(message, Stop):
                return
            now = self._now()
            if message is None:
                self._time_passed(now)
            else:
                self._handle(message, now)
            self._rooms.healer.heal(now)
            if not isinstance(message, TouchCame):
                self._publish(now)

    def _next_message(self) -> InboxMessage | None:
        """Return the next message, or None when something is due before one comes."""
        now = self._now()
        due = [
            wakes_at(self._session, now, self._manners),
            self._rooms.desk.deadline,
            self._rooms.healer.deadline,
        ]
        soonest = min((at for at in due if at is not None), default=now + 30.0)
        try:
            return self._inbox.get(timeout=max(0.0, soonest - now))
        except queue.Empty:
            return None

    def _time_passed(self, now: float) -> None:
        self._loans_settled(self._rooms.desk.verdicts(now), now)
        self._advance(Ticked(), now)

    def _handle(self, message: InboxMessage, now: float) -> None:
        match message:
            case DeviceSaid():
                self._device_said(message.device, message.event, now)
            case DeviceUp():
                self._down -= {message.device}
            case DeviceDown():
                self._down |= {message.device}
                self._stack_changed(self._rooms.pads.lost(message.device), now)
            case TagsWritten():
                self._tags_written(message, now)
            case TouchCame():
                self._touched(message, now)
            case MirrorChanged():
                self._stack_changed(self._rooms.pads.reread(), now)
                self._loans_settled(self._rooms.desk.verdicts(now), now)
            case Stop():
                return
            case _:
                assert_never(message)

    def _device_said(self, device: str, event: DeviceEvent, now: float) -> None:
        match event:
            case TagsOnPad():
                self._stack_changed(self._rooms.pads.saw(device, event), now)
            case CardSeen():
                self._identified(
                    self._rooms.identification.card(event.uid, self._rooms.clock()), now
                )
            case CodeScanned():
                self._identified(
                    self._rooms.identification.code(event.text, self._rooms.clock()),
                    now,
                )
            case CardGone():
                self._advance(CardTaken(), now)
            case _:
                assert_never(event)

    def _identified(self, who: Visitor | Book | Unknown, now: float) -> None:
        match who:
            case Visitor():
                session_id = self._rooms.new_id(self._rooms.clock())
                self._advance(PatronCame(who, session_id), now)
            case Book():
                self._advance(BookScanned(who), now)
            case Unknown():
                self._advance(Noticed(Message(who.value)), now)

    def _touched(self, touch: TouchCame, now: float) -> None:
        fresh = touch.step == self._step
        if fresh:
            self._advance(Touched(touch.action, touch.value), now)
            self._meaning = None
        self._publish(now)
        touch.answer.set_result(TouchAnswer(fresh, self.view()))

    def _stack_changed(self, stack: StackChanged | None, now: float) -> None:
        if stack is not None:
            self._advance(stack, now)

    def _tags_written(self, written: TagsWritten, now: float) -> None:
        returned = self._rooms.desk.armed(written)
        if returned is not None:
            self._returns_recorded(returned, now)
            return
        secured = self._rooms.healer.written(written, now)
        if secured is not None:
            self._advance(secured, now)

    def _loans_settled(self, settled: LoansSettled | None, now: float) -> None:
        if settled is None:
            return
        self._advance(settled, now)
        self._rooms.healer.look_again()
        self._advance(self._rooms.healer.absent(settled.lines), now)
        self._rooms.ring()

    def _returns_recorded(self, recorded: ReturnsRecorded | None, now: float) -> None:
        if recorded is None:
            return
        self._advance(recorded, now)
        self._rooms.healer.look_again()
        self._rooms.ring()

    def _advance(self, event: Input, now: float) -> None:
        self._session, effects = step(self._session, event, now, self._manners)
        for effect in effects:
            self._perform(effect, now)

    def _perform(self, effect: Effect, now: float) -> None:
        match effect:
            case Lend():
                self._publish(now)
                self._loans_settled(self._rooms.desk.lend(effect, now), now)
                self._rooms.ring()
            case TakeBack():
                self._returns_recorded(self._rooms.desk.take_back(effect), now)
            case Recount():
                self._rooms.pads.recount()
            case SessionOver():
                self._session_over(effect, now)
            case _:
                assert_never(effect)

    def _session_over(self, over: SessionOver, now: float) -> None:
        if over.loans or over.returns:
            session_id = over.session_id or self._rooms.new_id(self._rooms.clock())
            self._rooms.desk.end(session_id, over.loans, over.returns)
            self._rooms.ring()
        self._stack_changed(self._rooms.pads.fence(), now)

    # The screen ---------------------------------------------------------------

    def _publish(self, now: float) -> None:
        """Show the session; the step token changes with what the buttons mean."""
        session = self._session
        meaning = (
            session.screen,
            session.session_id,
            session.can_confirm,
            tuple(book.key for book in session.books),
        )
        if meaning != self._meaning:
            self._meaning = meaning
            self._step = self._fresh_step()
        view = self._present(now)
        if not _same(view, self.view()):
            self._screen.publish(view)

    def _present(self, now: float) -> View:
        return present(
            self._session,
            self._rooms.surroundings(self._down, self._rooms.clock()),
            revision=next(self._revisions),
            step=self._step,
            idle_s=idle_left(self._session, now, self._manners),
        )

    def _fresh_step(self) -> str:
        """Never the same again, not even after a restart."""
        return f"{self._boot}-{next(self._steps)}"

    def _now(self) -> float:
        return self._rooms.clock().monotonic_ns / 1e9


def _same(view: View, shown: View) -> bool:
    return replace(view, revision=shown.revision) == shown
