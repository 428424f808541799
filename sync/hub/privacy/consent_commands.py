"""`tongjie hub privacy consent`: the texts, and who agreed to them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from sqlalchemy import Connection

from sync.hub.county.patron_files import find
from sync.hub.options import DATABASE, JSON, as_line, county_of, now, operator, reported
from sync.hub.privacy.consent import (
    Purpose,
    consents_of,
    give,
    put_text,
    texts,
    withdraw,
    without_consent,
)

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_PURPOSE = click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in Purpose]),
    default=Purpose.SERVICE.value,
    show_default=True,
    help="history: that the hub remembers what was borrowed.",
)


@click.group()
def consent() -> None:
    """What readers are asked to agree to, and who has."""


@consent.command("text")
@click.option("--zh", type=_FILE, help="The new text in Chinese.")
@click.option("--en", type=_FILE, help="The same in English.")
@DATABASE
@JSON
def text(database: str, zh: Path | None, en: Path | None, *, as_json: bool) -> None:
    """Print every version of the text; add one from two UTF-8 files."""
    if (zh is None) != (en is None):
        raise click.UsageError("--zh and --en belong together")
    with _writing(database) as conn:
        if zh and en:
            put_text(conn, _words(zh), _words(en), operator(), now())
        for one in texts(conn):
            plain = f"{one.version}\t{one.since:%Y-%m-%d}\n{one.zh}\n{one.en}"
            click.echo(as_line(one) if as_json else plain)


@consent.command("agree")
@click.argument("number")
@_PURPOSE
@DATABASE
def agree(number: str, purpose: str, database: str) -> None:
    """The reader, or a minor's guardian, agrees to the newest text."""
    with _writing(database) as conn:
        give(conn, find(conn, number), Purpose(purpose), operator(), now())


@consent.command("withdraw")
@click.argument("number")
@_PURPOSE
@DATABASE
def take_back(number: str, purpose: str, database: str) -> None:
    """The reader agrees no longer."""
    with _writing(database) as conn:
        withdraw(conn, find(conn, number), Purpose(purpose), operator(), now())


@consent.command("show")
@click.argument("number")
@DATABASE
@JSON
def show(number: str, database: str, *, as_json: bool) -> None:
    """Print what a reader has agreed to, the newest first."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for one in consents_of(conn, find(conn, number).patron_ref):
            ended = f"{one.withdrawn_at:%Y-%m-%d}" if one.withdrawn_at else ""
            plain = f"{one.purpose.value}\t{one.version}\t{one.given_at:%Y-%m-%d}"
            click.echo(as_line(one) if as_json else f"{plain}\t{ended}")


@consent.command("missing")
@click.option("--after", default="", help="The number that the page before ended with.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@DATABASE
@JSON
def missing(database: str, after: str, limit: int, *, as_json: bool) -> None:
    """Print the numbers of readers who have not agreed to the newest text."""
    with reported(), county_of(database) as store, store.reading() as conn:
        for number in without_consent(conn, after, limit):
            click.echo(as_line({"number": number}) if as_json else number)


@contextmanager
def _writing(database: str) -> Iterator[Connection]:
    with reported(), county_of(database) as store, store.writing() as conn:
        yield conn


def _words(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError as err:
        raise click.ClickException(f"{path}: is not UTF-8") from err
