"""Events that a kiosk recorded anew: the same fact at another place in its chain.

A kiosk whose card was rolled back or cloned leaves the epoch and takes along what
the hub has not judged, under the same ids. The hub may hold the original all the same.
"""

from __future__ import annotations

import hashlib

import msgspec
from sqlalchemy import Connection, insert, select

from sync.hub.intake.wire import Envelope, Received
from sync.hub.store import schema
from sync.protocol import Json

#: Where an event stands; all else is what happened.
_PLACE = ("epoch", "seq", "prev_hash", "hash")


def is_copy(conn: Connection, received: Received) -> bool:
    """Tell whether the hub holds the same fact, of the same kiosk, at another place."""
    events = schema.events.c
    query = select(events.body, events.fingerprint)
    own = events.event_id == received.envelope.event_id
    stored = conn.execute(query.where(own)).one_or_none()
    if stored is None:
        return False
    if stored.fingerprint is not None:
        return bool(stored.fingerprint == fingerprint(received.body))
    return same_fact(stored.body, received.body)


def same_fact(one: str, other: str) -> bool:
    """Tell whether two bodies differ in nothing but their place in the chain."""
    return _without_place(one) == _without_place(other)


def fingerprint(body: str) -> str:
    """By it a copy is recognised even when the body that is kept tells less."""
    plain = msgspec.json.encode(_without_place(body), order="sorted")
    return hashlib.sha256(plain).hexdigest()


def put_copy(conn: Connection, envelope: Envelope) -> None:
    """Note where an event stands as well."""
    row = {
        "kiosk_id": envelope.kiosk_id,
        "epoch": envelope.epoch,
        "seq": envelope.seq,
        "event_id": envelope.event_id,
        "hash": envelope.hash,
        "prev_hash": envelope.prev_hash,
    }
    conn.execute(insert(schema.event_copies), [row])


def _without_place(body: str) -> Json:
    fields = msgspec.json.decode(body, type=Json)
    return {name: value for name, value in fields.items() if name not in _PLACE}
