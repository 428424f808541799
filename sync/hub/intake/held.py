"""Which events of a batch the hub holds already: one question for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import ColumnElement, Connection, Table, and_, or_, select

from sync.hub.intake.wire import Envelope
from sync.hub.store import schema
from sync.protocol import Verdict

_Place = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """What is stored of an event, as far as a repeat must agree with it."""

    event_id: str
    kiosk_id: str
    hash: str
    verdict: Verdict

    def same_as(self, envelope: Envelope) -> bool:
        ours = (envelope.event_id, envelope.kiosk_id, envelope.hash)
        return (self.event_id, self.kiosk_id, self.hash) == ours


class HeldEvents:
    """Held under the ids and the places of some events; inside one transaction."""

    def __init__(self, conn: Connection, envelopes: Sequence[Envelope]) -> None:
        self._by_id: dict[str, HeldEvent] = {}
        self._by_place: dict[_Place, HeldEvent] = {}
        if envelopes:
            self._read(conn, envelopes)

    def like(self, envelope: Envelope) -> tuple[HeldEvent, ...]:
        """Those with the same id, or the same place in the same ledger."""
        found = (
            self._by_id.get(envelope.event_id),
            self._by_place.get(_place(envelope)),
        )
        return tuple({one.event_id: one for one in found if one is not None}.values())

    def add(self, envelope: Envelope, verdict: Verdict) -> None:
        """An event that was stored since."""
        held = HeldEvent(envelope.event_id, envelope.kiosk_id, envelope.hash, verdict)
        self._put(_place(envelope), held)

    def add_copy(self, envelope: Envelope, verdict: Verdict) -> None:
        """A place at which a held event was found to stand as well."""
        held = HeldEvent(envelope.event_id, envelope.kiosk_id, envelope.hash, verdict)
        self._by_place[_place(envelope)] = held

    def at_place_of(self, envelope: Envelope) -> HeldEvent | None:
        """What stands at this place of this ledger."""
        return self._by_place.get(_place(envelope))

    def _read(self, conn: Connection, envelopes: Sequence[Envelope]) -> None:
        events = schema.events.c
        ids = [one.event_id for one in envelopes]
        rows = conn.execute(
            select(
                events.event_id,
                events.kiosk_id,
                events.epoch,
                events.seq,
                events.hash,
                events.verdict,
            ).where(or_(events.event_id.in_(ids), *_places(envelopes, schema.events)))
        )
        for row in rows:
            verdict = msgspec.json.decode(row.verdict, type=Verdict)
            held = HeldEvent(row.event_id, row.kiosk_id, row.hash, verdict)
            self._put((row.kiosk_id, row.epoch, row.seq), held)
        self._read_copies(conn, envelopes)

    def _read_copies(self, conn: Connection, envelopes: Sequence[Envelope]) -> None:
        copies, events = schema.event_copies, schema.events
        rows = conn.execute(
            select(copies, events.c.verdict)
            .join(events, events.c.event_id == copies.c.event_id)
            .where(or_(*_places(envelopes, copies)))
        )
        for row in rows:
            verdict = msgspec.json.decode(row.verdict, type=Verdict)
            held = HeldEvent(row.event_id, row.kiosk_id, row.hash, verdict)
            self._by_place[row.kiosk_id, row.epoch, row.seq] = held

    def _put(self, place: _Place, held: HeldEvent) -> None:
        self._by_id[held.event_id] = held
        self._by_place[place] = held


def _place(envelope: Envelope) -> _Place:
    return (envelope.kiosk_id, envelope.epoch, envelope.seq)


def _places(envelopes: Sequence[Envelope], table: Table) -> list[ColumnElement[bool]]:
    """One condition for each ledger; nearly always there is only one."""
    events = table.c
    seqs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in envelopes:
        seqs[one.kiosk_id, one.epoch].append(one.seq)
    return [
        and_(events.kiosk_id == kiosk_id, events.epoch == epoch, events.seq.in_(some))
        for (kiosk_id, epoch), some in seqs.items()
    ]
