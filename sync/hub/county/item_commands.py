"""`tongjie hub item`: find, see and change copies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import click
import msgspec
from sqlalchemy import Connection

from kiosk.domain.values import Item, ItemState
from sync.hub.county.catalogue import title
from sync.hub.county.item_files import (
    Part,
    change_item,
    known_item,
    parts_of,
    put_parts,
)
from sync.hub.county.item_search import Field, search_items
from sync.hub.options import (
    DATABASE,
    JSON,
    as_line,
    county_of,
    now,
    operator,
    reported,
)


@click.group()
def item() -> None:
    """Copies: what they are, where they belong, what is missing of them."""


@item.command("show")
@click.argument("barcode")
@DATABASE
@JSON
def show(barcode: str, database: str, *, as_json: bool) -> None:
    """Print a copy with its title and its parts."""
    with reported(), county_of(database) as store, store.reading() as conn:
        _print(conn, known_item(conn, barcode), as_json=as_json)


@item.command("set")
@click.argument("barcode")
@click.option("--type", "item_type", metavar="TYPE", help="Like BOOK.")
@click.option("--state", type=click.Choice([state.value for state in ItemState]))
@click.option("--home-site", metavar="SITE")
@click.option("--current-site", metavar="SITE")
@click.option("--adult-only/--for-all", default=None)
@click.option("--tag-uid", metavar="HEX", help="Of a tag that says nothing itself.")
@click.option("--part", multiple=True, help="A part of the set; name all of them.")
@click.option("--missing", multiple=True, help="A part that is missing.")
@click.option("--reason", default="")
@DATABASE
@JSON
def put(
    barcode: str,
    database: str,
    part: tuple[str, ...],
    missing: tuple[str, ...],
    reason: str,
    *,
    as_json: bool,
    **details: Any,
) -> None:
    """Change what is given. With --missing alone the other parts are there."""
    values = {name: value for name, value in details.items() if value is not None}
    if "state" in values:
        values["state"] = ItemState(values["state"])
    with reported(), county_of(database) as store, store.writing() as conn:
        who = operator()
        changed = change_item(conn, barcode, values, who, now(), reason)
        if part or missing:
            wanted = _parts(conn, changed.barcode, part, missing)
            changed = put_parts(conn, changed.barcode, wanted, who, now())
        _print(conn, changed, as_json=as_json)


@item.command("search")
@click.argument("text")
@click.option(
    "--in",
    "field",
    type=click.Choice([field.value for field in Field]),
    default=Field.ANY.value,
)
@click.option(
    "--after", default="", help="The title_id that the page before ended with."
)
@click.option("--limit", type=click.IntRange(1, 1000), default=25, show_default=True)
@DATABASE
@JSON
def search(
    text: str, field: str, after: str, limit: int, database: str, *, as_json: bool
) -> None:
    """Find titles with their copies by words, ISBN, class or barcode."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in search_items(conn, text, Field(field), after, limit).found:
            barcodes = " ".join(copy.barcode for copy in one.items)
            line = f"{one.title.title_id}\t{one.title.title}\t{barcodes}"
            click.echo(as_line(one) if as_json else line)


def _parts(
    conn: Connection, barcode: str, names: tuple[str, ...], missing: tuple[str, ...]
) -> list[Part]:
    known = [Part(number, name) for number, name in enumerate(names, 1)]
    parts = known or list(parts_of(conn, barcode))
    unknown = set(missing) - {one.name for one in parts}
    if unknown:
        raise click.ClickException(f"{min(unknown)!r} is no part of {barcode}")
    return [replace(one, missing=one.name in missing) for one in parts]


def _print(conn: Connection, one: Item, *, as_json: bool) -> None:
    line: dict[str, Any] = msgspec.to_builtins(one)
    line["title"] = title(conn, one.title_id)
    line["set"] = parts_of(conn, one.barcode)
    text = f"{one.barcode}\t{one.item_type}\t{one.state.value}\t{one.current_site}"
    click.echo(as_line(line) if as_json else text)
