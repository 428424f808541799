"""The imports of tables: chunk by chunk, each in a transaction of its own.

What was stored before a kill stays, and importing the file again goes on from there:
what is the same already is not written twice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from typing import TypeAlias, TypeVar

from sqlalchemy import Connection, select

from kiosk.domain.values import Item, Title
from sync.hub.county.catalogue import SiteRow
from sync.hub.importers import csv_tables
from sync.hub.importers.cells import Cells
from sync.hub.importers.csv_rows import LINES_A_ROW
from sync.hub.importers.csv_tables import Taken, read_rows, reject
from sync.hub.importers.report import ImportReport, Rejected
from sync.hub.importers.run import Order, Run, begin
from sync.hub.importers.seen import Seen
from sync.hub.importers.source import chunks, count
from sync.hub.importers.store import ITEMS, SITES, TITLES, known, store_changed
from sync.hub.importers.tables import BadCell, Column, Table, read_table
from sync.hub.store import schema
from sync.hub.store.database import CHUNK, Database

Value = TypeVar("Value")
Read = Callable[[Cells], tuple[str, Value]]
Outcome: TypeAlias = Taken[Value] | Rejected
Rows: TypeAlias = Iterator[Outcome[Value]]


def import_sites(database: Database, order: Order) -> ImportReport:
    """Take a table of sites. A parent must stand in the file or in the database."""
    table = open_table(order, csv_tables.SITE_COLUMNS)
    with Seen() as named:
        for each in _read_all(order, csv_tables.SITE_COLUMNS, csv_tables.site):
            named.first(each.key, each.line)
        run = begin_table(database, order, "sites", table)

        def take(conn: Connection, taken: list[Taken[SiteRow]]) -> None:
            parents = {each.value.parent or "" for each in taken}
            there = known(conn, schema.sites.c.site_id, list(parents))
            there |= {parent for parent in parents if parent in named}
            fits = fitting(
                run,
                taken,
                lambda site: require("parent", site.parent or "", there, "site"),
            )
            run.tally.changed += store_changed(conn, SITES, fits, run.journal)

        each_chunk(run, table, csv_tables.site, take)
    return run.report()


def import_titles(database: Database, order: Order) -> ImportReport:
    """Take a table of titles."""
    table = open_table(order, csv_tables.TITLE_COLUMNS)
    run = begin_table(database, order, "titles", table)

    def take(conn: Connection, taken: list[Taken[Title]]) -> None:
        values = [each.value for each in taken]
        run.tally.taken += len(values)
        run.tally.changed += store_changed(conn, TITLES, values, run.journal)

    each_chunk(run, table, csv_tables.title, take)
    return run.report()


def import_items(database: Database, order: Order) -> ImportReport:
    """Take a table of items. Titles and sites must be in the database before them.

    A tag belongs to one copy: the row of another one is rejected.
    """
    table = open_table(order, csv_tables.ITEM_COLUMNS)
    with ExitStack() as stack:
        retagged, tags = stack.enter_context(Seen()), stack.enter_context(Seen())
        if "tag_uid" in table.columns:
            for each in _read_all(order, csv_tables.ITEM_COLUMNS, csv_tables.item):
                if each.value.tag_uid:
                    retagged.first(each.key, each.line)
        run = begin_table(database, order, "items", table)

        def take(conn: Connection, taken: list[Taken[Item]]) -> None:
            items = [each.value for each in taken]
            fits = fitting(run, taken, _item_check(conn, items, retagged, tags))
            run.tally.changed += store_changed(conn, ITEMS, fits, run.journal)

        each_chunk(run, table, csv_tables.item, take)
    return run.report()


def open_table(
    order: Order, columns: Sequence[Column], lines_a_row: int = LINES_A_ROW
) -> Table:
    return read_table(
        order.content, columns, order.file, order.encoding, order.layout, lines_a_row
    )


def _read_all(
    order: Order, columns: Sequence[Column], read: Read[Value]
) -> Iterator[Taken[Value]]:
    """A first look at a file whose rows refer to later ones."""
    with Seen() as keys:
        for each in read_rows(open_table(order, columns).rows, read, keys):
            if not isinstance(each, Rejected):
                yield each


def begin_table(database: Database, order: Order, kind: str, table: Table) -> Run:
    run = begin(database, order, kind)
    if table.unused:
        run.tally.remark(1, f"columns not used: {', '.join(table.unused)}")
    if table.other_sheets:
        run.tally.remark(1, f"sheets not read: {', '.join(table.other_sheets)}")
    return run


def each_chunk(
    run: Run,
    table: Table,
    read: Read[Value],
    take: Callable[[Connection, list[Taken[Value]]], None],
    split: Callable[[Rows[Value], int], Iterator[list[Outcome[Value]]]] = chunks,
) -> None:
    """Read, sort out and take it, so many rows at a time as `split` says."""
    total = count(run.order.content, b"\n")
    with Seen() as keys:
        for chunk in split(read_rows(table.rows, read, keys), CHUNK):
            taken = sort_out(run, chunk)
            with run.writing() as conn:
                take(conn, taken)
            run.order.progress(len(chunk), total)


def sort_out(run: Run, chunk: list[Taken[Value] | Rejected]) -> list[Taken[Value]]:
    """Reject what is no row; return the rest."""
    taken = list[Taken[Value]]()
    for outcome in chunk:
        if isinstance(outcome, Rejected):
            run.tally.reject(outcome)
        else:
            taken.append(outcome)
    return taken


def fitting(
    run: Run, taken: list[Taken[Value]], check: Callable[[Value], None]
) -> list[Value]:
    """Reject the values that refer to something the hub does not have."""
    fits = [each.value for each in those_that_fit(run, taken, check)]
    run.tally.taken += len(fits)
    return fits


def those_that_fit(
    run: Run, taken: list[Taken[Value]], check: Callable[[Value], None]
) -> list[Taken[Value]]:
    """Reject those of which `check` raises BadCell; return the rest."""
    fits = list[Taken[Value]]()
    for each in taken:
        try:
            check(each.value)
        except BadCell as err:
            run.tally.reject(reject(each.line, err))
        else:
            fits.append(each)
    return fits


def _item_check(
    conn: Connection, items: Sequence[Item], retagged: Seen, tags: Seen
) -> Callable[[Item], None]:
    titles = known(conn, schema.titles.c.title_id, [item.title_id for item in items])
    places = [place for item in items for place in (item.home_site, item.current_site)]
    sites = known(conn, schema.sites.c.site_id, places)
    owners = _tagged(conn, [item.tag_uid for item in items if item.tag_uid])

    def check(item: Item) -> None:
        require("title_id", item.title_id, titles, "title")
        require("home_site", item.home_site, sites, "site")
        require("current_site", item.current_site, sites, "site")
        if not item.tag_uid:
            return
        stored = owners.get(item.tag_uid, item.barcode)
        owner = item.barcode if stored in retagged else stored
        owner = str(tags.first(item.tag_uid, owner))
        if owner != item.barcode:
            reason = f"is the tag of {owner} already"
            raise BadCell("tag_uid", item.tag_uid, reason)

    return check


def _tagged(conn: Connection, uids: Sequence[str]) -> dict[str, str]:
    """Barcodes by the UID of their tag."""
    columns = schema.items.c
    query = select(columns.tag_uid, columns.barcode).where(columns.tag_uid.in_(uids))
    return {row.tag_uid: row.barcode for row in conn.execute(query)} if uids else {}


def require(column: str, value: str, there: Collection[str], what: str) -> None:
    """Raise BadCell for a reference to nothing; an empty cell refers to nothing."""
    if value and value not in there:
        raise BadCell(column, value, f"there is no such {what} in the hub")
