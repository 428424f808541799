"""`tongjie hub transfers`: what has to go where, sent and received."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import click
from sqlalchemy import Connection

from sync.hub.circulation.unit_of_work import unit_of_work
from sync.hub.county.audit import note
from sync.hub.county.site_tree import parents_of_sites
from sync.hub.options import (
    DATABASE,
    JSON,
    as_line,
    county_of,
    now,
    operator,
    reported,
)
from sync.hub.transfers import acts, lists
from sync.hub.transfers.acts import Counter, Scanned
from sync.hub.transfers.lines import Reason
from sync.hub.transfers.wishes import Wish, want

_AT = click.option("--at", "site_id", required=True, metavar="SITE", help="Where.")
_BARCODES = click.argument("barcodes", nargs=-1)
_ALL = click.option("--all", "everything", is_flag=True, help="The whole list.")
_Act = Callable[[Connection, Counter, Iterable[str]], list[Scanned]]
_List = Callable[[Connection, Counter], Sequence[lists.Entry]]


@click.group()
def transfers() -> None:
    """Copies on their way between sites: list, send, receive."""


@transfers.command("list")
@click.option(
    "--at", "site_id", metavar="SITE", help="Of one site; else the late ones."
)
@DATABASE
@JSON
def list_transfers(site_id: str | None, database: str, *, as_json: bool) -> None:
    """Print what a site has to send and to receive; without a site, what is late."""
    with reported(), county_of(database) as store, store.reading() as conn:
        if site_id is None:
            found = lists.late(conn, now(), None)
        else:
            require_site(conn, site_id)
            coming = lists.to_receive(conn, site_id, now())
            found = [*lists.to_send(conn, site_id, now()), *coming]
    for one in found:
        words = (one.item, one.from_site, one.to_site, one.reason, one.state, one.title)
        click.echo(as_line(one) if as_json else "\t".join(words))


@transfers.command("send")
@_BARCODES
@_AT
@_ALL
@DATABASE
@JSON
def send(
    barcodes: tuple[str, ...],
    site_id: str,
    database: str,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    """Send copies to where they are wanted, or else to where they belong."""
    wanted = _to_send if everything else None
    _do(acts.send, database, site_id, barcodes, wanted, as_json=as_json)


@transfers.command("receive")
@_BARCODES
@_AT
@_ALL
@DATABASE
@JSON
def receive(
    barcodes: tuple[str, ...],
    site_id: str,
    database: str,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    """Receive copies that have come."""
    wanted = _to_receive if everything else None
    _do(acts.receive, database, site_id, barcodes, wanted, as_json=as_json)


@transfers.command("want")
@click.argument("barcode")
@click.argument("to_site")
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in Reason]),
    default=Reason.ROTATION.value,
    show_default=True,
)
@DATABASE
@JSON
def ask_for(
    barcode: str, to_site: str, reason: str, database: str, *, as_json: bool
) -> None:
    """Put a copy on the list of the site where it is."""
    with reported(), county_of(database) as store, store.writing() as conn:
        by = operator()
        wish = Wish(to_site, Reason(reason), f"{by.name} {now():%Y-%m-%d}")
        with unit_of_work(conn) as work:
            line = want(work, barcode, wish, now(), by.name)
        if line is None:
            raise click.ClickException(f"{barcode} is at {to_site} already")
        after = {"to": to_site, "reason": reason}
        note(conn, by, "transfer.want", f"item:{line.item}", now(), after=after)
    text = f"{line.item}\t{line.from_site}\t{line.to_site}\t{line.reason.value}"
    click.echo(as_line(line) if as_json else text)


@transfers.command("late-after")
@click.argument("days", type=click.IntRange(1, 365))
@DATABASE
def late_after(days: int, database: str) -> None:
    """Set after how many days on its way a copy counts as late."""
    with reported(), county_of(database) as store, store.writing() as conn:
        before = {"days": lists.late_days(conn)}
        lists.set_late_days(conn, days)
        about, after = "setting:transfer_late_days", {"days": days}
        note(
            conn, operator(), "transfer.late", about, now(), before=before, after=after
        )
    click.echo(f"late after {days} days")


def tell(done: Iterable[Scanned], *, as_json: bool) -> None:
    """Print what became of each barcode; exit code 1 if one was not dealt with."""
    found = list(done)
    for one in found:
        problem = one.problem.value if one.problem else "ok"
        text = f"{one.item}\t{one.to_site or '-'}\t{problem}"
        click.echo(as_line(one) if as_json else text)
    if any(one.problem for one in found):
        raise click.exceptions.Exit(1)


def require_site(conn: Connection, site_id: str) -> None:
    if site_id not in parents_of_sites(conn):
        raise click.ClickException(f"there is no site {site_id!r}")


def _do(
    act: _Act,
    database: str,
    site_id: str,
    barcodes: tuple[str, ...],
    wanted: _List | None,
    *,
    as_json: bool,
) -> None:
    if bool(barcodes) == bool(wanted):
        raise click.UsageError("either barcodes or --all")
    with reported(), county_of(database) as store, store.writing() as conn:
        require_site(conn, site_id)
        at = Counter(operator(), site_id, now())
        listed = [one.item for one in wanted(conn, at)] if wanted else ()
        done = act(conn, at, barcodes or listed)
    tell(done, as_json=as_json)


def _to_send(conn: Connection, at: Counter) -> Sequence[lists.Entry]:
    return lists.to_send(conn, at.site_id, at.now)


def _to_receive(conn: Connection, at: Counter) -> Sequence[lists.Entry]:
    return lists.to_receive(conn, at.site_id, at.now)
