"""The county's records of patron and item: kept with a fact, made up for a new item."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import select

from kiosk.domain.values import Item, ItemState, Title
from sync.hub.circulation.facts import Fact, Records, provisional_title
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.store import schema

#: The type of an item that nobody has described yet.
DEFAULT_ITEM_TYPE = "BOOK"


def records_now(work: UnitOfWork, patron_ref: str, item: str) -> Records:
    """What the records say now. A provisional record says nothing."""
    patron = work.patron(patron_ref) if patron_ref else None
    return Records(
        rules_version=work.rules_version,
        patron=patron and replace(patron, name=""),
        item=_described(work, item),
    )


def completed(work: UnitOfWork, fact: Fact) -> Fact:
    """Fill in who or what the county has come to know only after the fact came."""
    records = fact.records
    if fact.patron_ref and records.patron is None:
        patron = work.patron(fact.patron_ref)
        records = replace(records, patron=patron and replace(patron, name=""))
    if records.item is None:
        item = _described(work, fact.item)
        records = replace(records, item=item and _not_lost(item))
    return replace(fact, records=records)


def keep_item(work: UnitOfWork, handled: Sequence[Fact]) -> bool:
    """See that an item that was here has a record. False while it is provisional.

    `handled`: its loans and returns in order; the first one says where it belongs.
    """
    if not handled:
        return True
    stored = work.item(handled[0].item)
    if stored is not None and stored.state is not ItemState.PROVISIONAL:
        return True
    _put_provisional(work, stored, handled)
    return False


def found(work: UnitOfWork, barcode: str) -> None:
    """An item that was here is not lost."""
    item = work.item(barcode)
    if item is not None and item.state is ItemState.LOST:
        work.put_item(_not_lost(item))


def _described(work: UnitOfWork, barcode: str) -> Item | None:
    item = work.item(barcode)
    return item if item and item.state is not ItemState.PROVISIONAL else None


def _not_lost(item: Item) -> Item:
    lost = item.state is ItemState.LOST
    return replace(item, state=ItemState.LENDABLE) if lost else item


def _put_provisional(
    work: UnitOfWork, stored: Item | None, handled: Sequence[Fact]
) -> None:
    """Enough of a record to lend and return by, until the county completes it."""
    first = handled[0]
    title_id = provisional_title(first.item)
    title = Title(title_id, _title(work, handled) or first.item)
    item = Item(
        barcode=first.item,
        title_id=title_id,
        item_type=DEFAULT_ITEM_TYPE,
        state=ItemState.PROVISIONAL,
        owner="",
        home_site=first.site_id,
        current_site=stored.current_site if stored else first.site_id,
    )
    if work.title(title_id) != title:
        work.put_title(title)
    if stored != item:
        work.put_item(item)


def _title(work: UnitOfWork, handled: Sequence[Fact]) -> str:
    """The title that the first kiosk to know one has shown."""
    table = schema.events
    names = [fact.fact_id for fact in handled]
    rows = work.ask(
        select(table.c.event_id, table.c.body).where(table.c.event_id.in_(names))
    )
    bodies = {row.event_id: row.body for row in rows}
    titles = [_shown_title(bodies[name]) for name in names if name in bodies]
    return next(filter(None, titles), "")


class _Shown(msgspec.Struct, frozen=True):
    payload: dict[str, object] = {}


def _shown_title(body: str) -> str:
    title = msgspec.json.decode(body, type=_Shown).payload.get("title")
    return title if isinstance(title, str) else ""
