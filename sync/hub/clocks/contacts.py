"""What a contact or an event teaches about the clocks of a kiosk, and what follows.

Every contact is a trusted pair: the kiosk says what its counting clock showed when it
sent, the hub knows when that arrived, so a slow line makes the pair late, never early.
What the hub had answered before bounds it from the other side.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    and_,
    bindparam,
    select,
    update,
)

from sync.hub.clocks import boots
from sync.hub.clocks.boot_order import BootOrder, epochs_of, extend
from sync.hub.clocks.boots import Said, Witness
from sync.hub.clocks.dating import DOUBT, TOLERANCE, Clocks, Dated, Recorded
from sync.hub.clocks.intervals import STRETCH_NS, Bracket, Pair, drift, duration
from sync.hub.clocks.succession import HORIZON, Known, Span
from sync.hub.store import schema
from sync.protocol import Clock, Event, Sent

#: No request takes longer to come: its nonce, which may have been given for a slot a
#: quarter of an hour away, is no older (PROTOCOL.md, sections 2 and 11).
LONGEST_WAY = dt.timedelta(minutes=30)

_NAME = re.compile(r"[0-9A-Za-z._:-]{1,64}")
#: More than any machine can have run, and still a time when taken from a date.
_LIMIT = 1 << 61
#: What a column of counted nanoseconds can hold.
_FIRST_NS, _LAST_NS = -(1 << 63), (1 << 63) - 1

_FACTS = schema.facts
#: What a fact is dated by, and how it is dated.
_DATES = select(
    _FACTS.c.fact_id,
    _FACTS.c.item,
    _FACTS.c.epoch,
    _FACTS.c.boot_id,
    _FACTS.c.monotonic_ns,
    _FACTS.c.recorded_at,
    _FACTS.c.recorded_clock,
    _FACTS.c.received_at,
    _FACTS.c.at,
    _FACTS.c.clock,
    _FACTS.c.believed,
    _FACTS.c.earliest,
    _FACTS.c.latest,
)
_MOVE = update(_FACTS).where(_FACTS.c.fact_id == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Contact:
    """A request as it arrived. `head` is that of the ledger, if the request names it."""

    kiosk_id: str
    sent: Sent | None
    received: dt.datetime
    events: Sequence[Event] = ()
    head: tuple[str, int] | None = None


class DatedAnew(NamedTuple):
    """Facts, and the items that they are about: their histories must be played again."""

    items: tuple[str, ...] = ()
    facts: frozenset[str] = frozenset()


def learn(conn: Connection, contact: Contact) -> DatedAnew:
    """Take in what a request tells of clocks. Returns what it dated anew."""
    kiosk_id = contact.kiosk_id
    better = boots.tighten(conn, kiosk_id, list(_brackets(contact)))
    longer = [
        span.boot_id
        for epoch, span in _spans(contact)
        if extend(conn, kiosk_id, epoch, span)
    ]
    concerned = [
        _reached(conn, kiosk_id, one)
        for one in better
        if one.by is Witness.CONTACT or not boots.is_met(conn, kiosk_id, one.boot_id)
    ]
    names = dict.fromkeys([*(one.boot_id for one in better), *longer])
    concerned += _undated(conn, kiosk_id, names)
    return _date_anew(conn, kiosk_id, concerned) if concerned else DatedAnew()


def _brackets(contact: Contact) -> Iterator[Said]:
    """The contact itself, then what its events vouch for: one bracket a stretch."""
    sent, received = contact.sent, contact.received
    if sent is not None and _sound(sent.boot_id, sent.monotonic_ns):
        bracket = Bracket(_heard(sent, received), Pair(received, sent.monotonic_ns))
        yield Said(sent.boot_id, Witness.CONTACT, bracket)
    vouched: dict[tuple[str, int], Bracket] = {}
    for event in contact.events:
        if _event_sound(event) and _vouched(event, received):
            bracket = _claim(event)
            key = event.boot_id, bracket.stretch
            vouched[key] = bracket.tightened(vouched.get(key, bracket))
    for (boot_id, _), bracket in vouched.items():
        yield Said(boot_id, Witness.EVENT, bracket)


def _spans(contact: Contact) -> Iterator[tuple[str, Span]]:
    """Which boots were running, where in which epoch."""
    sent, head = contact.sent, contact.head
    if (
        sent is not None
        and head is not None
        and _sound(sent.boot_id, sent.monotonic_ns)
    ):
        epoch, seq = head
        if 0 <= seq < _LIMIT and _NAME.fullmatch(epoch):
            yield epoch, Span(sent.boot_id, 2 * seq + 1, sent.monotonic_ns, None)
    spans: dict[tuple[str, str], Span] = {}
    for event in filter(_event_sound, contact.events):
        span = Span(
            event.boot_id, 2 * event.seq, event.monotonic_ns, _arrival(event, contact)
        )
        key = event.epoch, event.boot_id
        spans[key] = span.merged(spans.get(key, span))
    for (epoch, _), span in spans.items():
        yield epoch, span


def _arrival(event: Event, contact: Contact) -> Pair:
    """Not later than it came, nor than another boot that sent it had begun."""
    sent, received = contact.sent, contact.received
    if sent is not None and sent.boot_id != event.boot_id:
        ran = min(max(sent.monotonic_ns, 0), _LIMIT)
        received -= duration(ran) - drift(ran)
    return Pair(received, event.monotonic_ns)


def _heard(sent: Sent, received: dt.datetime) -> Pair:
    """The lower side of a contact: what the hub had said, or how old its nonce can be."""
    oldest = Pair(received - LONGEST_WAY, sent.monotonic_ns)
    heard = sent.heard
    if heard is None or heard.hub_time.tzinfo is None:
        return oldest
    if not received - HORIZON <= heard.hub_time <= received + TOLERANCE:
        return oldest  # the hub's clock was put back, or this means nothing
    if not 0 <= heard.monotonic_ns <= sent.monotonic_ns:
        return oldest
    told = Pair(heard.hub_time, heard.monotonic_ns)
    return max(oldest, told, key=lambda pair: pair.earliest(sent.monotonic_ns))


def _claim(event: Event) -> Bracket:
    at, ns, doubt = event.occurred_at, event.monotonic_ns, DOUBT[Clock.SYNCED]
    return Bracket(Pair(at - doubt, ns), Pair(at + doubt, ns))


def _vouched(event: Event, received: dt.datetime) -> bool:
    if event.clock is not Clock.SYNCED:
        return False
    return received - HORIZON <= event.occurred_at <= received + TOLERANCE


def _event_sound(event: Event) -> bool:
    known_zone = event.occurred_at.tzinfo is not None
    in_range = 0 < event.seq < _LIMIT
    return known_zone and in_range and _sound(event.boot_id, event.monotonic_ns)


def _sound(boot_id: str, ns: int) -> bool:
    return 0 <= ns < _LIMIT and _NAME.fullmatch(boot_id) is not None


def _reached(conn: Connection, kiosk_id: str, said: Said) -> ColumnElement[bool]:
    """The facts in whose date this bracket has a say."""
    ns = said.bracket.high.ns
    low, high = boots.reach(conn, kiosk_id, said.boot_id, said.by, ns)
    first_ns = _FIRST_NS if low is None else (low + 1) * STRETCH_NS
    last_ns = _LAST_NS if high is None else high * STRETCH_NS - 1
    return and_(
        _FACTS.c.boot_id == said.boot_id,
        _FACTS.c.monotonic_ns.between(first_ns, last_ns),
    )


def _undated(
    conn: Connection, kiosk_id: str, boot_ids: Iterable[str]
) -> list[ColumnElement[bool]]:
    """Facts of these boots, if nothing dates them, and of such boots next to them."""
    known = boots.witnessed(conn, kiosk_id)
    orders: dict[str, BootOrder] = {}
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for boot_id in boot_ids:
        for epoch in epochs_of(conn, kiosk_id, boot_id):
            if boot_id not in found[epoch]:
                order = orders.setdefault(epoch, BootOrder(conn, kiosk_id, epoch))
                found[epoch] |= dict.fromkeys(_undated_run(order, boot_id, known))
    return [
        and_(_FACTS.c.boot_id.in_(names), _FACTS.c.epoch == epoch)
        for epoch, names in found.items()
        if names
    ]


def _undated_run(order: BootOrder, boot_id: str, known: Known) -> Iterator[str]:
    """Undated boots without a dated one between them; this one stands among them."""
    here = order.span(boot_id)
    if here is None:
        return

    def undated(span: Span) -> bool:
        return known(span.boot_id, span.last_ns) is None

    sides = (order.earlier(here), filter(undated, [here]), order.later(here))
    for side in sides:
        yield from (span.boot_id for span in takewhile(undated, side))


def _date_anew(
    conn: Connection, kiosk_id: str, concerned: Iterable[ColumnElement[bool]]
) -> DatedAnew:
    """Date these facts of a kiosk again; returns those that moved."""
    clocks = Clocks(conn, kiosk_id)
    rows: dict[str, RowMapping] = {}
    for where in concerned:
        query = _DATES.where(_FACTS.c.kiosk_id == kiosk_id, where)
        rows |= {row["fact_id"]: row for row in conn.execute(query).mappings()}
    moved: dict[str, dict[str, object]] = {}
    for fact_id, row in rows.items():
        values = columns(clocks.date(_recorded(row)))
        if any(row[name] != value for name, value in values.items()):
            moved[fact_id] = {"of": fact_id, **values}
    if moved:
        conn.execute(_MOVE, list(moved.values()))
    items = dict.fromkeys(rows[fact_id]["item"] for fact_id in moved)
    return DatedAnew(tuple(items), frozenset(moved))


def _recorded(row: RowMapping) -> Recorded:
    return Recorded(
        epoch=row["epoch"],
        boot_id=row["boot_id"],
        ns=row["monotonic_ns"],
        wall=row["recorded_at"],
        clock=Clock(row["recorded_clock"]),
        received_at=row["received_at"],
    )


def columns(when: Dated) -> dict[str, object]:
    """The columns of a fact that follow from its dating."""
    return {
        "at": when.at,
        "clock": when.clock.value,
        "believed": when.believed,
        "earliest": when.span.earliest,
        "latest": when.span.latest,
    }
