"""`tongjie hub boxes`: rotation boxes, packed, sent, unpacked and brought back."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict

import click

from kiosk.domain.values import county_day
from sync.hub.options import (
    DATABASE,
    JSON,
    as_line,
    county_of,
    now,
    operator,
    reported,
)
from sync.hub.transfers import box_lists, packing
from sync.hub.transfers.acts import Counter
from sync.hub.transfers.box_return import bring_back
from sync.hub.transfers.boxes import add_box, all_boxes
from sync.hub.transfers.commands import tell

_AT = click.option("--at", "site_id", required=True, metavar="SITE", help="Where.")
_BOX = click.argument("box_id", metavar="BOX")
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def boxes() -> None:
    """Rotation boxes: packed, sent to a site for some months, and brought back."""


@boxes.command("list")
@DATABASE
@JSON
def list_boxes(database: str, *, as_json: bool) -> None:
    """Print every box, where it is, and whether it should have come home by now."""
    today = county_day(now())
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in all_boxes(conn):
            late = one.is_late(today)
            words = (one.box_id, one.state.value, one.place, str(one.back_by or "-"))
            text = "\t".join((*words, "late" if late else "-"))
            click.echo(as_line({**asdict(one), "late": late}) if as_json else text)


@boxes.command("add")
@click.argument("box_id", metavar="BOX", default="")
@click.option("--home", required=True, metavar="SITE")
@DATABASE
@JSON
def add(box_id: str, home: str, database: str, *, as_json: bool) -> None:
    """Make an empty box; without a number, the next one."""
    with reported(), county_of(database) as store, store.writing() as conn:
        made = add_box(conn, operator(), box_id, home, now())
    click.echo(as_line(made) if as_json else made.box_id)


@boxes.command("show")
@_BOX
@DATABASE
@JSON
def show(box_id: str, database: str, *, as_json: bool) -> None:
    """Print what belongs to a box, and what of it is missing."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in box_lists.contents(conn, box_id.upper()):
            state = "missing" if one.missing_at and not one.found else "-"
            text = f"{one.item}\t{one.current_site}\t{state}\t{one.title}"
            click.echo(as_line(one) if as_json else text)


@boxes.command("missing")
@DATABASE
@JSON
def list_missing(database: str, *, as_json: bool) -> None:
    """Print what was to come home with a box and has not been seen since."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in box_lists.missing(conn, None):
            text = f"{one.item}\t{one.box_id}\t{one.current_site}\t{one.title}"
            click.echo(as_line(one) if as_json else text)


@boxes.command("pack")
@_BOX
@click.argument("barcodes", nargs=-1, required=True)
@_AT
@DATABASE
@JSON
def pack(
    box_id: str,
    barcodes: tuple[str, ...],
    site_id: str,
    database: str,
    *,
    as_json: bool,
) -> None:
    """Put copies into a box that stands at home."""
    with reported(), county_of(database) as store, store.writing() as conn:
        done = packing.pack(conn, _counter(site_id), box_id, barcodes)
    tell(done, as_json=as_json)


@boxes.command("send")
@_BOX
@click.argument("to_site", metavar="SITE")
@_AT
@click.option("--back-by", type=_DAY, help="When it should come home.")
@DATABASE
@JSON
def send(
    box_id: str,
    to_site: str,
    site_id: str,
    back_by: dt.datetime | None,
    database: str,
    *,
    as_json: bool,
) -> None:
    """The box leaves with all that is in it."""
    day = back_by.date() if back_by else None
    with reported(), county_of(database) as store, store.writing() as conn:
        box = packing.send_box(conn, _counter(site_id), box_id, to_site, day)
    click.echo(as_line(box) if as_json else f"{box.box_id} is on its way to {to_site}")


@boxes.command("arrive")
@_BOX
@_AT
@DATABASE
@JSON
def arrive(box_id: str, site_id: str, database: str, *, as_json: bool) -> None:
    """The box has come, where it was sent or back home, with all that is in it."""
    with reported(), county_of(database) as store, store.writing() as conn:
        came = packing.arrive(conn, _counter(site_id), box_id)
    line = {"box": box_id.upper(), "site": site_id, "items": came}
    click.echo(as_line(line) if as_json else f"{len(came)} copies are at {site_id}")


@boxes.command("return")
@_BOX
@click.argument("barcodes", nargs=-1)
@_AT
@DATABASE
@JSON
def bring(
    box_id: str,
    barcodes: tuple[str, ...],
    site_id: str,
    database: str,
    *,
    as_json: bool,
) -> None:
    """The box goes home with these copies; prints what is missing of it."""
    with reported(), county_of(database) as store, store.writing() as conn:
        done = bring_back(conn, _counter(site_id), box_id, barcodes)
    if as_json:
        click.echo(as_line(done))
        return
    click.echo(f"{len(done.taken)} taken, {len(done.missing)} missing")
    for item in done.missing:
        click.echo(f"{item}\tmissing")


def _counter(site_id: str) -> Counter:
    return Counter(operator(), site_id, now())
