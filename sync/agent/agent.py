"""The agent's day: push when the ledger grew, pull, say how it goes, wait."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import structlog

from kiosk.bell import Bell, BellListener, agent_bell, kiosk_bell
from kiosk.health import load_health
from kiosk.notify import notify
from kiosk.service.ports import Storage
from kiosk.store.errors import Transient
from sync.agent.backoff import backoff_s, slot_s
from sync.agent.errors import HubBusy, HubError, HubUnreachable, Revoked
from sync.agent.linkwatch import WatchedHub
from sync.agent.outbox import Outbox
from sync.agent.ports import Ledger, Mirror
from sync.agent.pull import Puller
from sync.agent.pulse import Pulse
from sync.agent.push import Pusher
from sync.agent.retry import RetryDesk
from sync.retry_after import CAP_S

#: Longest wait without a word to systemd; well inside WatchdogSec=.
SIGN_OF_LIFE_S = 10.0

log = structlog.get_logger(__name__)


class Agent:
    """Keeps ledger, hub and mirror in step. One thread; owns nothing it is given."""

    def __init__(
        self,
        hub: WatchedHub,
        ledger: Ledger,
        mirror: Mirror,
        folder: Path,
        poll_s: float,
        stop: threading.Event,
        now_s: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        take_sticks: Callable[[], bool] = lambda: False,
    ) -> None:
        """`take_sticks` applies what was carried here, and tells whether it did."""
        self._hub = hub
        self._mirror = mirror
        self._folder = folder
        self._poll_s = poll_s
        self._stop = stop
        self._now_s = now_s
        self._chance = chance
        self._take_sticks = take_sticks
        self._outbox = Outbox(ledger, mirror)
        self._retries = RetryDesk(folder, self._outbox)
        self._pusher = Pusher(hub, self._outbox, mirror, stop, now_s)
        self._pulse = Pulse(hub, self._outbox, ledger, mirror, folder, now_s)
        self._puller = Puller(hub, mirror, self._look_again, now_s)
        self._kiosk = Bell(kiosk_bell(folder))
        self._failures = 0
        self._feed_fails = False
        self._go_on_where_we_stopped()

    @property
    def pending(self) -> int:
        return self._outbox.pending()

    @property
    def cursor(self) -> int:
        return self._mirror.cursor()

    def run(self) -> None:
        """Work until `stop` is set; whoever sets it rings the agent's bell as well."""
        with closing(BellListener(agent_bell(self._folder))) as bell:
            while not self._stop.is_set():
                error = self.turn()
                if error is None:
                    self._rest(self._poll_s, bell.wait)
                else:
                    self._hold_off(error, bell)

    def turn(self) -> HubError | Transient | None:
        """Do all that is due; return what was in the way, if anything was.

        A permanent or corrupt database error goes up and ends the process.
        """
        try:
            self.turn_or_raise()
        except (HubError, Transient) as err:
            self._failures += 1
            report = log.warning if self._failures == 1 else log.debug
            report("turn failed", why=str(err), failures=self._failures)
            return err
        self._failures = 0
        return None

    def turn_or_raise(self) -> None:
        """Do all that is due. Raises HubError, StoreError."""
        self._look_for_sticks()
        self._retries.take()
        self._feed_fails = False
        try:
            self._meet_first()
            self._bring_in_step()
        except Transient as err:
            self._tell_trouble(err)
            raise
        finally:
            self._note_findings()
            self._retries.answer()

    def close(self) -> None:
        self._kiosk.close()

    def _go_on_where_we_stopped(self) -> None:
        status, acked = self._mirror.status(), self._mirror.acked()
        known = acked.seq if acked and acked.epoch == status.epoch else 0
        self._outbox.begin(status.epoch, status.settled_seq, known)

    def _look_again(self) -> None:
        """What the mirror holds no verdict on waits, whatever was answered before."""
        self._outbox.begin_anew()
        self._go_on_where_we_stopped()

    def _bring_in_step(self) -> None:
        """Push first; between two pages of the feed look for new events again.

        A heartbeat goes out when it is due, however long the feed is or if it fails,
        and what hub and ledger then know of each other is acted on at once.
        """
        more, trouble = True, None
        while more and not self._stop.is_set():
            self._pusher.push_all(self._kiosk.ring)
            try:
                more = self._has_room() and self._puller.pull_page(self._kiosk.ring)
            except HubError:
                self._feed_fails = True
                self._beat_beside_feed()
                raise
            if self._pulse.due:
                trouble = self._pulse.beat_beside()
                more = more or trouble is None
        if trouble is not None:
            raise trouble

    def _beat_beside_feed(self) -> None:
        """A feed that fails is no reason for silence: the pulse keeps its own time."""
        if self._feed_fails and self._pulse.due:
            with suppress(Transient):  # the next turn says so
                self._pulse.beat_beside()

    def _has_room(self) -> bool:
        """What is left of a disk that is nearly full belongs to the ledger."""
        return load_health(self._folder).storage in (Storage.ENOUGH, Storage.LOW)

    def _meet_first(self) -> None:
        """Before anything is sent, learn whether the card was rolled back or cloned.

        A revoked device learns nothing, and hands over its facts all the same.
        """
        if self._pulse.is_first:
            with suppress(Revoked):
                self._pulse.beat()

    def _tell_trouble(self, err: Transient) -> None:
        """A database fails: the hub is to know, though nothing else can go on."""
        if self._failures and not self._pulse.time_is_up:
            return
        with suppress(HubError, Transient):
            self._pulse.tell(str(err))

    def _look_for_sticks(self) -> None:
        """What was carried here needs no hub, so it waits for none."""
        try:
            if self._take_sticks():
                self._look_again()
                self._kiosk.ring()
        except Transient as err:
            log.warning("stick waits", why=str(err))

    def _note_findings(self) -> None:
        with suppress(Transient):  # no ledger yet: nothing found either
            diverged = self._outbox.diverged()
            self._hub.note(diverged=diverged, held_back=self._outbox.held_back)
            if diverged:
                self._kiosk.ring()

    def _hold_off(self, error: HubError | Transient, bell: BellListener) -> None:
        """Leave the hub alone, but for asks if it is there: a reader waits for those."""
        pause_s = self._pause_s(error)
        if _is_away(error):
            self._rest(pause_s, self._stop.wait)
            return
        until_s = self._now_s() + pause_s
        while self._rest(until_s - self._now_s(), bell.wait):
            if self._stop.is_set():
                return
            self._push_asks()

    def _push_asks(self) -> None:
        try:
            self._pusher.push_asks(self._kiosk.ring)
        except (HubError, Transient) as err:
            log.debug("asks not answered", why=str(err))

    def _rest(self, seconds: float, wait: Callable[[float], bool]) -> bool:
        """Wait, with signs of life to systemd and kiosk; tell if `wait` ended it."""
        until_s = self._now_s() + seconds
        while (left_s := until_s - self._now_s()) > 0:
            notify("WATCHDOG=1")
            self._note_findings()
            self._look_for_sticks()
            self._beat_beside_feed()
            if wait(min(left_s, SIGN_OF_LIFE_S)):
                return True
        return False

    def _pause_s(self, error: HubError | Transient) -> float:
        """Wait long for a hub that refuses, no longer than a poll for one that is away."""
        if isinstance(error, HubBusy) and error.retry_after_s is not None:
            return slot_s(error.retry_after_s, self._chance())
        cap_s = self._poll_s if _is_away(error) else CAP_S
        return backoff_s(self._failures, self._chance(), cap_s)


def _is_away(error: HubError | Transient) -> bool:
    """No hub answered; any other trouble is one that it told us of."""
    return isinstance(error, HubUnreachable | Transient)
