"""The import of a rural bookroom's ledger: new titles and copies; known ones stay."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from sync.hub.importers.csv_tables import Taken
from sync.hub.importers.ledger import COLUMNS, Bookroom, Entry
from sync.hub.importers.load import begin_table, each_chunk, open_table
from sync.hub.importers.marc_load import add_items, sites_of
from sync.hub.importers.report import ImportReport
from sync.hub.importers.run import Order
from sync.hub.importers.store import TITLES, as_known, store_changed
from sync.hub.store.database import Database


def import_ledger(
    database: Database, order: Order, site: str, prefix: str = ""
) -> ImportReport:
    """Take a ledger. A title that the county catalogued already stays as it is.

    Raises NoSuchSite, BadTable.
    """
    places = sites_of(database, site)
    home = places.by_name[site]
    bookroom = Bookroom(home, home.isil or places.owner, prefix)
    table = open_table(order, COLUMNS)
    run = begin_table(database, order, "ledger", table)

    def take(conn: Connection, taken: list[Taken[Entry]]) -> None:
        titles = {each.value.title.title_id: each.value.title for each in taken}
        for each in taken:
            for remark in each.value.remarks:
                run.tally.remark(each.line, remark)
        run.tally.taken += len(taken)
        run.tally.changed += store_changed(
            conn, _NEW_TITLES, list(titles.values()), run.journal
        )
        items = [item for each in taken for item in each.value.items]
        run.tally.items += add_items(conn, run, items)

    each_chunk(run, table, bookroom.entry, take)
    return run.report()


_NEW_TITLES = replace(TITLES, merge=as_known)
