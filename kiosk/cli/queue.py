"""`tongjie queue`: what the hub has not judged yet; works beside a running kiosk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec

from kiosk import logs
from kiosk.clock import SystemClock
from kiosk.service.ports import Head, MirrorStatus, Moment
from kiosk.store.errors import StoreError
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror import MirrorReader
from sync.protocol import Event, Outcome

#: Events read at once.
_PAGE = 500


class Status(msgspec.Struct, frozen=True):
    """The figures of `queue status`; ages in seconds, times in UTC."""

    pending: int
    refused: int
    needs_staff: int
    deferred: int
    oldest_pending_s: int | None
    epoch: str
    seq: int
    synced_at: dt.datetime | None


class Pending(msgspec.Struct, frozen=True):
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


@dataclass(frozen=True, slots=True)
class _Queue:
    ledger: LedgerReader
    mirror: MirrorReader

    def pending(self) -> Iterator[Event]:
        """Events without the hub's last word, oldest first."""
        shown = self.mirror.status()
        for epoch in self.ledger.epochs():
            after = shown.settled_seq if epoch == shown.epoch else 0
            while page := self.ledger.events_after(epoch, after, _PAGE):
                final = self.mirror.final([event.event_id for event in page])
                yield from (event for event in page if event.event_id not in final)
                after = page[-1].seq


_DATA_OPTION = click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/var/lib/tongjie"),
    show_default=True,
    help="The kiosk's data folder.",
)
_JSON_OPTION = click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")


@click.group()
def queue() -> None:
    """What this kiosk did that the hub has not judged yet."""
    logs.configure()


@queue.command()
@_DATA_OPTION
@_JSON_OPTION
def status(data: Path, *, as_json: bool) -> None:
    """Show how many events are pending, and since when."""
    try:
        found = _status(_open(data), SystemClock().now())
    except StoreError as err:
        raise click.ClickException(str(err)) from err
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for name, value in msgspec.structs.asdict(found).items():
        click.echo(f"{name}: {'none' if value is None else value}")


@queue.command("list")
@_DATA_OPTION
@_JSON_OPTION
def list_pending(data: Path, *, as_json: bool) -> None:
    """Show each pending event on a line, oldest first."""
    now = SystemClock().now()
    try:
        for event in _open(data).pending():
            row = _pending(event, now)
            click.echo(msgspec.json.encode(row) if as_json else _line(row))
    except StoreError as err:
        raise click.ClickException(str(err)) from err


def _open(folder: Path) -> _Queue:
    return _Queue(
        LedgerReader(folder / "ledger.db"), MirrorReader(folder / "mirror.db")
    )


def _status(found: _Queue, now: Moment) -> Status:
    head: Head = found.ledger.head()
    shown: MirrorStatus = found.mirror.status()
    outcomes = found.mirror.count_outcomes()
    count, oldest = 0, None
    for event in found.pending():
        oldest = oldest or event
        count += 1
    return Status(
        pending=count,
        refused=outcomes.get(Outcome.REFUSED, 0),
        needs_staff=outcomes.get(Outcome.NEEDS_STAFF, 0),
        deferred=outcomes.get(Outcome.DEFERRED, 0),
        oldest_pending_s=None if oldest is None else _age_s(oldest, now),
        epoch=head.epoch,
        seq=head.seq,
        synced_at=shown.synced_at,
    )


def _pending(event: Event, now: Moment) -> Pending:
    return Pending(
        epoch=event.epoch,
        seq=event.seq,
        event_id=event.event_id,
        kind=event.kind,
        mode=event.mode,
        item=event.item,
        patron_ref=_masked(event.patron_ref),
        occurred_at=event.occurred_at,
        age_s=_age_s(event, now),
    )


def _line(row: Pending) -> str:
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


def _age_s(event: Event, now: Moment) -> int:
    """Age by the clock that only runs forward, where both belong to one boot."""
    if event.boot_id == now.boot_id:
        return (now.monotonic_ns - event.monotonic_ns) // 1_000_000_000
    return max(int((now.wall - event.occurred_at).total_seconds()), 0)
