"""`tongjie queue tags`: books whose tag carries the wrong security bit, or may."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import msgspec

from kiosk.cli.options import DATA, JSON
from kiosk.identity import BadIdentity, NotEnrolled, enrolled
from kiosk.service.ports import Security
from kiosk.store.errors import StoreError
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader


class Unhealed(msgspec.Struct, frozen=True):
    """One tag that is put right when it next lies on a pad of this kiosk.

    `given_up`: not even then, for too many waited; somebody has to see to the book.

    `tag` is None for a book that was dealt with by its barcode: its tags are not
    known. `seen` is None where nobody knows what the tag carries.
    """

    item: str
    tag: str | None
    desired: Security
    seen: Security | None = None
    given_up: bool = False


@click.command()
@DATA
@JSON
@click.option(
    "--forget",
    metavar="BARCODE",
    help="Give up this book's tags, as when one is torn off or dead; stop the kiosk first.",
)
def tags(data: Path, *, as_json: bool, forget: str | None) -> None:
    """Show each book whose tag still has to be put right."""
    path = data / "ledger.db"
    try:
        if forget is not None:
            _forget(path, enrolled(data).kiosk_id, forget)
        for row in _unhealed(LedgerReader(path)):
            click.echo(msgspec.json.encode(row) if as_json else _line(row))
    except (BadIdentity, NotEnrolled, StoreError) as err:
        raise click.ClickException(str(err)) from err


def _forget(path: Path, kiosk_id: str, item: str) -> None:
    """Nothing is wished of this item any more; the next loan or return wishes anew."""
    with closing(SqliteLedger(path, kiosk_id)) as ledger:
        uids = [tag.uid for tag in ledger.unhealed_tags() if tag.item == item]
        if not uids and item not in {**ledger.wishes(), **ledger.given_up()}:
            raise click.ClickException(f"{item}: no tag of it has to be put right")
        ledger.forget_tags(uids)
        ledger.settle_wishes([], [item])


def _unhealed(ledger: LedgerReader) -> Iterator[Unhealed]:
    for state in ledger.unhealed_tags():
        yield Unhealed(state.item, state.uid, state.desired, state.seen)
    for item, desired in ledger.wishes().items():
        yield Unhealed(item, None, desired)
    for item, desired in ledger.given_up().items():
        yield Unhealed(item, None, desired, given_up=True)


def _line(row: Unhealed) -> str:
    seen = row.seen or "unknown"
    line = f"{row.item}  {row.tag or '-'}  shall be {row.desired}, is {seen}"
    return f"{line}; given up, lend or return it again" if row.given_up else line
