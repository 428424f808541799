"""Opens the ledger: checks it, salvages a damaged one, begins epochs."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from kiosk.store.append import begin_epoch, insert_salvaged, know_epoch
from kiosk.store.chain import epochs_of
from kiosk.store.engine import reader_engine, transaction, upgrade, writer_engine
from kiosk.store.errors import (
    LedgerDamaged,
    LedgerError,
    LedgerInUse,
    LedgerTooNew,
    LedgerUnwritable,
    ledger_error,
)
from kiosk.store.ledger_checks import fault_inside, is_behind
from kiosk.store.ledger_files import LedgerFiles, wal_of
from kiosk.store.ledger_queries import head_of
from kiosk.store.ledger_schema import (
    PAGE_BYTES,
    PRAGMAS,
    UPGRADES,
    Reason,
    state,
)
from kiosk.store.lock import WriterLock
from kiosk.store.pages import Frame, is_broken, read_frames
from kiosk.store.renewal import Final, Renewal, renew
from kiosk.store.salvage import Salvage, salvage
from kiosk.store.tags import insert_tags
from sync.protocol import AckedThrough

#: A receipt number is never printed twice, so the counter jumps when some of its
#: steps may be lost: past all a lost WAL can hold, past all of a lost ledger.
RECEIPTS_IN_WAL = 10_000
RECEIPTS_IN_LEDGER = 1_000_000

NewEpoch = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Opening:
    """What opening the ledger found.

    `began`: why a new epoch began, None when the old one goes on. `fault`: what
    was wrong with the file that now lies at `set_aside`.
    """

    began: Reason | None = None
    fault: str | None = None
    set_aside: Path | None = None
    salvaged: int = 0


@dataclass(frozen=True, slots=True)
class OpenLedger:
    """A checked ledger, ready for its one writer."""

    engine: Engine
    lock: WriterLock
    opening: Opening


def random_epoch() -> str:
    return str(uuid.uuid4())


def open_ledger(
    path: Path,
    kiosk_id: str,
    acked: AckedThrough | None,
    new_epoch: NewEpoch,
    final: Final,
) -> OpenLedger:
    """Open or create the ledger at `path`.

    Raises LedgerInUse, LedgerTooNew, and LedgerError where the medium fails.
    """
    try:
        return _open(LedgerFiles(path), kiosk_id, acked, new_epoch, final)
    except LedgerError:
        raise
    except OSError as err:
        raise LedgerUnwritable(f"{path}: {err}") from err


def _open(
    files: LedgerFiles,
    kiosk_id: str,
    acked: AckedThrough | None,
    new_epoch: NewEpoch,
    final: Final,
) -> OpenLedger:
    with ExitStack() as undo:
        lock = WriterLock(files.lock, LedgerInUse)
        undo.callback(lock.close)
        opener = _Opener(files, lock, kiosk_id, acked, new_epoch, final)
        opening = opener.prepare()
        engine = writer_engine(files.db, lock, PRAGMAS)
        undo.callback(engine.dispose)
        opener.take_into_use(engine, opening)
        undo.pop_all()
        return OpenLedger(engine, lock, opening)


@dataclass(frozen=True, slots=True)
class _Opener:
    files: LedgerFiles
    lock: WriterLock
    kiosk_id: str
    acked: AckedThrough | None
    new_epoch: NewEpoch
    final: Final

    def prepare(self) -> Opening:
        """Leave a sound ledger at `ledger.db`, the old one if it is sound."""
        if self.files.ready.exists():
            self.files.install()
        if not self.files.db.exists() and not wal_of(self.files.db).exists():
            self._build(Reason.CREATED, Salvage((), (), 0))
            self.files.install()
            return Opening(began=Reason.CREATED)
        frames = read_frames(wal_of(self.files.db), PAGE_BYTES)
        fault = self._fault(frames)
        if fault is not None:
            return self._replace(fault)
        return Opening(began=self._why_new_epoch(frames))

    def take_into_use(self, engine: Engine, opening: Opening) -> None:
        """Upgrade the schema, begin an epoch where one is due, mark the opening."""
        upgrade(engine, ledger_error, UPGRADES, LedgerTooNew)
        with transaction(engine, ledger_error) as connection:
            if opening.began not in (None, Reason.CREATED, Reason.SALVAGED):
                self._leave_epoch(connection, opening.began)
                jump = state.c.receipts + RECEIPTS_IN_WAL
                connection.execute(state.update().values(receipts=jump))
            connection.execute(state.update().values(in_use=1))
        # A new connection empties the WAL. From here to the close the WAL holds a
        # frame; a WAL without one means that it was lost.
        engine.dispose()
        with transaction(engine, ledger_error) as connection:
            connection.execute(state.update().values(openings=state.c.openings + 1))

    def _fault(self, frames: list[Frame]) -> str | None:
        """Say what is wrong with the files, looking only: nothing is checkpointed."""
        if not self.files.db.exists():
            return "there is a WAL but no database"
        if is_broken(frames):
            return "the WAL is damaged before its end"
        try:
            with self._look() as connection:
                return fault_inside(connection)
        except LedgerDamaged as err:
            return str(err)

    def _why_new_epoch(self, frames: list[Frame]) -> Reason | None:
        """Numbers may have been given already that the file no longer knows."""
        with self._look() as connection:
            in_use = connection.execute(select(state.c.in_use)).scalar_one()
            if in_use and not any(frame.valid for frame in frames):
                return Reason.WAL_LOST
            if self.acked is not None and is_behind(connection, self.acked):
                return Reason.BEHIND_HUB
            if epochs_of(connection)[-1].kiosk_id != self.kiosk_id:
                return Reason.OTHER_KIOSK
        return None

    def _look(self) -> AbstractContextManager[Connection]:
        return transaction(reader_engine(self.files.db), ledger_error)

    def _replace(self, fault: str) -> Opening:
        kept = salvage(self.files.db, wal_of(self.files.db), self.kiosk_id, self.final)
        number = self.files.free_number()
        receipts = max(kept.receipts, number * RECEIPTS_IN_LEDGER)
        self._build(Reason.SALVAGED, replace(kept, receipts=receipts))
        self.files.install()
        return Opening(
            began=Reason.SALVAGED,
            fault=fault,
            set_aside=self.files.damaged(number),
            salvaged=len(kept.events),
        )

    def _build(self, reason: Reason, kept: Salvage) -> None:
        """Write a whole new ledger, then give it the name that says so."""
        engine = writer_engine(self.files.clear_site(), self.lock, PRAGMAS)
        upgrade(engine, ledger_error, UPGRADES, LedgerTooNew)
        with transaction(engine, ledger_error) as connection:
            insert_salvaged(connection, self.kiosk_id, kept.events)
            insert_tags(connection, kept.tags, kept.wishes)
            connection.execute(state.update().values(receipts=kept.receipts))
            self._begin_epoch(connection, reason)
        engine.dispose()  # the last connection takes the WAL into the file
        self.files.mark_ready()

    def _leave_epoch(self, connection: Connection, reason: Reason) -> None:
        """Begin an epoch, and record anew what can't be sent as it stands."""
        if reason is Reason.WAL_LOST:
            self._begin_epoch(connection, reason)
            return
        newest, _ = head_of(connection)
        self._know_acked(connection)
        every = [epoch.epoch for epoch in epochs_of(connection)]
        # Of an epoch that only the hub knew there is nothing to record anew.
        left = every if reason is Reason.OTHER_KIOSK else [newest.epoch, every[-1]]
        how = Renewal(self.kiosk_id, self.new_epoch, self.final, keep_asks=False)
        renew(connection, tuple(dict.fromkeys(left)), how, reason)

    def _begin_epoch(self, connection: Connection, reason: Reason) -> None:
        self._know_acked(connection)
        begin_epoch(connection, self.new_epoch(), self.kiosk_id, reason)

    def _know_acked(self, connection: Connection) -> None:
        if self.acked is not None:
            know_epoch(connection, self.acked.epoch, self.kiosk_id)
