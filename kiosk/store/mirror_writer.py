"""The mirror as the agent writes it: everything the hub said, and nothing else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from itertools import count
from pathlib import Path

import structlog
from sqlalchemy import Connection, Engine

from kiosk.clock import BootTime, boot_time
from kiosk.durable import flush
from kiosk.service.ports import MirrorStatus
from kiosk.store.engine import transaction, upgrade, writer_engine
from kiosk.store.errors import (
    BadRulesSignature,
    MirrorBusy,
    MirrorDamaged,
    MirrorError,
    MirrorInUse,
    mirror_error,
)
from kiosk.store.lock import WriterLock
from kiosk.store.mirror_changes import forget_feed, put_page
from kiosk.store.mirror_checks import mirror_fault
from kiosk.store.mirror_late import is_newest, note_told, take_page
from kiosk.store.mirror_queries import acked_of, final_of, status_of
from kiosk.store.mirror_schema import PRAGMAS, UPGRADES, feed
from kiosk.store.settling import (
    forget_undone,
    put_verdicts,
    recheck,
    settle,
    skip_removed,
)
from sync.keys import rules_are_genuine
from sync.protocol import AckedThrough, FeedPage, RulesChanged, Verdict
from sync.stick.letters import Page

log = structlog.get_logger(__name__)


class MirrorWriter:
    """The one writer of `mirror.db`; each call is one transaction.

    A damaged file is set aside as `mirror.damaged-<n>.db` and a new one begun:
    the hub tells all of it again.
    """

    def __init__(
        self, path: Path, hub_key: str, boot: Callable[[], BootTime] = boot_time
    ) -> None:
        """Open or create the mirror. `hub_key` (hex) signs the rules.

        `boot` says when the time was read that the hub's last answer tells.
        Raises MirrorInUse, MirrorError.
        """
        self._hub_key = hub_key
        self._boot = boot
        self._wal = path.with_name(path.name + "-wal")
        try:
            self._engine, self._lock = _open(path)
        except MirrorError:
            raise
        except OSError as err:
            raise MirrorBusy(f"{path}: {err}") from err

    def cursor(self) -> int:
        """Where the feed goes on."""
        return self.status().cursor

    def status(self) -> MirrorStatus:
        with self._transaction() as connection:
            return status_of(connection)

    def acked(self) -> AckedThrough | None:
        """What the hub holds of the epoch it met last."""
        with self._transaction() as connection:
            return acked_of(connection)

    def final(self, event_ids: Sequence[str]) -> frozenset[str]:
        """Those of these events on which the hub has given its last word."""
        with self._transaction() as connection:
            return final_of(connection, event_ids)

    def apply_page(self, page: FeedPage) -> int:
        """Apply the changes and move the cursor; a page applied before does nothing.

        Returns how many verdicts no longer count: a hub that was restored has told
        all it knows, and their effect is not in it. Raises BadRulesSignature, and
        then nothing of the page is applied.
        """
        self._check(page)
        with self._transaction() as connection:
            if page.cursor <= status_of(connection).cursor:
                return 0
            put_page(connection, page)
            self._note_time(connection, page.hub_time)
            settle(connection)
            return forget_undone(connection, page)

    def put_verdicts(
        self,
        verdicts: Sequence[Verdict],
        acked_through: AckedThrough | None,
        hub_time: dt.datetime,
    ) -> None:
        """Store what the hub made of events, and how far it holds their epoch.

        A hub that holds less than it once said was restored from a backup: its
        verdicts beyond that point no longer count.
        """
        with self._transaction() as connection:
            put_verdicts(connection, verdicts, acked_through)
            self._note_time(connection, hub_time)
            settle(connection)

    def put_late_verdicts(
        self,
        verdicts: Sequence[Verdict],
        acked_through: AckedThrough | None,
        hub_time: dt.datetime,
    ) -> None:
        """As `put_verdicts`, for an answer that was long on its way.

        Its time is not the time now. Where a newer word is known, it only adds.
        """
        with self._transaction() as connection:
            newest = is_newest(connection, hub_time)
            put_verdicts(connection, verdicts, acked_through, newest=newest)
            note_told(connection, hub_time)
            settle(connection)

    def apply_late_page(self, letter: Page) -> bool:
        """As `apply_page` and `mark_synced`, for a page that was long on its way.

        Tells whether it was new. Raises BadRulesSignature, PageTooFarOn, and then
        nothing of it is applied.
        """
        self._check(letter.page)
        with self._transaction() as connection:
            newest = is_newest(connection, letter.page.hub_time)
            was_new = take_page(connection, letter)
            note_told(connection, letter.page.hub_time)
            settle(connection)
            if newest:
                forget_undone(connection, letter.page)
        return was_new

    def flush(self) -> None:
        """Return once all that was written before will survive a power cut."""
        flush(self._wal)

    def recheck(self, acked: Sequence[AckedThrough]) -> None:
        """Forget verdicts beyond what a restored hub holds of epochs met before."""
        with self._transaction() as connection:
            recheck(connection, acked)

    def skip_removed(self, removed: Mapping[str, int]) -> None:
        """Count events up to these seqs as settled; the ledger no longer has them."""
        if removed:
            with self._transaction() as connection:
                skip_removed(connection, removed)
                settle(connection)

    def mark_synced(self, hub_time: dt.datetime) -> None:
        """The mirror held everything the hub knew at this time."""
        with self._transaction() as connection:
            connection.execute(feed.update().values(synced_at=hub_time.isoformat()))
            self._note_time(connection, hub_time)

    def empty(self) -> None:
        """Forget the feed and start from cursor 0; verdicts and signed rules stay."""
        with self._transaction() as connection:
            forget_feed(connection)
            settle(connection)

    def close(self) -> None:
        self._engine.dispose()
        self._lock.close()

    def _check(self, page: FeedPage) -> None:
        for change in page.changes:
            if not isinstance(change, RulesChanged):
                continue
            if not rules_are_genuine(change.value, self._hub_key):
                version = change.value.rules.version
                text = f"rules version {version}: not signed by the hub"
                raise BadRulesSignature(text)

    def _note_time(self, connection: Connection, hub_time: dt.datetime) -> None:
        at = self._boot()
        connection.execute(
            feed.update().values(
                hub_time=hub_time.isoformat(),
                boot_id=at.boot_id,
                boottime_ns=at.boottime_ns,
            )
        )
        note_told(connection, hub_time)

    def _transaction(self) -> AbstractContextManager[Connection]:
        return transaction(self._engine, mirror_error)


def _open(path: Path) -> tuple[Engine, WriterLock]:
    with ExitStack() as undo:
        lock = WriterLock(path.with_suffix(".lock"), MirrorInUse)
        undo.callback(lock.close)
        if not path.exists():
            _clear_site(path)
        engine = _sound_or_new(path, lock)
        undo.pop_all()
        return engine, lock


def _sound_or_new(path: Path, lock: WriterLock) -> Engine:
    try:
        return _sound(path, lock)
    except MirrorDamaged as err:
        log.warning("mirror set aside", file=str(_set_aside(path)), why=str(err))
        return _sound(path, lock)


def _sound(path: Path, lock: WriterLock) -> Engine:
    """Open a mirror and check it. Raises MirrorDamaged, MirrorError."""
    with ExitStack() as undo:
        engine = writer_engine(path, lock, PRAGMAS)
        undo.callback(engine.dispose)
        upgrade(engine, mirror_error, UPGRADES, MirrorDamaged)
        with transaction(engine, mirror_error) as connection:
            fault = mirror_fault(connection)
        if fault is not None:
            raise MirrorDamaged(f"mirror: {fault}")
        undo.pop_all()
        return engine


def _clear_site(path: Path) -> None:
    """What lies beside a file that is gone; a reader may still hold its index open."""
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _set_aside(path: Path) -> Path:
    """Move the database out of the way, its WAL along."""
    aside = next(
        name
        for number in count(1)
        if not (name := path.with_suffix(f".damaged-{number}.db")).exists()
    )
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    wal = path.with_name(path.name + "-wal")
    if wal.exists():
        wal.replace(aside.with_name(aside.name + "-wal"))
    path.replace(aside)
    return aside
