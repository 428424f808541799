"""What a machine does becomes events, as if a kiosk of ours had sent them.

They go through the same door and the same rules. The machine keeps no ledger, so the
hub keeps one for it: numbered and chained, and dated by the hub unless the machine says
that something happened before. Such a device has no boots that tell of its clock.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from sync.hub.intake.ingest import Sender, ingest
from sync.hub.intake.wire import read_event
from sync.hub.sip2_server.machine import Machine
from sync.hub.store import schema
from sync.protocol import (
    GENESIS_HASH,
    Clock,
    DecidedBy,
    Event,
    Kind,
    Mode,
    Outcome,
    Verdict,
    chain_hash,
)

_EPOCH = "sip2"
_EVENTS = schema.events


class Ledger:
    """The events of one machine, in one transaction."""

    def __init__(self, conn: Connection, machine: Machine, now: dt.datetime) -> None:
        self._conn = conn
        self._machine = machine
        self._now = now

    def add(
        self,
        kind: Kind,
        *,
        event_id: str | None = None,
        at: dt.datetime | None = None,
        site_id: str | None = None,
        **fields: Any,
    ) -> Verdict:
        """Record and judge one event. `at`: now, unless it happened before."""
        machine, now = self._machine, self._now
        seq, prev_hash = self._last()
        draft = Event(
            event_id=event_id or uuid.uuid4().hex,
            kiosk_id=machine.kiosk_id,
            epoch=_EPOCH,
            seq=seq + 1,
            kind=kind,
            occurred_at=min(at or now, now).astimezone(dt.UTC),
            boot_id="",
            monotonic_ns=0,
            clock=Clock.SYNCED,
            decided_by=DecidedBy.HUB,
            prev_hash=prev_hash,
            **fields,
        )
        event = msgspec.structs.replace(draft, hash=chain_hash(draft))
        received = read_event(msgspec.json.encode(event))
        sender = Sender(machine.kiosk_id, site_id or machine.site_id)
        return ingest(self._conn, sender, [received], now).verdicts[0]

    def ask(self, kind: Kind, **fields: Any) -> Verdict:
        """May it be? If so, it is done at once. `due_on` of the verdict is the new one."""
        answer = self.add(kind, mode=Mode.ASK, **fields)
        if answer.outcome is Outcome.REFUSED:
            return answer
        return self.add(Kind.CONFIRMED, refers_to=answer.event_id, **fields)

    def has(self, event_id: str) -> bool:
        query = select(_EVENTS.c.event_id).where(_EVENTS.c.event_id == event_id)
        return self._conn.execute(query).first() is not None

    def name_of(self, *what: object) -> str:
        """The id of something that happened before: the same however often it is told."""
        text = "\n".join(map(str, (self._machine.name, *what)))
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _last(self) -> tuple[int, str]:
        mine = (_EVENTS.c.kiosk_id == self._machine.kiosk_id, _EVENTS.c.epoch == _EPOCH)
        row = self._conn.execute(
            select(_EVENTS.c.seq, _EVENTS.c.hash)
            .where(*mine)
            .order_by(_EVENTS.c.seq.desc())
            .limit(1)
        ).one_or_none()
        return (row.seq, row.hash) if row else (0, GENESIS_HASH)
