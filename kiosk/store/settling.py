"""Which own events are settled: judged by the hub, and their effect in the mirror.

`settled_seq` of an epoch: every event up to it has a verdict that is not
`deferred` and whose `feed_version` the cursor has reached, in the history that gave
it. From then on the mirror alone tells the truth about what those events changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.dialects.sqlite import Insert, insert

from kiosk.store.mirror_queries import IS_SHOWN
from kiosk.store.mirror_schema import progress, verdicts
from sync.protocol import GENESIS_HASH, AckedThrough, FeedPage, Outcome, Verdict

_NEW = insert(verdicts)


def _put(where: ColumnElement[bool]) -> Insert:
    """Store verdicts; replace a known one only `where`."""
    return _NEW.on_conflict_do_update(
        index_elements=[verdicts.c.event_id],
        set_={
            column.name: _NEW.excluded[column.name]
            for column in verdicts.columns
            if not column.primary_key
        },
        where=where,
    )


_WAITING = verdicts.c.outcome == Outcome.DEFERRED
#: The hub's newest word counts; only "later" never replaces an answer.
_PUT = _put((_NEW.excluded.outcome != Outcome.DEFERRED) | _WAITING)
#: An older word only ends a wait.
_FILL = _put(_WAITING)


def put_verdicts(
    connection: Connection,
    given: Sequence[Verdict],
    acked_through: AckedThrough | None,
    *,
    newest: bool = True,
) -> None:
    """Store verdicts and the hub's memory of their epoch.

    `newest`: nothing the hub said is newer. Else it takes nothing back, neither a
    verdict nor what the hub holds.
    """
    for epoch in dict.fromkeys(verdict.epoch for verdict in given):
        _meet(connection, epoch)
    if acked_through is not None:
        _meet(connection, acked_through.epoch)
        _note_acked(connection, acked_through, newest=newest)
    if given:
        put = _PUT if newest else _FILL
        connection.execute(put, [_row(verdict) for verdict in given])


def recheck(connection: Connection, holds: Sequence[AckedThrough]) -> None:
    """Take the hub's word on epochs it has met before; on others it says nothing."""
    met = set(connection.execute(select(progress.c.epoch)).scalars())
    for acked in holds:
        if acked.epoch in met:
            _note_acked(connection, acked, newest=True)


def settle(connection: Connection) -> None:
    """Move each epoch's `settled_seq` as far as verdicts and cursor reach."""
    for row in connection.execute(select(progress)).all():
        reached = _reach(connection, row.epoch, row.settled_seq)
        if reached != row.settled_seq:
            connection.execute(
                progress.update()
                .where(progress.c.epoch == row.epoch)
                .values(settled_seq=reached)
            )


def skip_removed(connection: Connection, removed: Mapping[str, int]) -> None:
    """Let a rebuilt mirror begin where the ledger begins: verdicts are missing before."""
    for epoch, seq in removed.items():
        _meet(connection, epoch)
        behind = progress.c.epoch == epoch, progress.c.settled_seq < seq
        connection.execute(progress.update().where(*behind).values(settled_seq=seq))


def unsettle(connection: Connection) -> None:
    """The mirror shows nothing any more: count from the first event again."""
    connection.execute(progress.update().values(settled_seq=0))


def _meet(connection: Connection, epoch: str) -> None:
    connection.execute(
        insert(progress)
        .values(epoch=epoch, acked_seq=0, acked_hash=GENESIS_HASH, settled_seq=0)
        .on_conflict_do_nothing(index_elements=[progress.c.epoch])
    )


def _note_acked(connection: Connection, acked: AckedThrough, *, newest: bool) -> None:
    of_epoch = progress.c.epoch == acked.epoch
    known = connection.execute(select(progress).where(of_epoch)).one()
    change = progress.update().where(of_epoch)
    if acked.seq < known.acked_seq:
        if not newest:
            return
        beyond = verdicts.c.epoch == acked.epoch, verdicts.c.seq > acked.seq
        connection.execute(verdicts.delete().where(*beyond))
        settled = min(known.settled_seq, acked.seq)
        connection.execute(change.values(settled_seq=settled))
    connection.execute(change.values(acked_seq=acked.seq, acked_hash=acked.hash))


def forget_undone(connection: Connection, page: FeedPage) -> int:
    """Forget final verdicts whose effect the mirror lacks, though the page completes it.

    The hub was put back to before it gave them; returns how many there were. Without
    a new run in the page it was not.
    """
    if page.more or not page.runs:
        return 0
    settled = (
        select(progress.c.settled_seq)
        .where(progress.c.epoch == verdicts.c.epoch)
        .scalar_subquery()
    )
    undone = verdicts.c.seq > settled, verdicts.c.outcome != Outcome.DEFERRED, ~IS_SHOWN
    return connection.execute(verdicts.delete().where(*undone)).rowcount


def _reach(connection: Connection, epoch: str, settled: int) -> int:
    query = (
        select(verdicts.c.seq, IS_SHOWN.label("shown"))
        .where(verdicts.c.epoch == epoch, verdicts.c.seq > settled)
        .order_by(verdicts.c.seq)
        .execution_options(yield_per=200)
    )
    with connection.execute(query) as rows:
        for seq, shown in rows:
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
        "feed_run": verdict.feed_run,
        "body": msgspec.json.encode(verdict),
    }
