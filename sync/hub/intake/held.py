"""Which events of a batch the hub holds already: one question for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    bindparam,
    select,
)

from sync.hub.intake.wire import Envelope
from sync.hub.store import schema
from sync.hub.store.among import among
from sync.protocol import Verdict

_Place = tuple[str, str, int]

_EVENTS, _COPIED = schema.events.c, schema.event_copies.c


def _at_places(table: Table) -> ColumnElement[bool]:
    return and_(
        table.c.kiosk_id == bindparam("kiosk_id"),
        table.c.epoch == bindparam("epoch"),
        among(table.c.seq, "seqs"),
    )


_ALL = select(
    _EVENTS.event_id,
    _EVENTS.kiosk_id,
    _EVENTS.epoch,
    _EVENTS.seq,
    _EVENTS.hash,
    _EVENTS.verdict,
)
_BY_ID = _ALL.where(among(_EVENTS.event_id, "names"))
_AT_PLACES = _ALL.where(_at_places(schema.events))
_COPIES = (
    select(schema.event_copies, _EVENTS.verdict)
    .join(schema.events, _EVENTS.event_id == _COPIED.event_id)
    .where(_at_places(schema.event_copies))
)


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
        """By place first: a repeat is found there, and need not be looked for by id."""
        for ledger in _ledgers(envelopes):
            for row in conn.execute(_AT_PLACES, ledger):
                self._put((row.kiosk_id, row.epoch, row.seq), _held(row))
            for row in conn.execute(_COPIES, ledger):
                self._by_place[row.kiosk_id, row.epoch, row.seq] = _held(row)
        names = {one.event_id for one in envelopes} - self._by_id.keys()
        if names:
            for row in conn.execute(_BY_ID, {"names": names}):
                self._put((row.kiosk_id, row.epoch, row.seq), _held(row))

    def _put(self, place: _Place, held: HeldEvent) -> None:
        self._by_id[held.event_id] = held
        self._by_place[place] = held


def _place(envelope: Envelope) -> _Place:
    return (envelope.kiosk_id, envelope.epoch, envelope.seq)


def _held(row: Row[*tuple[Any, ...]]) -> HeldEvent:
    verdict = msgspec.json.decode(row.verdict, type=Verdict)
    return HeldEvent(row.event_id, row.kiosk_id, row.hash, verdict)


def _ledgers(envelopes: Sequence[Envelope]) -> list[dict[str, object]]:
    """The places in each ledger, as parameters; nearly always there is only one."""
    seqs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for one in envelopes:
        seqs[one.kiosk_id, one.epoch].append(one.seq)
    return [
        {"kiosk_id": kiosk_id, "epoch": epoch, "seqs": some}
        for (kiosk_id, epoch), some in seqs.items()
    ]
