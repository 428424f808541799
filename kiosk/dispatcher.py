"""The one thread that owns the session: takes messages, and wakes when something is due."""

from __future__ import annotations

import queue
from concurrent.futures import Future
from dataclasses import replace
from typing import assert_never

import structlog

from kiosk.domain.session import Manners, Touched
from kiosk.messages import (
    DeviceDown,
    DeviceSaid,
    DeviceUp,
    Inbox,
    InboxMessage,
    MirrorChanged,
    SlipDone,
    Stop,
    StorageFound,
    TagsWritten,
    TouchCame,
)
from kiosk.reception import Reception
from kiosk.rooms import Rooms
from kiosk.view import Action, Message, TouchAnswer, View
from kiosk.visit import Visit

#: A touch is dealt with at once; a dispatcher that takes longer is stuck.
TOUCH_TIMEOUT_S = 2.0
#: Longest rest; time-outs and news wake the dispatcher sooner.
REST_S = 30.0

log = structlog.get_logger(__name__)


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
        self._touch_timeout_s = touch_timeout_s
        self._visit = Visit(rooms, manners)
        self._reception = Reception(rooms, self._visit)
        self._busy_since: float | None = None

    # For other threads --------------------------------------------------------

    def view(self) -> View:
        return self._visit.display.latest

    def wait(self, revision: int, timeout_s: float) -> View:
        return self._visit.display.wait(revision, timeout_s)

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
        self._visit.show(self._now())
        while not isinstance(message := self._next_message(), Stop):
            now = self._busy_since = self._now()
            if message is not None:
                self._handle(message, now)
            self._visit.time_passed(now)
            self._visit.show(now)
            self._busy_since = None
        self._rooms.contacts.close()

    def _next_message(self) -> InboxMessage | None:
        """Return the next message, or None when something is due before one comes."""
        now = self._now()
        due = [self._visit.wakes_at(now), *self._rooms.deadlines]
        soonest = min((at for at in due if at is not None), default=now + REST_S)
        try:
            return self._inbox.get(timeout=max(0.0, soonest - now))
        except queue.Empty:
            return None

    def _handle(self, message: InboxMessage, now: float) -> None:
        match message:
            case DeviceSaid():
                self._reception.said(message.device, message.event, now)
            case DeviceUp():
                self._visit.device_up(message.device)
            case DeviceDown():
                self._visit.device_down(message.device, now)
            case TagsWritten():
                self._visit.tags_written(self._rooms.scribe.written(message), now)
            case SlipDone():
                self._visit.advance(self._rooms.printing.done(message), now)
            case TouchCame():
                self._touched(message, now)
            case MirrorChanged():
                self._visit.news(now)
            case StorageFound():
                self._rooms.storage.found(message.state)
            case Stop():
                return
            case _:
                assert_never(message)

    def _touched(self, touch: TouchCame, now: float) -> None:
        if not touch.answer.set_running_or_notify_cancel():
            return
        accepted = self._visit.display.take(touch.step)
        if accepted:
            self._visit.advance(Touched(touch.action, touch.value), now)
        self._visit.show(now)
        touch.answer.set_result(TouchAnswer(accepted, self.view()))

    def _now(self) -> float:
        return self._rooms.daybook.now().monotonic_ns / 1e9
