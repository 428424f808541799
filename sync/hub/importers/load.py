"""One import, from a file's bytes to the database and a report of what became of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Column as DatabaseColumn
from sqlalchemy import select

from kiosk.domain.values import Item
from sync.hub.importers import csv_tables
from sync.hub.importers.cells import Cells
from sync.hub.importers.csv_tables import Taken, read_rows, reject
from sync.hub.importers.marc import Encoding
from sync.hub.importers.report import ImportReport, Rejected, Remark
from sync.hub.importers.store import (
    ITEMS,
    SITES,
    Progress,
    store_changed,
    store_patrons,
)
from sync.hub.importers.tables import BadCell, Column, read_table
from sync.hub.store import schema
from sync.hub.store.database import Database

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Order:
    """What to import and how. `file` is its name in messages, never opened."""

    file: str
    content: bytes
    encoding: Encoding = Encoding.AUTO
    dry_run: bool = False
    progress: Progress = lambda _done, _total: None


@dataclass(frozen=True, slots=True)
class Parsed(Generic[Value]):
    """A file's good values, what was refused and what was noticed, in file order."""

    taken: tuple[Taken[Value], ...]
    rejected: tuple[Rejected, ...]
    remarks: tuple[Remark, ...] = ()

    @property
    def values(self) -> list[Value]:
        return [each.value for each in self.taken]


def import_sites(database: Database, order: Order) -> ImportReport:
    """Take sites.csv. A parent must stand in the file or in the database."""
    parsed = _read(order, csv_tables.SITE_COLUMNS, csv_tables.site)
    known = stored_keys(database, schema.sites.c.site_id)
    known |= {each.key for each in parsed.taken}
    parsed = _fitting(
        parsed, lambda site: _require("parent", site.parent or "", known, "site")
    )
    changed = store_changed(
        database, SITES, parsed.values, order.progress, dry_run=order.dry_run
    )
    return report(order, parsed, changed)


def import_items(database: Database, order: Order) -> ImportReport:
    """Take items.csv. Titles and sites must be in the database before their copies.

    A tag belongs to one copy: the row of another one is rejected.
    """
    parsed = _read(order, csv_tables.ITEM_COLUMNS, csv_tables.item)
    titles = stored_keys(database, schema.titles.c.title_id)
    sites = stored_keys(database, schema.sites.c.site_id)
    tags = _other_tags(database, parsed.values)

    def check(item: Item) -> None:
        _require("title_id", item.title_id, titles, "title")
        _require("home_site", item.home_site, sites, "site")
        _require("current_site", item.current_site, sites, "site")
        if item.tag_uid and tags.setdefault(item.tag_uid, item.barcode) != item.barcode:
            reason = f"is the tag of {tags[item.tag_uid]} already"
            raise BadCell("tag_uid", item.tag_uid, reason)

    parsed = _fitting(parsed, check)
    changed = store_changed(
        database, ITEMS, parsed.values, order.progress, dry_run=order.dry_run
    )
    return report(order, parsed, changed)


def _other_tags(database: Database, items: Sequence[Item]) -> dict[str, str]:
    """Barcodes by tag UID, of the copies that these rows give no tag."""
    given = {item.barcode for item in items if item.tag_uid}
    columns = schema.items.c
    query = select(columns.tag_uid, columns.barcode).where(columns.tag_uid != "")
    with database.reading() as conn:
        stored = conn.execute(query).all()
    return {uid: barcode for uid, barcode in stored if barcode not in given}


def import_patrons(database: Database, order: Order) -> ImportReport:
    """Take patrons.csv. A card that is another patron's already stays that one's."""
    parsed = _read(order, csv_tables.PATRON_COLUMNS, csv_tables.patron)
    changed, others = store_patrons(
        database, parsed.values, order.progress, dry_run=order.dry_run
    )
    lines = {each.key: each.line for each in parsed.taken}
    remarks = [
        Remark(
            number=lines[other.number],
            text=f"{other.text} identifies another patron already; left out",
        )
        for other in others
    ]
    parsed = Parsed(parsed.taken, parsed.rejected, (*parsed.remarks, *remarks))
    return report(order, parsed, changed)


def stored_keys(database: Database, column: DatabaseColumn[Any]) -> set[str]:
    """Return every value of a key column."""
    with database.reading() as conn:
        return set(conn.execute(select(column)).scalars())


def report(
    order: Order, parsed: Parsed[Any], changed: int, items: int = 0
) -> ImportReport:
    return ImportReport(
        file=order.file,
        read=len(parsed.taken) + len(parsed.rejected),
        taken=len(parsed.taken),
        changed=changed,
        items=items,
        dry_run=order.dry_run,
        rejected=parsed.rejected,
        remarks=parsed.remarks,
    )


def sort_out(
    outcomes: Iterable[Taken[Value] | Rejected], remarks: Sequence[Remark] = ()
) -> Parsed[Value]:
    taken, rejected = list[Taken[Value]](), list[Rejected]()
    for outcome in outcomes:
        if isinstance(outcome, Rejected):
            rejected.append(outcome)
        else:
            taken.append(outcome)
    return Parsed(tuple(taken), tuple(rejected), tuple(remarks))


def _read(
    order: Order,
    columns: Sequence[Column],
    read: Callable[[Cells], tuple[str, Value]],
) -> Parsed[Value]:
    table = read_table(order.content, columns, order.file, order.encoding)
    unused = ", ".join(table.unused)
    remarks = [Remark(number=1, text=f"columns not used: {unused}")] if unused else []
    return sort_out(read_rows(table.rows, read), remarks)


def _fitting(parsed: Parsed[Value], check: Callable[[Value], None]) -> Parsed[Value]:
    """Reject the values that refer to something the hub does not have."""
    fits, rejected = [], list(parsed.rejected)
    for each in parsed.taken:
        try:
            check(each.value)
        except BadCell as err:
            rejected.append(reject(each.line, err))
        else:
            fits.append(each)
    rejected.sort(key=lambda one: one.number)
    return Parsed(tuple(fits), tuple(rejected), parsed.remarks)


def _require(column: str, value: str, known: Collection[str], what: str) -> None:
    """Raise BadCell for a reference to nothing; an empty cell refers to nothing."""
    if value and value not in known:
        raise BadCell(column, value, f"there is no such {what} in the hub")
