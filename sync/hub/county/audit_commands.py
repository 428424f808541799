"""`tongjie hub audit`: read the log of changes, and see that it is whole."""

from __future__ import annotations

import re

import click

from sync.hub.county.audit import AuditFilter, check, entries, hash_of, head
from sync.hub.options import DATABASE, JSON, as_line, county_of, reported

_KNOWN = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


@click.group()
def audit() -> None:
    """Who changed what, when, from where and why."""


@audit.command("check")
@DATABASE
@click.option(
    "--known",
    metavar="ENTRY:HASH",
    help="What an earlier check printed, kept outside: it must still be in the log.",
)
@JSON
def check_log(database: str, known: str | None, *, as_json: bool) -> None:
    """Read the whole log; fails at the first entry that is missing or changed."""
    with reported(), county_of(database) as store, store.reading() as conn:
        broken, last = check(conn), head(conn)
        entry, digest = _known(known) if known else (last.entry, last.hash)
        is_there = hash_of(conn, entry) == digest
    if broken:
        raise click.ClickException(f"entry {broken.entry}: {broken.why}")
    if not is_there:
        raise click.ClickException(f"entry {entry} is not the one that was known")
    line = {"entries": last.entry, "head": f"{last.entry}:{last.hash}"}
    text = f"{last.entry} entries, all there; the last is {last.entry}:{last.hash}"
    click.echo(as_line(line) if as_json else text)


@audit.command("list")
@DATABASE
@click.option("--who", default="", help="Only what this user did.")
@click.option("--about", default="", help="Only what was done to this, like site:0417.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@JSON
def list_entries(
    database: str, who: str, about: str, limit: int, *, as_json: bool
) -> None:
    """Print entries, the latest first."""
    wanted = AuditFilter(who=who, about=about)
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in entries(conn, wanted, limit):
            at = f"{one.at:%Y-%m-%d %H:%M}Z"
            words = (str(one.entry), at, one.who, one.what, one.about, one.reason)
            click.echo(as_line(one) if as_json else "\t".join(words))


def _known(text: str) -> tuple[int, str]:
    match = _KNOWN.fullmatch(text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not what `audit check` prints")
    return int(match.group(1)), match.group(2)
