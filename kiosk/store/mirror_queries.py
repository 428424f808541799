"""What kiosk and agent both read from the mirror."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import Connection, and_, func, select

from kiosk.clock import BootTime, HubTime
from kiosk.service.ports import MirrorStatus
from kiosk.store.mirror_schema import feed, feed_runs, progress, verdicts
from sync.protocol import AckedThrough, Outcome, Verdict

_RUN_HERE = (
    select(feed_runs.c.run)
    .where(feed_runs.c.first <= verdicts.c.feed_version)
    .order_by(feed_runs.c.first.desc())
    .limit(1)
    .scalar_subquery()
)
#: Whether the mirror shows what the event of a verdict changed. Of versions before all
#: runs that the hub has named, nothing better is known than that they are past.
IS_SHOWN = and_(
    verdicts.c.outcome != Outcome.DEFERRED,
    verdicts.c.feed_version <= select(feed.c.cursor).scalar_subquery(),
    func.coalesce(_RUN_HERE, verdicts.c.feed_run) == verdicts.c.feed_run,
)
_NEWEST_EPOCH = select(progress).order_by(progress.c.ordinal.desc()).limit(1)


def status_of(connection: Connection) -> MirrorStatus:
    """Cursor and age of the mirror, and the epoch that the hub met last."""
    row = connection.execute(select(feed)).one()
    newest = connection.execute(_NEWEST_EPOCH).one_or_none()
    synced_at = None if row.synced_at is None else _time(row.synced_at)
    if newest is None:
        status = MirrorStatus(row.cursor, synced_at)
    else:
        status = MirrorStatus(row.cursor, synced_at, newest.epoch, newest.settled_seq)
    status = replace(status, run=row.run)
    if row.boot_id is None:
        return status
    return replace(status, met_boot=row.boot_id, met_ns=row.boottime_ns)


def acked_of(connection: Connection) -> AckedThrough | None:
    """What the hub holds of that epoch, None before its first word."""
    row = connection.execute(_NEWEST_EPOCH).one_or_none()
    if row is None or row.acked_seq == 0:
        return None
    return AckedThrough(epoch=row.epoch, seq=row.acked_seq, hash=row.acked_hash)


def settled_of(connection: Connection) -> Mapping[str, int]:
    """Up to which seq of each epoch every event is held by the hub, judged and shown."""
    rows = connection.execute(select(progress).order_by(progress.c.ordinal))
    return {row.epoch: min(row.acked_seq, row.settled_seq) for row in rows}


def hub_time_of(connection: Connection) -> HubTime | None:
    """The hub's clock at its last answer, beside our own since boot."""
    row = connection.execute(select(feed)).one()
    if row.hub_time is None:
        return None
    return HubTime(_time(row.hub_time), BootTime(row.boot_id, row.boottime_ns))


def verdicts_of(
    connection: Connection, event_ids: Sequence[str]
) -> Mapping[str, Verdict]:
    """The verdicts there are on these events, deferred ones included."""
    query = select(verdicts.c.body).where(verdicts.c.event_id.in_(event_ids))
    found = (
        msgspec.json.decode(body, type=Verdict)
        for body in connection.execute(query).scalars()
    )
    return {verdict.event_id: verdict for verdict in found}


def shown_of(connection: Connection, event_ids: Sequence[str]) -> frozenset[str]:
    """Those of these events whose effect is in the mirror."""
    query = (
        select(verdicts.c.event_id)
        .where(verdicts.c.event_id.in_(event_ids))
        .where(IS_SHOWN)
    )
    return frozenset(connection.execute(query).scalars())


def final_of(connection: Connection, event_ids: Sequence[str]) -> frozenset[str]:
    """Those of these events on which the hub has given its last word."""
    query = (
        select(verdicts.c.event_id)
        .where(verdicts.c.event_id.in_(event_ids))
        .where(verdicts.c.outcome != Outcome.DEFERRED)
    )
    return frozenset(connection.execute(query).scalars())


def _time(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)
