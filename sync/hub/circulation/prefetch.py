"""Reading at once what the loans and returns of a batch will be judged by.

It only saves questions: what is missing here is asked for when it is needed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sync.hub.circulation.facts import provisional_title
from sync.hub.circulation.limits import case_ids
from sync.hub.circulation.patron_loans import Span
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.intake.cards import conflict_case
from sync.hub.store.rows import Row
from sync.protocol import Event


def prefetch(work: UnitOfWork, events: Sequence[Event]) -> None:
    """Read what these events name, table by table."""
    names = [event.event_id for event in events]
    items = [event.item for event in events if event.item]
    work.cases.fetch(map(conflict_case, names))
    if not items:
        return
    work.facts.fetch(names)
    work.loans.fetch(names)
    for table in (work.facts, work.loans, work.cases, work.transfers):
        table.fetch_having("item", items)
    for records in (work.items, work.box_items):
        records.fetch(items)
    work.facts.fetch_having("title_id", _titles(work, items))
    _prefetch_readers(work, events, items)


def _titles(work: UnitOfWork, items: Sequence[str]) -> set[str]:
    """Those that readers may wait for; what the county does not know has its own."""
    known = {row["title_id"] for row in work.items.some(items)}
    return known | {provisional_title(item) for item in items} - {""}


def _prefetch_readers(
    work: UnitOfWork, events: Sequence[Event], items: Sequence[str]
) -> None:
    """The readers of the events, those who have or had the items, and their loans."""
    loans = [row for item in items for row in work.loans.known("item", item)]
    still_open = [row for row in loans if row["returned_at"] is None]
    refs = {event.patron_ref for event in events if event.patron_ref}
    refs |= {row["patron_ref"] for row in still_open}
    times = [event.occurred_at for event in events]
    span = Span(min([*times, *_begun(still_open)]), max(times))
    work.patrons.fetch(refs)
    work.patron_loans.fetch(refs, span)
    theirs = [row for ref in refs for row in work.patron_loans.during(ref, span)]
    begun_by = [row["loan_id"] for row in theirs]
    work.facts.fetch(begun_by)
    work.items.fetch(row["item"] for row in theirs)
    work.cases.fetch(case_ids([*begun_by, *(event.event_id for event in events)]))


def _begun(loans: Sequence[Row]) -> list[dt.datetime]:
    return [row["loaned_at"] for row in loans]
