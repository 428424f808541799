"""Everything that happened, as lines for people and other programs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec
from sqlalchemy import Connection, select

from kiosk.domain.values import COUNTY_TIME
from sync.hub.store import schema

_ROWS_AT_ONCE = 500


class LoanLine(msgspec.Struct, frozen=True):
    """One loan. `patron` is the card number, or the reference if it is unknown.

    Times are UTC; `due_at` is the last minute of the due day in the county.
    """

    item: str
    patron: str
    site: str
    loaned_at: dt.datetime
    due_at: dt.datetime
    returned_at: dt.datetime | None
    event_id: str


class EventLine(msgspec.Struct, frozen=True):
    """One event as it was received, with the verdict that was given."""

    event_id: str
    received_at: dt.datetime
    event: msgspec.Raw
    verdict: msgspec.Raw


class ItemLine(msgspec.Struct, frozen=True):
    """One copy, under the headings of the table that is imported."""

    barcode: str
    title_id: str
    item_type: str
    state: str
    owner: str
    home_site: str
    current_site: str
    adult_only: bool
    parts: int
    tag_uid: str


def item_lines(conn: Connection) -> Iterator[ItemLine]:
    """Every copy, by barcode."""
    rows = conn.execution_options(yield_per=_ROWS_AT_ONCE).execute(
        select(schema.items).order_by(schema.items.c.barcode)
    )
    for row in rows.mappings():
        yield ItemLine(**row)


def loan_lines(conn: Connection) -> Iterator[LoanLine]:
    """Every loan that happened, oldest first."""
    loans, patrons = schema.loans, schema.patrons
    rows = conn.execution_options(yield_per=_ROWS_AT_ONCE).execute(
        select(loans, patrons.c.number)
        .outerjoin(patrons, patrons.c.patron_ref == loans.c.patron_ref)
        .order_by(loans.c.loaned_at, loans.c.loan_id)
    )
    for row in rows.mappings():
        yield LoanLine(
            item=row["item"],
            patron=row["number"] or row["patron_ref"],
            site=row["loan_site"],
            loaned_at=row["loaned_at"],
            due_at=_end_of(row["due_on"]),
            returned_at=row["returned_at"],
            event_id=row["loan_id"],
        )


def event_lines(conn: Connection) -> Iterator[EventLine]:
    """Every event, in the order in which they came."""
    events = schema.events.c
    rows = conn.execution_options(yield_per=_ROWS_AT_ONCE).execute(
        select(
            events.event_id, events.received_at, events.body, events.verdict
        ).order_by(events.received_at, events.kiosk_id, events.epoch, events.seq)
    )
    for row in rows.mappings():
        yield EventLine(
            event_id=row["event_id"],
            received_at=row["received_at"],
            event=msgspec.Raw(row["body"].encode()),
            verdict=msgspec.Raw((row["verdict"] or "null").encode()),
        )


def _end_of(day: dt.date) -> dt.datetime:
    end = dt.datetime.combine(day, dt.time(23, 59), COUNTY_TIME)
    return end.astimezone(dt.UTC)
