"""The import of what sets consist of; how many parts are there follows from it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import Connection, func, select

from kiosk.domain.values import Item
from sync.hub.importers.cells import Cells
from sync.hub.importers.csv_tables import Taken
from sync.hub.importers.load import (
    Outcome,
    Rows,
    begin_table,
    each_chunk,
    open_table,
    require,
    those_that_fit,
)
from sync.hub.importers.report import ImportReport, Rejected
from sync.hub.importers.run import Order
from sync.hub.importers.store import (
    ITEMS,
    Store,
    as_imported,
    known,
    rows_by,
    store_changed,
)
from sync.hub.importers.tables import BadCell, Column
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.rows import put_rows

COLUMNS = (
    Column("barcode", "条码号"),
    Column("number", "序号"),
    Column("name", "名称"),
    Column("missing", "缺失", required=False),
)
_PARTS = schema.item_parts


@dataclass(frozen=True, slots=True)
class SetPart:
    """One part of the set with this barcode; `number` counts from 1."""

    barcode: str
    number: int
    name: str
    missing: bool

    @property
    def key(self) -> str:
        return f"{self.barcode} {self.number}"


def import_parts(database: Database, order: Order) -> ImportReport:
    """Take a table of parts. Their copies must be in the database before them.

    The rows of one set stand together. Parts that the table does not name stay. A
    kiosk then expects those that are not missing; one at least must be there.
    """
    table = open_table(order, COLUMNS)
    run = begin_table(database, order, "item_parts", table)

    def take(conn: Connection, taken: list[Taken[SetPart]]) -> None:
        fits = those_that_fit(run, taken, _item_check(conn, taken))
        fits = those_that_fit(run, fits, _presence_check(conn, fits))
        parts = [each.value for each in fits]
        run.tally.taken += len(parts)
        run.tally.changed += store_changed(conn, PARTS, parts, run.journal)
        items = _counted(conn, {part.barcode for part in parts})
        run.tally.items += store_changed(conn, ITEMS, items, run.journal)

    each_chunk(run, table, _part, take, _by_set)
    return run.report()


def _part(cells: Cells) -> tuple[str, SetPart]:
    cells.text("number")
    value = SetPart(
        barcode=cells.number("barcode"),
        number=cells.count("number"),
        name=cells.text("name"),
        missing=cells.flag("missing"),
    )
    return value.key, value


def _by_set(rows: Rows[SetPart], size: int) -> Iterator[list[Outcome[SetPart]]]:
    """At least so many rows at a time; a set that stands together stays so."""
    chunk = list[Outcome[SetPart]]()
    for row in rows:
        if len(chunk) >= size and not _are_of_one_set(chunk[-1], row):
            yield chunk
            chunk = []
        chunk.append(row)
    if chunk:
        yield chunk


def _are_of_one_set(one: Outcome[SetPart], other: Outcome[SetPart]) -> bool:
    if isinstance(one, Rejected) or isinstance(other, Rejected):
        return False
    return one.value.barcode == other.value.barcode


def _item_check(
    conn: Connection, taken: Sequence[Taken[SetPart]]
) -> Callable[[SetPart], None]:
    barcodes = [each.value.barcode for each in taken]
    items = known(conn, schema.items.c.barcode, barcodes)
    return lambda part: require("barcode", part.barcode, items, "item")


def _presence_check(
    conn: Connection, taken: Sequence[Taken[SetPart]]
) -> Callable[[SetPart], None]:
    """A set of which nothing is there is not taken."""
    parts = _of_sets(conn, {each.value.barcode for each in taken})
    parts |= {each.value.key: each.value for each in taken}
    there = {part.barcode for part in parts.values() if not part.missing}

    def check(part: SetPart) -> None:
        if part.barcode not in there:
            raise BadCell("missing", "1", "one part of a set at least must be there")

    return check


def _counted(conn: Connection, barcodes: Collection[str]) -> list[Item]:
    """These copies with as many parts as are there."""
    of = _PARTS.c.barcode
    query = select(of, func.count()).where(of.in_(barcodes), ~_PARTS.c.missing)
    rows = conn.execute(query.group_by(of))
    counts = {barcode: count for barcode, count in rows}  # noqa: C416  # typed
    items = ITEMS.stored(conn, list(counts))
    return [replace(item, parts=counts[name]) for name, item in items.items()]


def _of_sets(conn: Connection, barcodes: Collection[str]) -> dict[str, SetPart]:
    rows = rows_by(conn, _PARTS, _PARTS.c.barcode, sorted(barcodes))
    parts = [SetPart(**row) for row in rows]
    return {part.key: part for part in parts}


def _stored(conn: Connection, keys: Sequence[str]) -> dict[str, SetPart]:
    found = _of_sets(conn, {key.partition(" ")[0] for key in keys})
    return {key: found[key] for key in keys if key in found}


def _put(conn: Connection, parts: Sequence[SetPart]) -> None:
    put_rows(conn, _PARTS, [asdict(part) for part in parts])


PARTS: Store[SetPart] = Store(
    "item_parts", lambda part: part.key, _stored, _put, as_imported
)
