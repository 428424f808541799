"""Trying again at once what the agent would try in an hour, because a person asks.

The commands leave what they ask in `DATA/retry-in`; the agent takes it with its next
turn and leaves word of what came of it.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
import structlog

from kiosk.durable import write_durably
from sync.agent.outbox import Outbox, Place
from sync.agent.spool import Spool

log = structlog.get_logger(__name__)


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Events by epoch and seq; None asks for all that is held back or deferred."""

    events: tuple[Place, ...] | None = None


class Retried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many events were sent again, and how many of them still wait for a try."""

    tried: int
    still_waiting: int


class RetryInbox(Spool[Retried]):
    """What is asked, by commands, of the agent that runs beside them."""

    def __init__(self, data: Path) -> None:
        super().__init__(data / "retry-in", Retried)

    def put(self, asked: Asked) -> str:
        """Leave it for the agent; return the name under which its word will be."""
        name = f"{uuid.uuid4()}.json"
        write_durably(self.place_for(name), msgspec.json.encode(asked), mode=0o660)
        return name

    def withdraw(self, name: str) -> None:
        """Nobody waits for it any more."""
        self.place_for(name).unlink(missing_ok=True)


class RetryDesk:
    """The agent's side: one thread, `take` before a turn and `answer` after it."""

    def __init__(self, data: Path, outbox: Outbox) -> None:
        self._inbox = RetryInbox(data)
        self._outbox = outbox
        self._taken: list[tuple[Path, tuple[Place, ...]]] = []

    def take(self) -> None:
        """Make due what is asked for."""
        for path in self._inbox.waiting():
            try:
                asked = msgspec.json.decode(path.read_bytes(), type=Asked)
            except (OSError, msgspec.DecodeError, UnicodeDecodeError) as err:
                log.warning("request to try again unreadable", why=str(err))
                path.unlink(missing_ok=True)
                continue
            self._taken.append((path, self._outbox.try_now(asked.events)))

    def answer(self) -> None:
        """Say what came of it, whether or not the hub could be reached."""
        for path, places in self._taken:
            waiting = len(self._outbox.waits_for_retry(places))
            self._inbox.done(path, Retried(len(places), waiting))
        self._taken.clear()
