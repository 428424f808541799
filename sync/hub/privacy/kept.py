"""Why the readers of some items stay known for now."""

from __future__ import annotations

import enum

from sqlalchemy import Connection, exists, select

from kiosk.domain.values import ItemState
from sync.hub.circulation.cases import CaseState
from sync.hub.library.tasks import OPEN
from sync.hub.store import schema


class Reason(enum.StrEnum):
    """LIBRARY: its own library system has yet to learn it. LOST: not settled yet.

    CHANGED: the item's history would read otherwise.
    """

    CASE = "case"
    LIBRARY = "library"
    LOST = "lost"
    CHANGED = "changed"


def why_kept(conn: Connection, item: str) -> Reason | None:
    """What forbids to forget who had this item."""
    cases, items = schema.cases.c, schema.items.c
    tasks, facts = schema.library_tasks.c, schema.facts.c
    told = exists().where(
        tasks.fact_id == facts.fact_id, facts.item == item, tasks.state.in_(OPEN)
    )
    grounds = {
        Reason.CASE: exists().where(
            cases.item == item, cases.state == CaseState.OPEN.value
        ),
        Reason.LIBRARY: told,
        Reason.LOST: exists().where(
            items.barcode == item, items.state == ItemState.LOST.value
        ),
    }
    found = conn.execute(select(*grounds.values())).one()
    return next((why for why, is_so in zip(grounds, found, strict=True) if is_so), None)
