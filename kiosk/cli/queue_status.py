"""`tongjie queue status`: the figures of a point; it works beside a running kiosk."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import click
import msgspec

from kiosk.cli.options import DATA, JSON
from kiosk.cli.queue_list import age_s, open_pending
from kiosk.clock import SystemClock
from kiosk.health import load_health
from kiosk.link import Link, boot_id, load_link
from kiosk.service.ports import Moment, Storage
from kiosk.store.errors import StoreError
from kiosk.store.mirror import MirrorReader
from sync.protocol import Outcome


class Status(msgspec.Struct, frozen=True):
    """The figures of `queue status`; ages in seconds, times in UTC.

    `stuck`: pending events to which the hub has said "not now" (`deferred`) or that it
    can't take (`held_back`). `held_back` and `online` are None while no agent tells,
    `storage` while no kiosk has told.
    """

    pending: int
    stuck: int
    held_back: int | None
    refused: int
    needs_staff: int
    deferred: int
    oldest_pending_s: int | None
    epoch: str
    seq: int
    unhealed_tags: int
    storage: Storage | None
    online: bool | None
    last_contact: dt.datetime | None
    synced_at: dt.datetime | None


@click.command()
@DATA
@JSON
def status(data: Path, *, as_json: bool) -> None:
    """Show what waits, what is stuck, and how the point is."""
    try:
        found = _status(data, SystemClock().now())
    except StoreError as err:
        raise click.ClickException(str(err)) from err
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for name, value in msgspec.structs.asdict(found).items():
        click.echo(f"{name}: {'none' if value is None else value}")


def _status(folder: Path, now: Moment) -> Status:
    waiting, health = open_pending(folder), load_health(folder)
    ledger, head = waiting.ledger, waiting.ledger.head()
    outcomes = MirrorReader(folder / "mirror.db").count_outcomes()
    deferred = outcomes.get(Outcome.DEFERRED, 0)
    link, agent_tells = _link(folder)
    count, oldest = 0, None
    for event in waiting:
        oldest = oldest or event
        count += 1
    return Status(
        pending=count,
        stuck=deferred + (link.held_back if agent_tells else 0),
        held_back=link.held_back if agent_tells else None,
        refused=outcomes.get(Outcome.REFUSED, 0),
        needs_staff=outcomes.get(Outcome.NEEDS_STAFF, 0),
        deferred=deferred,
        oldest_pending_s=None if oldest is None else age_s(oldest, now),
        epoch=head.epoch,
        seq=head.seq,
        unhealed_tags=len(ledger.unhealed_tags()) + len(ledger.wishes()),
        storage=health.storage if health.ready else None,
        online=link.online if agent_tells else None,
        last_contact=link.last_contact,
        synced_at=waiting.mirror.status().synced_at,
    )


def _link(folder: Path) -> tuple[Link, bool]:
    """What the agent said last, and whether that still holds."""
    link = load_link(folder)
    return link, link.fresh(boot_id(), time.monotonic())
