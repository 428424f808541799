"""The import of a MARC file: titles, and the copies that records name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from kiosk.domain.values import Item
from sync.hub.importers.csv_tables import Taken
from sync.hub.importers.holdings import Places, copies
from sync.hub.importers.mapped import Format, MappedRecord, NoTitle
from sync.hub.importers.mapping import map_record
from sync.hub.importers.marc import MarcRecord, read_records
from sync.hub.importers.report import ImportReport, Rejected
from sync.hub.importers.run import Order, Run, begin
from sync.hub.importers.seen import Seen
from sync.hub.importers.source import chunks, count
from sync.hub.importers.store import NEW_ITEMS, TITLES, store_changed
from sync.hub.refusal import Refusal
from sync.hub.store import schema
from sync.hub.store.database import CHUNK, Database
from sync.hub.store.rows import site_value

_RECORD_END = b"\x1d"


class NoSuchSite(Refusal, LookupError):
    """The site that is to take the copies is not in the hub."""


def import_marc(
    database: Database,
    order: Order,
    default_site: str | None = None,
    form: Format = Format.AUTO,
) -> ImportReport:
    """Take every readable record. Copies named in it are added, never overwritten.

    `default_site` takes the copies of a library that is no site of the county.
    Raises NoSuchSite.
    """
    places = sites_of(database, default_site)
    run = begin(database, order, "marc")
    total = count(order.content, _RECORD_END)
    with Seen() as ids, Seen() as barcodes:
        for chunk in chunks(_map(order, form, ids), CHUNK):
            taken = _sort_out(run, chunk)
            items = _items(run, taken, places, barcodes)
            titles = [each.value.title for each in taken]
            with run.writing() as conn:
                run.tally.changed += store_changed(conn, TITLES, titles, run.journal)
                run.tally.items += add_items(conn, run, items)
            run.tally.taken += len(taken)
            order.progress(len(chunk), total)
    return run.report()


def sites_of(database: Database, default_site: str | None) -> Places:
    """The county's sites. Raises NoSuchSite."""
    with database.reading() as conn:
        rows = conn.execute(select(schema.sites)).mappings().all()
    try:
        return Places.of((site_value(row) for row in rows), default_site)
    except KeyError as err:
        raise NoSuchSite(f"there is no site {default_site!r} in the hub") from err


def _map(
    order: Order, form: Format, ids: Seen
) -> Iterator[Taken[MappedRecord] | Rejected]:
    """Map each record by itself; the second record of one id is rejected as well."""
    for record in read_records(order.content, order.encoding):
        if isinstance(record, Rejected):
            yield record
            continue
        try:
            mapped = map_record(record, form)
        except NoTitle as err:
            yield _reject(record, str(err))
            continue
        key = mapped.title.title_id
        first = ids.first(key, record.number)
        if first != record.number:
            yield _reject(record, f"id {key} is that of record {first} already")
            continue
        yield Taken(record.number, key, mapped)


def _reject(record: MarcRecord, reason: str) -> Rejected:
    return Rejected(number=record.number, offset=record.offset, reason=reason)


def _sort_out(
    run: Run, chunk: Sequence[Taken[MappedRecord] | Rejected]
) -> list[Taken[MappedRecord]]:
    for each in chunk:
        if isinstance(each, Rejected):
            run.tally.reject(each)
    return [each for each in chunk if not isinstance(each, Rejected)]


def _items(
    run: Run, taken: Sequence[Taken[MappedRecord]], places: Places, barcodes: Seen
) -> list[Item]:
    """The copies of these records; a barcode belongs to the record that has it first."""
    items = list[Item]()
    for each in taken:
        found, left_out = copies(each.value.title, each.value.holdings, places)
        for remark in (*each.value.remarks, *left_out):
            run.tally.remark(each.line, remark)
        for item in found:
            first = barcodes.first(item.barcode, each.line)
            if first == each.line:
                items.append(item)
            else:
                why = f"{item.barcode} is of record {first} already; left out"
                run.tally.remark(each.line, why)
    return items


def add_items(conn: Connection, run: Run, items: Sequence[Item]) -> int:
    added = 0
    for chunk in chunks({item.barcode: item for item in items}.values(), CHUNK):
        added += store_changed(conn, NEW_ITEMS, chunk, run.journal)
    return added
