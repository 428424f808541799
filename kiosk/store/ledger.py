"""The ledger: everything this kiosk did, written by the kiosk process alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.sqlite import insert

from kiosk.service.ports import (
    Draft,
    Head,
    Moment,
    Security,
    TagState,
    TagTarget,
)
from kiosk.store.append import append, begin_epoch
from kiosk.store.chain import first_break
from kiosk.store.engine import transaction
from kiosk.store.errors import ledger_error
from kiosk.store.ledger_opening import NewEpoch, Opening, open_ledger, random_epoch
from kiosk.store.ledger_queries import (
    events_about,
    head_of,
    select_open_asks,
    to_events,
)
from kiosk.store.ledger_schema import (
    Reason,
    events,
    state,
    subjects,
    tag_states,
)
from sync.protocol import AckedThrough, Event

log = structlog.get_logger(__name__)

_NEW_TARGET = insert(tag_states).values(
    since=select(func.coalesce(func.max(events.c.number), 0)).scalar_subquery()
)
#: What was seen of a tag before a new wish no longer counts: it may have been
#: written at another point in between.
_SET_TARGET = _NEW_TARGET.on_conflict_do_update(
    index_elements=[tag_states.c.uid],
    set_={
        "item": _NEW_TARGET.excluded.item,
        "desired": _NEW_TARGET.excluded.desired,
        "seen": None,
        "since": _NEW_TARGET.excluded.since,
    },
)


class SqliteLedger:
    """Implements `kiosk.service.ports.Ledger` on one connection.

    Other threads may read through it as well; they wait for each other.
    """

    def __init__(
        self,
        path: Path,
        kiosk_id: str,
        acked: AckedThrough | None = None,
        *,
        new_epoch: NewEpoch = random_epoch,
    ) -> None:
        """Open, check and if need be replace the ledger; `opening` tells what was found.

        `acked` is the hub's memory as the mirror has it. Raises LedgerError.
        """
        opened = open_ledger(path, kiosk_id, acked, new_epoch)
        self.opening = opened.opening
        _report(opened.opening)
        self._engine = opened.engine
        self._lock = opened.lock
        self._kiosk_id = kiosk_id
        self._new_epoch = new_epoch

    def record(
        self, drafts: Sequence[Draft], at: Moment, tags: Sequence[TagTarget] = ()
    ) -> tuple[Event, ...]:
        """Append events and set the desired state of tags: one transaction, one sync."""
        with self._transaction() as connection:
            recorded = append(connection, self._kiosk_id, drafts, at)
            if tags:
                connection.execute(_SET_TARGET, [_target_row(tag) for tag in tags])
        return recorded

    def note_seen(self, seen: Mapping[str, Security | None]) -> None:
        """Store what read-back found; what is known already costs no sync."""
        change = (
            tag_states.update()
            .where(tag_states.c.uid == bindparam("of_uid"))
            .where(tag_states.c.seen.is_distinct_from(bindparam("now_seen")))
            .values(seen=bindparam("now_seen"))
        )
        rows = [{"of_uid": uid, "now_seen": value} for uid, value in seen.items()]
        if rows:
            with self._transaction() as connection:
                connection.execute(change, rows)

    def forget_tags(self, uids: Sequence[str]) -> None:
        with self._transaction() as connection:
            connection.execute(tag_states.delete().where(tag_states.c.uid.in_(uids)))

    def tag_states(self, uids: Sequence[str]) -> Mapping[str, TagState]:
        rows = self._rows(select(tag_states).where(tag_states.c.uid.in_(uids)))
        return {row.uid: _tag_state(row) for row in rows}

    def unhealed_tags(self) -> tuple[TagState, ...]:
        unhealed = or_(
            tag_states.c.seen.is_(None), tag_states.c.seen != tag_states.c.desired
        )
        query = (
            select(tag_states)
            .where(unhealed)
            .order_by(tag_states.c.since, tag_states.c.uid)
        )
        return tuple(_tag_state(row) for row in self._rows(query))

    def open_asks(self) -> tuple[Event, ...]:
        return to_events(self._rows(select_open_asks()))

    def events_of_item(self, item: str, after_seq: int) -> tuple[Event, ...]:
        return self._events_about(subjects.c.item == item, after_seq)

    def events_of_items(
        self, items: Collection[str], after_seq: int
    ) -> tuple[Event, ...]:
        return self._events_about(subjects.c.item.in_(items), after_seq)

    def events_of_patron(self, patron_ref: str, after_seq: int) -> tuple[Event, ...]:
        return self._events_about(subjects.c.patron_ref == patron_ref, after_seq)

    def head(self) -> Head:
        with self._transaction() as connection:
            head, _ = head_of(connection)
        return head

    def next_receipt(self) -> int:
        count = state.update().values(receipts=state.c.receipts + 1)
        with self._transaction() as connection:
            number = connection.execute(count.returning(state.c.receipts)).scalar_one()
        return int(number)

    def begin_epoch(self, reason: Reason) -> Head:
        """Start a new epoch: the hub remembers more of this one than we do."""
        with self._transaction() as connection:
            begin_epoch(connection, self._new_epoch(), self._kiosk_id, reason)
            head, _ = head_of(connection)
        return head

    def first_break(self) -> str | None:
        """Check every event of the chain; say where it is broken."""
        with self._transaction() as connection:
            return first_break(connection)

    def close(self) -> None:
        """Leave a mark that nothing is missing, and let the next process in."""
        if not self._lock.held:
            return
        try:
            with self._transaction() as connection:
                connection.execute(state.update().values(in_use=0))
        finally:
            self._engine.dispose()
            self._lock.close()

    def _events_about(
        self, subject: ColumnElement[bool], after_seq: int
    ) -> tuple[Event, ...]:
        with self._transaction() as connection:
            return events_about(connection, subject, after_seq)

    def _rows(self, query: Select[*tuple[Any, ...]]) -> Sequence[Row[Any]]:
        with self._transaction() as connection:
            return connection.execute(query).all()

    def _transaction(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine, ledger_error)


def _report(opening: Opening) -> None:
    if opening.fault is not None:
        log.error(
            "ledger set aside",
            why=opening.fault,
            file=str(opening.set_aside),
            salvaged=opening.salvaged,
        )
    elif opening.began is not None:
        log.warning("ledger began a new epoch", why=opening.began.value)


def _target_row(target: TagTarget) -> dict[str, str]:
    return {"uid": target.uid, "item": target.item, "desired": target.desired}


def _tag_state(row: Row[Any]) -> TagState:
    return TagState(
        uid=row.uid,
        item=row.item,
        desired=Security(row.desired),
        seen=None if row.seen is None else Security(row.seen),
    )
