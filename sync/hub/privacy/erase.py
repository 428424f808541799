"""Erasing a reader: nothing that is left leads to them.

The reference that their facts were under stays in the audit log; it stands for
nobody any more. What a kiosk still sends under it is judged as of an unknown reader.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select

from sync.hub.circulation.cases import CaseState
from sync.hub.circulation.hold_values import ACTIVE
from sync.hub.county.audit import Actor, note
from sync.hub.county.patron_files import PatronFile
from sync.hub.county.search_terms import Kind, index, words
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.library.tasks import OPEN
from sync.hub.privacy import runs
from sync.hub.privacy.answers import forget_answers_of
from sync.hub.privacy.due import Scope
from sync.hub.privacy.events import forget_cards
from sync.hub.privacy.holds import forget_holds, titles_of
from sync.hub.privacy.imports import forget_imports_of
from sync.hub.privacy.item import forget_item
from sync.hub.privacy.links import items_of
from sync.hub.refusal import Refusal
from sync.hub.store import schema


class CannotErase(Refusal, ValueError):
    """Why a reader can't be erased yet; `reasons` are words like "loans"."""

    def __init__(self, number: str, reasons: tuple[str, ...]) -> None:
        super().__init__(f"{number} can't be erased yet: {', '.join(reasons)}")
        self.reasons = reasons


def reasons_to_keep(conn: Connection, patron_ref: str) -> tuple[str, ...]:
    """What has to be settled first: open loans, holds, cases, wards, or the queue."""
    grounds = _grounds(patron_ref)
    found = conn.execute(select(*grounds.values())).one()
    return tuple(why for why, is_so in zip(grounds, found, strict=True) if is_so)


def erase(conn: Connection, patron: PatronFile, who: Actor, now: dt.datetime) -> str:
    """Forget the reader and all that they did; returns the run that proves it.

    Raises CannotErase, and then nothing is changed.
    """
    reasons = reasons_to_keep(conn, patron.patron_ref)
    if reasons:
        raise CannotErase(patron.number, reasons)
    run = runs.begin(conn, "erasure", who.name, now, now)
    forgotten = _forget_facts(conn, patron, now) + _forget_record(conn, patron)
    runs.count(conn, run, forgotten, Counter(), now)
    about = f"patron:{patron.patron_ref}"
    note(conn, who, "patron.erase", about, now, reason=run)
    return run


def _grounds(patron_ref: str) -> dict[str, ColumnElement[bool]]:
    loans, holds, cases = schema.loans.c, schema.holds.c, schema.cases.c
    facts, tasks = schema.facts.c, schema.library_tasks.c
    lives = {state.value for state in ACTIVE}
    is_named = or_(
        cases.patron_ref == patron_ref,
        cases.sides.contains(patron_ref, autoescape=True),
    )
    is_queued = exists().where(
        tasks.fact_id == facts.fact_id,
        tasks.state.in_(OPEN),
        facts.patron_ref == patron_ref,
    )
    return {
        "loans": exists().where(
            loans.patron_ref == patron_ref, loans.returned_at.is_(None)
        ),
        "holds": exists().where(holds.patron_ref == patron_ref, holds.state.in_(lives)),
        "cases": exists().where(is_named, cases.state == CaseState.OPEN.value),
        "wards": exists().where(schema.patrons.c.guardian == patron_ref),
        "library": is_queued,
    }


def _forget_facts(
    conn: Connection, patron: PatronFile, now: dt.datetime
) -> Counter[str]:
    scope = Scope(now, only=patron.patron_ref)
    forgotten: Counter[str] = Counter()
    for item in items_of(conn, patron.patron_ref):
        forgotten += forget_item(conn, item, scope) or Counter()
    for title_id in titles_of(conn, patron.patron_ref):
        forgotten += forget_holds(conn, title_id, scope)
    return forgotten


def _forget_record(conn: Connection, patron: PatronFile) -> Counter[str]:
    """The record itself and all that hangs on it; kiosks are told."""
    ref = patron.patron_ref
    cards = schema.credentials.c
    query = select(cards.digest, cards.text).where(cards.patron_ref == ref)
    mine = {row.digest: row.text for row in conn.execute(query)}
    index(conn, Kind.PATRON, {patron.number: words(patron.name)}, {})
    imports = forget_imports_of(conn, patron)
    for table in (schema.credentials, schema.consents, schema.hold_bars):
        conn.execute(delete(table).where(table.c.patron_ref == ref))
    conn.execute(delete(schema.patrons).where(schema.patrons.c.patron_ref == ref))
    mark(conn, Feed.CREDENTIAL, list(mine))
    mark(conn, Feed.PATRON, [ref])
    return Counter(
        patrons=1,
        cards=len(mine),
        imports=imports,
        answers=forget_answers_of(conn, mine.values()),
        events=forget_cards(conn, mine.values()),
    )
