"""Watches every exchange with the hub and keeps `link.json` for the kiosk."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from kiosk.link import REFRESH_S, Link, Reach, boot_id, save_link
from kiosk.notify import notify
from sync.agent.errors import HubBusy, HubError, HubRefused, Revoked
from sync.agent.outbox import has_open_ask
from sync.agent.ports import Hub
from sync.agent.push import BLAMES_BATCH
from sync.protocol import (
    BatchAnswer,
    Event,
    FeedPage,
    Heartbeat,
    HeartbeatAnswer,
)

Reply = TypeVar("Reply", BatchAnswer, FeedPage, HeartbeatAnswer)

log = structlog.get_logger(__name__)


class WatchedHub:
    """A hub whose every answer, or lack of one, counts for the link's state.

    `budget_s`: a push or heartbeat that takes longer is of no use to a reader who
    waits, so it counts as a failure of the link. A page of the feed may take its time.
    """

    def __init__(
        self,
        hub: Hub,
        folder: Path,
        budget_s: float,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hub = hub
        self._folder = folder
        self._budget_s = budget_s
        self._now_s = now_s
        self._reach = Reach()
        self._link = Link(boot_id=boot_id())
        self._save()

    @property
    def link(self) -> Link:
        return self._link

    def push(self, events: Sequence[Event]) -> BatchAnswer:
        asking = has_open_ask(events)
        return self._watched(
            lambda: self._hub.push(events), self._budget_s, asking=asking
        )

    def feed(self, cursor: int, run: str) -> FeedPage:
        page = self._watched(lambda: self._hub.feed(cursor, run), float("inf"))
        self._update(revoked=False)
        return page

    def heartbeat(self, request: Heartbeat) -> HeartbeatAnswer:
        answer = self._watched(lambda: self._hub.heartbeat(request), self._budget_s)
        self._update(revoked=False)
        return answer

    def note(self, *, diverged: tuple[str, ...], held_back: int) -> None:
        """Pass on what the outbox found out; also refreshes a file that grows old."""
        self._update(diverged=diverged, held_back=held_back)

    def _watched(
        self, call: Callable[[], Reply], budget_s: float, *, asking: bool = False
    ) -> Reply:
        notify("WATCHDOG=1")  # a long first pull is work, not a hang
        started_s = self._now_s()
        try:
            reply = call()
        except HubError as err:
            if asking or not _is_slot(err):
                self._failed(err)
            raise
        prompt = self._now_s() - started_s <= budget_s
        self._count(prompt=prompt, trouble="" if prompt else "the hub answers slowly")
        self._link = msgspec.structs.replace(self._link, last_contact=reply.hub_time)
        return reply

    def _failed(self, err: HubError) -> None:
        if isinstance(err, Revoked):
            self._update(revoked=True)
        answered = isinstance(err, HubRefused) and err.status in BLAMES_BATCH
        self._count(prompt=answered, trouble=str(err))

    def _count(self, *, prompt: bool, trouble: str) -> None:
        before = self._reach.online
        self._reach = self._reach.after(prompt=prompt)
        online = self._reach.online
        self._update(online=online, trouble=trouble)
        if online != before:
            self._update(since=dt.datetime.now(dt.UTC))
            log.info("hub reachable" if online else "hub lost", why=trouble)

    def _update(self, **fields: object) -> None:
        changed = msgspec.structs.replace(self._link, **fields)
        old = self._now_s() - self._link.at_s >= REFRESH_S
        if changed != self._link or old:
            self._link = changed
            self._save()

    def _save(self) -> None:
        self._link = msgspec.structs.replace(self._link, at_s=self._now_s())
        save_link(self._folder, self._link)


def _is_slot(err: HubError) -> bool:
    """A slot for a backlog says nothing of what would become of an ask."""
    return isinstance(err, HubBusy) and err.retry_after_s is not None
