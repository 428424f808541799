"""The import of a CNMARC file: titles, and the copies that records name."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from kiosk.domain.values import Item
from sync.hub.importers.csv_tables import Taken
from sync.hub.importers.holdings import Places, copies
from sync.hub.importers.load import Order, Parsed, report, sort_out
from sync.hub.importers.mapping import MappedRecord, NoTitle, map_record
from sync.hub.importers.marc import MarcRecord, read_records
from sync.hub.importers.report import ImportReport, Rejected, Remark
from sync.hub.importers.store import NEW_ITEMS, TITLES, store_changed
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.rows import site_value


class NoSuchSite(LookupError):
    """The site that is to take the copies is not in the hub."""


def import_marc(
    database: Database, order: Order, default_site: str | None = None
) -> ImportReport:
    """Take every readable record. Copies in 905 are added, never overwritten.

    `default_site` takes the copies of a 905 $a that names no site of the county.
    Raises NoSuchSite.
    """
    places = _places(database, default_site)
    records = sort_out(_map(order))
    titles = [each.value.title for each in records.taken]
    items, remarks = _items(records, places)
    dry_run = order.dry_run
    changed = store_changed(database, TITLES, titles, order.progress, dry_run=dry_run)
    added = store_changed(
        database, NEW_ITEMS, items, lambda _done, _total: None, dry_run=dry_run
    )
    parsed = Parsed(records.taken, records.rejected, remarks)
    return report(order, parsed, changed, items=added)


def _places(database: Database, default_site: str | None) -> Places:
    with database.reading() as conn:
        rows = conn.execute(select(schema.sites)).mappings().all()
    try:
        return Places.of((site_value(row) for row in rows), default_site)
    except KeyError as err:
        raise NoSuchSite(f"there is no site {default_site!r} in the hub") from err


def _map(order: Order) -> Iterator[Taken[MappedRecord] | Rejected]:
    """Map each record by itself; the second record of one id is rejected as well."""
    numbers: dict[str, int] = {}
    for record in read_records(order.content, order.encoding):
        if isinstance(record, Rejected):
            yield record
            continue
        try:
            mapped = map_record(record)
        except NoTitle as err:
            yield _reject(record, str(err))
            continue
        key = mapped.title.title_id
        if key in numbers:
            yield _reject(record, f"id {key} is that of record {numbers[key]} already")
            continue
        numbers[key] = record.number
        yield Taken(record.number, key, mapped)


def _reject(record: MarcRecord, reason: str) -> Rejected:
    return Rejected(number=record.number, offset=record.offset, reason=reason)


def _items(
    records: Parsed[MappedRecord], places: Places
) -> tuple[list[Item], tuple[Remark, ...]]:
    items: dict[str, Item] = {}
    remarks = list[Remark]()
    for each in records.taken:
        found, left_out = copies(each.value.title, each.value.holdings, places)
        noticed = (*each.value.remarks, *left_out)
        remarks += [Remark(number=each.line, text=text) for text in noticed]
        items |= {item.barcode: item for item in found}
    return list(items.values()), tuple(remarks)
