"""The agent's day: push when the ledger grew, pull, say how it goes, wait."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from importlib.metadata import version
from pathlib import Path

import msgspec
import structlog

from kiosk.bell import Bell, BellListener, agent_bell, kiosk_bell
from kiosk.health import load_health
from kiosk.notify import notify
from kiosk.service.ports import Head
from kiosk.store.errors import Transient
from sync.agent.backoff import CAP_S, backoff_s, slot_s
from sync.agent.errors import HubBusy, HubError, HubUnreachable
from sync.agent.linkwatch import WatchedHub
from sync.agent.outbox import Outbox, holds
from sync.agent.ports import Ledger, Mirror
from sync.agent.pull import Puller
from sync.agent.push import Pusher
from sync.protocol import Heartbeat

HEARTBEAT_S = 300.0
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
    ) -> None:
        self._hub = hub
        self._ledger = ledger
        self._mirror = mirror
        self._folder = folder
        self._poll_s = poll_s
        self._stop = stop
        self._now_s = now_s
        self._chance = chance
        self._outbox = Outbox(ledger, mirror)
        self._pusher = Pusher(hub, self._outbox, mirror, stop, now_s)
        self._puller = Puller(hub, mirror, now_s)
        self._kiosk = Bell(kiosk_bell(folder))
        self._heartbeat_due_s = float("-inf")
        self._failures = 0
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
                    self._rest(self._pause_s(error), self._stop.wait)

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
        try:
            self._push_and_pull()
            self._heartbeat_when_due()
        finally:
            self._note_findings()

    def close(self) -> None:
        self._kiosk.close()

    def _go_on_where_we_stopped(self) -> None:
        status, acked = self._mirror.status(), self._mirror.acked()
        known = acked.seq if acked and acked.epoch == status.epoch else 0
        self._outbox.begin(status.epoch, status.settled_seq, known)

    def _push_and_pull(self) -> None:
        """Push first; between two pages of the feed look for new events again."""
        more = True
        while more and not self._stop.is_set():
            self._pusher.push_all(self._kiosk.ring)
            more = self._puller.pull_page(self._kiosk.ring)

    def _heartbeat_when_due(self) -> None:
        """Say how it goes, and learn whether hub and ledger still fit together."""
        if self._now_s() < self._heartbeat_due_s:
            return
        head = self._ledger.head()
        answer = self._hub.heartbeat(self._state(head))
        self._heartbeat_due_s = self._now_s() + HEARTBEAT_S
        acked = holds(head.epoch, answer.acked_through)
        self._mirror.put_verdicts((), acked, answer.hub_time)
        self._outbox.hub_holds(acked)
        if answer.feed_version < self._mirror.cursor():
            log.warning("hub knows less than the mirror")
            self._mirror.empty()
        self._push_and_pull()

    def _state(self, head: Head) -> Heartbeat:
        return Heartbeat(
            version=version("tongjie"),
            pending=self._outbox.pending(),
            epoch=head.epoch,
            seq=head.seq,
            health={
                "kiosk": msgspec.to_builtins(load_health(self._folder)),
                "held_back": self._outbox.held_back,
            },
        )

    def _note_findings(self) -> None:
        with suppress(Transient):  # no ledger yet: nothing found either
            self._hub.note(
                rolled_back=self._outbox.rolled_back, held_back=self._outbox.held_back
            )

    def _rest(self, seconds: float, wait: Callable[[float], bool]) -> None:
        """Wait, with signs of life to systemd and kiosk, until `wait` was called."""
        until_s = self._now_s() + seconds
        while (left_s := until_s - self._now_s()) > 0:
            notify("WATCHDOG=1")
            self._note_findings()
            if wait(min(left_s, SIGN_OF_LIFE_S)):
                return

    def _pause_s(self, error: HubError | Transient) -> float:
        """Wait long for a hub that refuses, no longer than a poll for one that is away."""
        if isinstance(error, HubBusy) and error.retry_after_s is not None:
            return slot_s(error.retry_after_s, self._chance())
        away = isinstance(error, HubUnreachable | Transient)
        cap_s = self._poll_s if away else CAP_S
        return backoff_s(self._failures, self._chance(), cap_s)
