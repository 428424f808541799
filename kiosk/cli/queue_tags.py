"""`tongjie queue tags`: books whose tag carries the wrong security bit, or may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from kiosk.cli.options import DATA, JSON
from kiosk.service.ports import Security
from kiosk.store.errors import StoreError
from kiosk.store.ledger_reader import LedgerReader


class Unhealed(msgspec.Struct, frozen=True):
    """One tag that is put right when it next lies on a pad of this kiosk.

    `tag` is None for a book that was dealt with by its barcode: its tags are not
    known. `seen` is None where nobody knows what the tag carries.
    """

    item: str
    tag: str | None
    desired: Security
    seen: Security | None = None


@click.command()
@DATA
@JSON
def tags(data: Path, *, as_json: bool) -> None:
    """Show each book whose tag still has to be put right."""
    try:
        for row in _unhealed(LedgerReader(data / "ledger.db")):
            click.echo(msgspec.json.encode(row) if as_json else _line(row))
    except StoreError as err:
        raise click.ClickException(str(err)) from err


def _unhealed(ledger: LedgerReader) -> Iterator[Unhealed]:
    for state in ledger.unhealed_tags():
        yield Unhealed(state.item, state.uid, state.desired, state.seen)
    for item, desired in ledger.wishes().items():
        yield Unhealed(item, None, desired)


def _line(row: Unhealed) -> str:
    seen = row.seen or "unknown"
    return f"{row.item}  {row.tag or '-'}  shall be {row.desired}, is {seen}"
