"""Names for ids on a page: titles, sites, and patrons as staff screens may show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from sync.hub.county.masking import masked_name
from sync.hub.store import schema


@dataclass(frozen=True, slots=True)
class PatronName:
    """A patron by masked name and the last digits of the card number."""

    ref: str
    name: str
    tail: str


def item_titles(conn: Connection, barcodes: Iterable[str | None]) -> dict[str, str]:
    """Barcode → title."""
    items, titles = schema.items, schema.titles
    wanted = {barcode for barcode in barcodes if barcode}
    rows = conn.execute(
        select(items.c.barcode, titles.c.title)
        .join(titles, titles.c.title_id == items.c.title_id)
        .where(items.c.barcode.in_(wanted))
    )
    return {row.barcode: row.title for row in rows}


def patron_names(conn: Connection, refs: Iterable[str | None]) -> dict[str, PatronName]:
    """patron_ref → what may be shown of the patron."""
    table = schema.patrons
    wanted = {ref for ref in refs if ref}
    rows = conn.execute(
        select(table.c.patron_ref, table.c.name, table.c.number).where(
            table.c.patron_ref.in_(wanted)
        )
    )
    return {
        row.patron_ref: PatronName(
            row.patron_ref, masked_name(row.name), row.number[-4:]
        )
        for row in rows
    }


def names_of_sites(conn: Connection, ids: Iterable[str | None]) -> dict[str, str]:
    """Site → short name, of these alone: a county may have ten thousand."""
    table = schema.sites.c
    wanted = {site_id for site_id in ids if site_id}
    rows = conn.execute(
        select(table.site_id, table.short_name).where(table.site_id.in_(wanted))
    )
    return {row.site_id: row.short_name for row in rows}
