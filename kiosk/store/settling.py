"""Which own events are settled: judged by the hub, and their effect in the mirror.

`settled_seq` of an epoch: every event up to it has a verdict that is not
`deferred` and whose `feed_version` the cursor has reached. From then on the
mirror alone tells the truth about what those events changed.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, or_, select
from sqlalchemy.dialects.sqlite import insert

from kiosk.store.mirror_schema import feed, progress, verdicts
from sync.protocol import GENESIS_HASH, AckedThrough, Outcome, Verdict

_NEW = insert(verdicts)
#: The hub's newest word counts; only "later" never replaces an answer.
_PUT = _NEW.on_conflict_do_update(
    index_elements=[verdicts.c.event_id],
    set_={
        column.name: _NEW.excluded[column.name]
        for column in verdicts.columns
        if not column.primary_key
    },
    where=or_(
        _NEW.excluded.outcome != Outcome.DEFERRED,
        verdicts.c.outcome == Outcome.DEFERRED,
    ),
)


def put_verdicts(
    connection: Connection,
    given: Sequence[Verdict],
    acked_through: AckedThrough | None,
) -> None:
    """Store verdicts and the hub's memory of their epoch."""
    for epoch in dict.fromkeys(verdict.epoch for verdict in given):
        _meet(connection, epoch)
    if acked_through is not None:
        _meet(connection, acked_through.epoch)
        _note_acked(connection, acked_through)
    if given:
        connection.execute(_PUT, [_row(verdict) for verdict in given])


def settle(connection: Connection) -> None:
    """Move each epoch's `settled_seq` as far as verdicts and cursor reach."""
    cursor = connection.execute(select(feed.c.cursor)).scalar_one()
    for row in connection.execute(select(progress)).all():
        reached = _reach(connection, row.epoch, row.settled_seq, cursor)
        if reached != row.settled_seq:
            connection.execute(
                progress.update()
                .where(progress.c.epoch == row.epoch)
                .values(settled_seq=reached)
            )


def unsettle(connection: Connection) -> None:
    """The mirror shows nothing any more: count from the first event again."""
    connection.execute(progress.update().values(settled_seq=0))


def _meet(connection: Connection, epoch: str) -> None:
    connection.execute(
        insert(progress)
        .values(epoch=epoch, acked_seq=0, acked_hash=GENESIS_HASH, settled_seq=0)
        .on_conflict_do_nothing(index_elements=[progress.c.epoch])
    )


def _note_acked(connection: Connection, acked: AckedThrough) -> None:
    of_epoch = progress.c.epoch == acked.epoch
    known = connection.execute(select(progress).where(of_epoch)).one()
    change = progress.update().where(of_epoch)
    if acked.seq < known.acked_seq:
        beyond = verdicts.c.epoch == acked.epoch, verdicts.c.seq > acked.seq
        connection.execute(verdicts.delete().where(*beyond))
        settled = min(known.settled_seq, acked.seq)
        connection.execute(change.values(settled_seq=settled))
    connection.execute(change.values(acked_seq=acked.seq, acked_hash=acked.hash))


def _reach(connection: Connection, epoch: str, settled: int, cursor: int) -> int:
    query = (
        select(verdicts.c.seq, verdicts.c.outcome, verdicts.c.feed_version)
        .where(verdicts.c.epoch == epoch, verdicts.c.seq > settled)
        .order_by(verdicts.c.seq)
        .execution_options(yield_per=200)
    )
    with connection.execute(query) as rows:
        for seq, outcome, feed_version in rows:
            shown = outcome != Outcome.DEFERRED and feed_version <= cursor
            if seq != settled + 1 or not shown:
                break
            settled = seq
    return settled


def _row(verdict: Verdict) -> dict[str, object]:
    return {
        "event_id": verdict.event_id,
        "epoch": verdict.epoch,
        "seq": verdict.seq,
        "outcome": verdict.outcome,
        "feed_version": verdict.feed_version,
        "body": msgspec.json.encode(verdict),
    }
