"""The mirror as the kiosk sees it: read-only, empty while there is none to read."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import structlog
from sqlalchemy import ColumnElement, Connection, Select, Table, func, select
from sqlalchemy.exc import DBAPIError

from kiosk.clock import HubTime
from kiosk.domain.rules import Rules
from kiosk.domain.values import Hold, Item, Loan, Patron, Site, Title
from kiosk.service.ports import MirrorStatus
from kiosk.store.engine import schema_version, staying_reader_engine, transaction
from kiosk.store.errors import MirrorBusy, MirrorDamaged, mirror_error
from kiosk.store.mirror_queries import (
    acked_of,
    final_of,
    hub_time_of,
    settled_of,
    shown_of,
    status_of,
    verdicts_of,
)
from kiosk.store.mirror_schema import (
    UPGRADES,
    credentials,
    holds,
    item_tags,
    items,
    loans,
    patrons,
    rules,
    sites,
    titles,
    verdicts,
)
from kiosk.store.prepared import rows_of
from sync.protocol import AckedThrough, Outcome, SignedRules, Verdict

Value = TypeVar("Value")
Answer = TypeVar("Answer")

#: The last two: a value that makes no sense, such as a time that is none.
_UNREADABLE = (MirrorBusy, MirrorDamaged, msgspec.DecodeError, ValueError, TypeError)

log = structlog.get_logger(__name__)


class _Held(threading.local):
    """The transaction in which this thread reads, while it holds one."""

    connection: Connection | None = None


class MirrorReader:
    """Implements `kiosk.service.ports.Mirror`; any thread may call it.

    The file stays open; one that took its place is noticed at the next call.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._engine = staying_reader_engine(path)
        weakref.finalize(self, self._engine.dispose)
        self._readable = True
        self._held = _Held()

    @contextmanager
    def one_state(self) -> Iterator[None]:
        """What this thread asks inside is answered from one state of the mirror.

        Where that can't be read, each question finds so for itself.
        """
        with suppress(MirrorBusy, MirrorDamaged), ExitStack() as stack:
            with suppress(MirrorBusy, MirrorDamaged):
                self._held.connection = stack.enter_context(self._look())
            try:
                yield
            finally:
                self._held.connection = None

    def patron_by_digest(self, digest: str) -> Patron | None:
        query = (
            select(patrons.c.body)
            .join_from(
                credentials, patrons, patrons.c.patron_ref == credentials.c.patron_ref
            )
            .where(credentials.c.digest == digest)
        )
        return self._one(query, Patron)

    def patron(self, patron_ref: str) -> Patron | None:
        return self._one(_by_key(patrons, patron_ref), Patron)

    def item(self, barcode: str) -> Item | None:
        return self._one(_by_key(items, barcode), Item)

    def item_of_tag(self, tag_uid: str) -> Item | None:
        """The copy that is known by the UID of its tag."""
        query = (
            select(items.c.body)
            .join(item_tags, item_tags.c.item == items.c.barcode)
            .where(item_tags.c.tag_uid == tag_uid)
        )
        return self._one(query, Item)

    def items(self, barcodes: Collection[str]) -> Mapping[str, Item]:
        """Those of these items that there are, by barcode."""
        query = select(items.c.body).where(items.c.barcode.in_(barcodes))
        return {item.barcode: item for item in self._all(query, Item)}

    def title(self, title_id: str) -> Title | None:
        return self._one(_by_key(titles, title_id), Title)

    def site(self, site_id: str) -> Site | None:
        return self._one(_by_key(sites, site_id), Site)

    def loan_of(self, item: str) -> Loan | None:
        """The open loan of an item; the latest, should the feed be between two."""
        return self.loans_of_items([item]).get(item)

    def loans_of_items(self, barcodes: Collection[str]) -> Mapping[str, Loan]:
        """The open loan of each of these items that is on loan, as `loan_of`."""
        found = self._loans(loans.c.item.in_(barcodes))
        return {loan.item: loan for loan in found}

    def loans_of(self, patron_ref: str) -> tuple[Loan, ...]:
        """A patron's open loans, oldest first."""
        return tuple(self._loans(loans.c.patron_ref == patron_ref))

    def holds_on(self, title_ids: Collection[str]) -> tuple[Hold, ...]:
        """Who waits for these titles or for copies of them, the longest first."""
        return self._holds(holds.c.title_id.in_(title_ids))

    def holds_of(self, patron_ref: str) -> tuple[Hold, ...]:
        """What a patron waits for, the longest first."""
        return self._holds(holds.c.patron_ref == patron_ref)

    def rules(self) -> Rules | None:
        newest = select(rules.c.body).order_by(rules.c.version.desc()).limit(1)

        def read(connection: Connection) -> Rules | None:
            signed = _decoded(connection, newest, SignedRules)
            return None if signed is None else signed.rules

        return self._ask(_once("rules", read), None)

    def status(self) -> MirrorStatus:
        nothing = MirrorStatus(cursor=0, synced_at=None)
        return self._ask(_once("status", status_of), nothing)

    def settled(self) -> Mapping[str, int]:
        """Up to which seq of each epoch every event is held by the hub and judged."""
        return self._ask(settled_of, {})

    def verdicts(self, event_ids: Sequence[str]) -> Mapping[str, Verdict]:
        return self._ask(lambda connection: verdicts_of(connection, event_ids), {})

    def final(self, event_ids: Sequence[str]) -> frozenset[str]:
        """Those of these events on which the hub has given its last word."""
        return self._ask(
            lambda connection: final_of(connection, event_ids), frozenset()
        )

    def shown(self, event_ids: Sequence[str]) -> frozenset[str]:
        """Those of these events whose effect is in the mirror."""
        return self._ask(
            lambda connection: shown_of(connection, event_ids), frozenset()
        )

    def count_outcomes(self) -> Mapping[Outcome, int]:
        """How many verdicts of each kind there are."""
        query = select(verdicts.c.outcome, func.count()).group_by(verdicts.c.outcome)

        def read(connection: Connection) -> Mapping[Outcome, int]:
            rows = connection.execute(query)
            return {Outcome(outcome): number for outcome, number in rows}

        return self._ask(read, {})

    def acked(self) -> AckedThrough | None:
        """What the hub holds of the epoch it met last."""
        return self._ask(acked_of, None)

    def hub_time(self) -> HubTime | None:
        """The hub's clock at its last answer, beside our own since boot."""
        return self._ask(hub_time_of, None)

    def _loans(self, subject: ColumnElement[bool]) -> list[Loan]:
        """Oldest first."""
        found = self._all(select(loans.c.body).where(subject), Loan)
        return sorted(found, key=lambda loan: (loan.loaned_at, loan.loan_ref))

    def _holds(self, subject: ColumnElement[bool]) -> tuple[Hold, ...]:
        found = self._all(select(holds.c.body).where(subject), Hold)
        return tuple(sorted(found, key=lambda hold: (hold.placed_at, hold.hold_id)))

    def _all(self, query: Select[Any], kind: type[Value]) -> list[Value]:
        def read(connection: Connection) -> list[Value]:
            bodies = connection.scalars(query)
            return [msgspec.json.decode(body, type=kind) for body in bodies]

        return self._ask(read, [])

    def _one(self, query: Select[Any], kind: type[Value]) -> Value | None:
        return self._ask(lambda connection: _decoded(connection, query, kind), None)

    def _ask(self, question: Callable[[Connection], Answer], nothing: Answer) -> Answer:
        """Answer from one state of the mirror, or `nothing` while it can't be read."""
        if not self._path.exists():
            return nothing
        try:
            with self._look() as connection:
                if schema_version(connection) != len(UPGRADES):
                    return nothing
                answer = question(connection)
        except _UNREADABLE as err:
            # Being replaced, or soon to be set aside by the agent: it holds nothing.
            report = log.warning if self._readable else log.debug
            report("mirror unreadable", why=str(err))
            self._readable = False
            self._engine.dispose()
            return nothing
        self._readable = True
        return answer

    @contextmanager
    def _look(self) -> Iterator[Connection]:
        """The transaction that this thread holds, or one of its own."""
        held = self._held.connection
        if held is None:
            with transaction(self._engine, mirror_error) as connection:
                yield connection
            return
        try:
            yield held
        except DBAPIError as err:
            raise mirror_error(err) from err


def _once(
    what: str, read: Callable[[Connection], Answer]
) -> Callable[[Connection], Answer]:
    """Read anew only what somebody may have changed since this connection read it.

    Every lending asks for it again and again, and it seldom changes.
    """

    def answer(connection: Connection) -> Answer:
        (version,) = rows_of(connection, "PRAGMA data_version")
        kept: tuple[object, Answer] | None = connection.info.get(what)
        if kept is None or kept[0] != version:
            kept = (version, read(connection))
            connection.info[what] = kept
        return kept[1]

    return answer


def _decoded(
    connection: Connection, query: Select[Any], kind: type[Value]
) -> Value | None:
    body = connection.scalar(query)
    return None if body is None else msgspec.json.decode(body, type=kind)


def _by_key(table: Table, key: str) -> Select[Any]:
    (column,) = table.primary_key.columns
    return select(table.c.body).where(column == key)
