"""The heartbeat: the hub learns how it goes here, and we what it holds of the ledger."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import msgspec
import structlog

from kiosk.health import load_health
from kiosk.service.ports import Storage
from sync.agent.errors import HubError
from sync.agent.outbox import Outbox, holds
from sync.agent.ports import Hub, Ledger, Mirror
from sync.protocol import MAX_OLDER, Heartbeat

HEARTBEAT_S = 300.0
#: When one that failed is tried again, while feed and events go on.
AGAIN_S = 60.0
_NEVER_S = float("-inf")

log = structlog.get_logger(__name__)


class Pulse:
    """Sends heartbeats, and acts on what hub and ledger know of each other."""

    def __init__(
        self,
        hub: Hub,
        outbox: Outbox,
        ledger: Ledger,
        mirror: Mirror,
        folder: Path,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._outbox = outbox
        self._ledger = ledger
        self._mirror = mirror
        self._folder = folder
        self._now_s = now_s
        self._due_s = _NEVER_S
        self._met = False
        self._told = Storage.ENOUGH

    @property
    def is_first(self) -> bool:
        """In this run the hub has not yet said what it holds."""
        return not self._met

    @property
    def time_is_up(self) -> bool:
        return self._now_s() >= self._due_s

    @property
    def due(self) -> bool:
        """It is time, or what the disk allows has changed."""
        return load_health(self._folder).storage is not self._told or self.time_is_up

    def beat(self) -> None:
        """Say how it goes and take in the answer. Raises HubError, StoreError."""
        state = self._state()
        answer = self._hub.heartbeat(state)
        self._due_s, self._met = self._now_s() + HEARTBEAT_S, True
        acked = holds(state.epoch, answer.acked_through)
        self._mirror.skip_removed(self._ledger.removed())
        self._mirror.recheck(answer.older)
        self._mirror.put_verdicts((), acked, answer.hub_time)
        for held in (*answer.older, acked):
            self._outbox.hub_holds(held)

    def beat_beside(self) -> HubError | None:
        """The same beside other work, which goes on if it fails; tells what failed.

        Raises StoreError.
        """
        try:
            self.beat()
        except HubError as err:
            self._due_s = self._now_s() + AGAIN_S
            log.warning("heartbeat failed", why=str(err))
            return err
        return None

    def tell(self, trouble: str) -> None:
        """Say what is wrong here; the answer could not be kept. Raises as `beat`."""
        state = self._state(trouble)
        self._due_s = self._now_s() + HEARTBEAT_S
        self._hub.heartbeat(state)

    def _state(self, trouble: str = "") -> Heartbeat:
        head, health = self._ledger.head(), load_health(self._folder)
        older = [epoch for epoch in self._ledger.epochs() if epoch != head.epoch]
        self._told = health.storage
        return Heartbeat(
            version=version("tongjie"),
            pending=self._outbox.pending(),
            epoch=head.epoch,
            seq=head.seq,
            older=tuple(older[-MAX_OLDER:]),
            health={
                "kiosk": msgspec.to_builtins(health),
                "held_back": self._outbox.held_back,
                "trouble": trouble,
            },
        )
