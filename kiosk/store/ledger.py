"""The ledger: everything this kiosk did, written by the kiosk process alone."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine, bindparam, select

from kiosk.service.ports import (
    Draft,
    Head,
    Moment,
    Security,
    TagState,
    TagTarget,
)
from kiosk.store import tags as tags_in
from kiosk.store.append import append, begin_epoch
from kiosk.store.chain import first_break
from kiosk.store.engine import looking, reader_engine, transaction
from kiosk.store.errors import Corrupt, LedgerError, LedgerUnwritable, ledger_error
from kiosk.store.ledger_opening import NewEpoch, Opening, open_ledger, random_epoch
from kiosk.store.ledger_queries import (
    Subject,
    events_about,
    head_of,
    select_open_asks,
    to_events,
    uptimes_after,
)
from kiosk.store.ledger_schema import Reason, state
from kiosk.store.prepared import Prepared
from kiosk.store.recent_subjects import recent_subjects
from kiosk.store.renewal import Final, Renewal, nothing_final, renew
from kiosk.store.trimming import oldest_events, remove_through
from kiosk.store.wal_tail import WalTail
from sync.protocol import AckedThrough, Event

log = structlog.get_logger(__name__)

_STORE_RECEIPTS = Prepared(
    state.update()
    .where(state.c.receipts < bindparam("below"))
    .values(receipts=bindparam("drawn")),
    "drawn",
    "below",
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
        final: Final = nothing_final,
    ) -> None:
        """Open, check and if need be replace the ledger; `opening` tells what was found.

        `acked` and `final` are the hub's memory as the mirror has it. Raises
        LedgerError.
        """
        opened = open_ledger(path, kiosk_id, acked, new_epoch, final)
        self.opening = opened.opening
        _report(opened.opening)
        self._engine = opened.engine
        self._reader = reader_engine(path)
        self._tail = WalTail(path)
        self._trouble: LedgerError | None = None
        self._lock = opened.lock
        self._kiosk_id = kiosk_id
        self._new_epoch = new_epoch
        self._drawn = 0

    @property
    def trouble(self) -> LedgerError | None:
        """The fault of file or medium after which `reopen` has not succeeded yet."""
        return self._trouble

    def reopen(self) -> None:
        """Open the file anew and write to it, so that it is known to be durable again."""
        self._engine.dispose()
        try:
            self._tail.cut()
        except OSError as err:
            raise LedgerUnwritable(f"ledger: {err}") from err
        with self._transaction() as connection:
            connection.execute(state.update().values(openings=state.c.openings + 1))
        self._trouble = None

    def record(
        self, drafts: Sequence[Draft], at: Moment, tags: Sequence[TagTarget] = ()
    ) -> tuple[Event, ...]:
        """Append events and set the desired state of tags: one transaction, one sync."""
        with self._transaction() as connection:
            recorded = append(connection, self._kiosk_id, drafts, at)
            tags_in.set_targets(connection, tags)
            self._store_receipts(connection)
        return recorded

    def note_seen(self, seen: Mapping[str, Security | None]) -> None:
        """Store what read-back found; what is known already costs no sync."""
        if seen:
            with self._transaction() as connection:
                tags_in.note_seen(connection, seen)

    def forget_tags(self, uids: Sequence[str]) -> None:
        with self._transaction() as connection:
            tags_in.forget_tags(connection, uids)

    def settle_wishes(
        self, found: Sequence[TagTarget], moved_on: Sequence[str]
    ) -> None:
        with self._transaction() as connection:
            tags_in.set_targets(connection, found)
            tags_in.drop_wishes(connection, moved_on)

    def tag_states(self, uids: Sequence[str]) -> Mapping[str, TagState]:
        with self._look() as connection:
            return tags_in.states_of(connection, uids)

    def unhealed_tags(self) -> tuple[TagState, ...]:
        with self._look() as connection:
            return tags_in.unhealed(connection)

    def wishes(self) -> Mapping[str, Security]:
        with self._look() as connection:
            return tags_in.wishes_in(connection)

    def given_up(self) -> Mapping[str, Security]:
        """Items whose wish was dropped because too many waited; oldest first."""
        with self._look() as connection:
            return tags_in.given_up_in(connection)

    def open_asks(self) -> tuple[Event, ...]:
        with self._look() as connection:
            return to_events(connection.execute(select_open_asks()))

    def events_of_item(self, item: str, after_seq: int) -> tuple[Event, ...]:
        return self._events_about(lambda of: of.c.item == item, after_seq)

    def events_of_items(
        self, items: Collection[str], after_seq: int
    ) -> tuple[Event, ...]:
        return self._events_about(lambda of: of.c.item.in_(items), after_seq)

    def events_of_patron(self, patron_ref: str, after_seq: int) -> tuple[Event, ...]:
        return self._events_about(lambda of: of.c.patron_ref == patron_ref, after_seq)

    def uptimes_after(self, after_seq: int) -> Mapping[str, int]:
        with self._look() as connection:
            return uptimes_after(connection, after_seq)

    def head(self) -> Head:
        with self._look() as connection:
            head, _ = head_of(connection)
        return head

    def next_receipt(self) -> int:
        """Count receipts; `record` stores the count together with what they are for.

        A sync of its own would double the cost of a loan. Nothing is printed before
        the record, so a number that a crash forgets was seen by nobody.
        """
        with self._look() as connection:
            stored = connection.execute(select(state.c.receipts)).scalar_one()
        self._drawn = max(self._drawn, stored) + 1
        return self._drawn

    def oldest_events(self, epoch: str, through: int, limit: int) -> tuple[Event, ...]:
        """The first events of an epoch up to seq `through`, its last one left out."""
        with self._look() as connection:
            return oldest_events(connection, epoch, through, limit)

    def remove_through(self, last: Event) -> int:
        """Forget an epoch's events up to and with this one; return how many went."""
        with self._transaction() as connection:
            return remove_through(connection, last)

    def begin_epoch(self, reason: Reason) -> Head:
        """Start a new epoch: the hub remembers more of this one than we do."""
        with self._transaction() as connection:
            begin_epoch(connection, self._new_epoch(), self._kiosk_id, reason)
            head, _ = head_of(connection)
        return head

    def renew(self, epoch: str, final: Final) -> int | None:
        """Leave an epoch of which the hub holds other events than we do.

        Those on which it has not spoken are recorded anew in a new epoch, together
        with the open asks. Returns how many, None if all is done already.
        """
        how = Renewal(self._kiosk_id, self._new_epoch, final)
        with self._transaction() as connection:
            return renew(connection, [epoch], how, Reason.BEHIND_HUB)

    def first_break(self) -> str | None:
        """Check every event of the chain; say where it is broken."""
        with self._look() as connection:
            return first_break(connection)

    def close(self) -> None:
        """Leave a mark that nothing is missing, and let the next process in."""
        if not self._lock.held:
            return
        try:
            with self._transaction() as connection:
                self._store_receipts(connection)
                connection.execute(state.update().values(in_use=0))
        finally:
            self._engine.dispose()
            self._lock.close()

    def _store_receipts(self, connection: Connection) -> None:
        """Writes no page where none was drawn since."""
        _STORE_RECEIPTS.run(connection, (self._drawn, self._drawn))

    def _events_about(self, fits: Subject, after_seq: int) -> tuple[Event, ...]:
        with self._look() as connection:
            if self._trouble is not None:  # a connection for this question alone
                return events_about(connection, fits, after_seq)
            return events_about(connection, fits, after_seq, recent_subjects)

    @contextmanager
    def _transaction(self, engine: Engine | None = None) -> Iterator[Connection]:
        used = engine or self._engine
        try:
            with transaction(used, ledger_error, self._giving_up) as connection:
                yield connection
        except LedgerError as err:
            if isinstance(err, Corrupt):
                self._trouble = err
            raise

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """What failed must not be found in the WAL by the next connection."""
        handle = None
        with suppress(OSError):  # a medium that is gone: `reopen` cuts, or nothing is
            handle = self._tail.note()
            self._tail.cut()
        try:
            yield
        finally:
            if handle is not None:
                os.close(handle)

    @contextmanager
    def _look(self) -> Iterator[Connection]:
        """Read; beside a medium that can't be written the writing handle is gone."""
        if self._trouble is None:
            with self._transaction(looking(self._engine)) as connection:
                yield connection
        else:
            with transaction(self._reader, ledger_error) as connection:
                yield connection


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
