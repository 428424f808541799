"""`tongjie queue list`: what waits; it works beside a running kiosk."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click
import msgspec

from kiosk.cli.options import DATA, JSON
from kiosk.clock import SystemClock
from kiosk.service.ports import Moment
from kiosk.store.errors import StoreError
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror import MirrorReader
from kiosk.store.pending import Pending
from sync.protocol import Event


class Waiting(msgspec.Struct, frozen=True):
    """One event of `queue list`. `patron_ref` is masked but for its last two characters."""

    epoch: str
    seq: int
    event_id: str
    kind: str
    mode: str
    item: str | None
    patron_ref: str | None
    occurred_at: dt.datetime
    age_s: int


@click.command("list")
@DATA
@JSON
def list_pending(data: Path, *, as_json: bool) -> None:
    """Show each pending event on a line, oldest first."""
    now = SystemClock().now()
    try:
        for event in open_pending(data):
            row = _waiting(event, now)
            click.echo(msgspec.json.encode(row) if as_json else _line(row))
    except StoreError as err:
        raise click.ClickException(str(err)) from err


def open_pending(folder: Path) -> Pending:
    """What waits in this data folder."""
    return Pending(
        LedgerReader(folder / "ledger.db"), MirrorReader(folder / "mirror.db")
    )


def _waiting(event: Event, now: Moment) -> Waiting:
    return Waiting(
        epoch=event.epoch,
        seq=event.seq,
        event_id=event.event_id,
        kind=event.kind,
        mode=event.mode,
        item=event.item,
        patron_ref=_masked(event.patron_ref),
        occurred_at=event.occurred_at,
        age_s=age_s(event, now),
    )


def _line(row: Waiting) -> str:
    words = (
        f"{row.seq:6}",
        f"{row.occurred_at:%Y-%m-%d %H:%M:%S}Z",
        row.kind,
        row.mode,
        row.item or "-",
        row.patron_ref or "-",
        row.event_id,
    )
    return "  ".join(words)


def _masked(patron_ref: str | None) -> str | None:
    return None if patron_ref is None else f"***{patron_ref[-2:]}"


def age_s(event: Event, now: Moment) -> int:
    """Age by the clock that only runs forward, where both belong to one boot."""
    if event.boot_id == now.boot_id:
        return (now.monotonic_ns - event.monotonic_ns) // 1_000_000_000
    return max(int((now.wall - event.occurred_at).total_seconds()), 0)
