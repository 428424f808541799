"""The lane for what a revoked device still sends: kept, marked, and not judged.

What was kept stays with staff even when the device is back in service, until they
admit it (`sync.hub.admission`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, insert, select

from sync.hub.circulation.cases import open_cases
from sync.hub.circulation.facts import Finding, Severity
from sync.hub.intake.cards import open_of
from sync.hub.intake.chain import LINKS, advance, between
from sync.hub.intake.copies import put_copy, same_fact
from sync.hub.intake.held import HeldEvents
from sync.hub.intake.wire import Received
from sync.hub.store import schema
from sync.hub.store.among import among
from sync.protocol import ID_CONFLICT, INVALID, Outcome, Verdict, is_ask

REVOKED = "revoked_device"

_TABLE = schema.quarantine.c
_KEPT = select(_TABLE.event_id, _TABLE.body).where(
    _TABLE.kiosk_id == bindparam("kiosk_id"), among(_TABLE.event_id, "names")
)
_WAITING = _KEPT.where(_TABLE.admitted_at.is_(None))


def set_aside(
    conn: Connection, kiosk_id: str, batch: Sequence[Received], now: dt.datetime
) -> tuple[Verdict, ...]:
    """Keep what a revoked device sends for staff; its asks are refused, and kept too.

    What was judged before keeps its verdict. What is no event, or other content under
    a name that is kept already, is refused as in the ordinary lane: only what is kept
    is said to be with staff.
    """
    sound = [one for one in batch if _is_sound(one, kiosk_id)]
    held = HeldEvents(conn, [one.envelope for one in sound])
    kept = _bodies(conn, kiosk_id, sound, waiting=False)
    before = set(kept)
    verdicts = tuple(
        _take(one, held, kept)
        if _is_sound(one, kiosk_id)
        else _verdict(one, Outcome.REFUSED, INVALID)
        for one in batch
    )
    _note_places(conn, sound, kept)
    _keep(conn, kiosk_id, [one for one in sound if _is_new(one, kept, before)], now)
    for epoch in dict.fromkeys(one.envelope.epoch for one in sound):
        advance(conn, kiosk_id, epoch, now)
    return verdicts


def kept_aside(
    conn: Connection, kiosk_id: str, batch: Sequence[Received]
) -> dict[str, Verdict]:
    """Verdicts on what staff have still to admit, by event id."""
    sound = [one for one in batch if _is_sound(one, kiosk_id)]
    kept = _bodies(conn, kiosk_id, sound, waiting=True)
    _note_places(conn, sound, kept)
    return {
        one.envelope.event_id: _answer(one, kept[one.envelope.event_id])
        for one in sound
        if one.envelope.event_id in kept
    }


def _is_sound(one: Received, kiosk_id: str) -> bool:
    return one.flaw is None and one.envelope.kiosk_id == kiosk_id


def _bodies(
    conn: Connection, kiosk_id: str, sound: Sequence[Received], *, waiting: bool
) -> dict[str, str]:
    """What is kept already under these names; `waiting`: not yet admitted."""
    names = [one.envelope.event_id for one in sound]
    query = _WAITING if waiting else _KEPT
    rows = conn.execute(query, {"kiosk_id": kiosk_id, "names": names})
    return {row.event_id: row.body for row in rows}


def _take(one: Received, held: HeldEvents, kept: dict[str, str]) -> Verdict:
    """Judge whether one event is kept; if so it stands in `kept` afterwards."""
    like = held.like(one.envelope)
    if len(like) == 1 and like[0].same_as(one.envelope):
        return like[0].verdict
    return _answer(one, kept.setdefault(one.envelope.event_id, one.body))


def _answer(one: Received, kept: str) -> Verdict:
    if not same_fact(kept, one.body):
        return _verdict(one, Outcome.REFUSED, ID_CONFLICT)
    if one.event is not None and is_ask(one.event):
        return _verdict(one, Outcome.REFUSED, "E-SERVICE")
    return _verdict(one, Outcome.NEEDS_STAFF, REVOKED)


def _note_places(
    conn: Connection, sound: Sequence[Received], kept: dict[str, str]
) -> None:
    """What was recorded anew counts at its new place as well."""
    for one in sound:
        body, place = kept.get(one.envelope.event_id), one.envelope
        if body is None or body == one.body or not same_fact(body, one.body):
            continue
        here = between(place.kiosk_id, place.epoch, place.seq, place.seq)
        if conn.execute(select(LINKS), here).first() is None:
            put_copy(conn, place)


def _is_new(one: Received, kept: dict[str, str], before: set[str]) -> bool:
    name = one.envelope.event_id
    return name not in before and kept.get(name) == one.body


def _keep(
    conn: Connection, kiosk_id: str, fresh: Sequence[Received], now: dt.datetime
) -> None:
    by_id = {one.envelope.event_id: one for one in fresh}
    if not by_id:
        return
    rows = [_row(one, now) for one in by_id.values()]
    conn.execute(insert(schema.quarantine), rows)
    if not open_of(conn, kiosk_id, (REVOKED,)):
        finding = Finding(REVOKED, Severity.HIGH, f"{kiosk_id}:{min(by_id)}")
        open_cases(conn, [finding], now, kiosk_id)


def _row(one: Received, now: dt.datetime) -> dict[str, object]:
    envelope = one.envelope
    return {
        "kiosk_id": envelope.kiosk_id,
        "event_id": envelope.event_id,
        "epoch": envelope.epoch,
        "seq": envelope.seq,
        "hash": envelope.hash,
        "prev_hash": envelope.prev_hash,
        "body": one.body,
        "received_at": now,
    }


def _verdict(one: Received, outcome: Outcome, reason: str) -> Verdict:
    return Verdict(
        event_id=one.envelope.event_id,
        epoch=one.envelope.epoch,
        seq=one.envelope.seq,
        outcome=outcome,
        reason=reason,
    )
