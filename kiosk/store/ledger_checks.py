"""Whether a ledger can be trusted: nothing damaged in it, nothing missing at its end."""

from __future__ import annotations

from collections import deque

from sqlalchemy import Connection, func, select

from kiosk.service.ports import Security
from kiosk.store.chain import epochs_of, first_break
from kiosk.store.engine import known_version
from kiosk.store.errors import LedgerTooNew
from kiosk.store.ledger_queries import head_of, span_of
from kiosk.store.ledger_schema import (
    MAX_COUNT,
    UPGRADES,
    events,
    given_up,
    metadata,
    state,
    subjects,
    tag_states,
    wishes,
)
from kiosk.store.misfits import misfits
from kiosk.store.prepared import Prepared
from sync.protocol import AckedThrough

#: quick_check is blind to an index that misses a row. Of the indexes only that of
#: epochs is read through; the one of events would take as long again as the rest.
_CHECKS = ("PRAGMA quick_check(1)", "PRAGMA integrity_check(epoch)")
_SECURITY = (
    tag_states.c.desired,
    tag_states.c.seen,
    wishes.c.desired,
    given_up.c.desired,
)
_COUNTERS = (state.c.receipts, state.c.openings)
_SENSELESS = (
    *((column, column.not_in(list(Security))) for column in _SECURITY),
    *((column, column >= MAX_COUNT) for column in _COUNTERS),
)


def fault_inside(connection: Connection) -> str | None:
    """Say what is wrong with the content, None when all is well.

    Raises LedgerTooNew, and LedgerDamaged where SQLite comes across it first.
    """
    version = known_version(connection, "ledger", len(UPGRADES), LedgerTooNew)
    if version == 0:
        return "it holds no tables"
    for check in _CHECKS:
        verdict = connection.exec_driver_sql(check).scalar_one()
        if verdict != "ok":
            return str(verdict)
    if connection.exec_driver_sql("PRAGMA foreign_key_check(open_ask)").first():
        return "an open ask is not there"
    if version == len(UPGRADES):
        misfit = _misfit_in_small_tables(connection)
        if misfit is not None:
            return misfit
    if connection.execute(select(state)).one_or_none() is None:
        return "it has no state"
    head_of(connection)
    if not _every_event_has_its_subject(connection):
        return "events and what they are about do not match"
    return first_break(connection)


def is_behind(connection: Connection, acked: AckedThrough) -> bool:
    """Tell whether the hub holds an event of our newest epoch that we do not."""
    head, before = head_of(connection)
    if head.epoch != acked.epoch:
        return span_of(connection, acked.epoch) is None
    (epoch,) = (each for each in epochs_of(connection) if each.epoch == head.epoch)
    if acked.seq <= epoch.start_seq:  # removed, since the hub had it
        return acked.seq == epoch.start_seq > 0 and acked.hash != epoch.start_hash
    query = select(events.c.hash).where(events.c.number == before + acked.seq)
    digest = connection.execute(query).scalar_one_or_none()
    return acked.seq > 0 and (digest is None or digest.hex() != acked.hash)


def _misfit_in_small_tables(connection: Connection) -> str | None:
    """Come across what makes no sense now, not in a patron's session."""
    for table in metadata.sorted_tables:
        if table is not events:
            # reads each row, keeps none
            deque(Prepared(select(table)).rows(connection), maxlen=0)
            if connection.execute(misfits(table).limit(1)).first():
                return f"a row of {table.name} makes no sense"
    for column, senseless in _SENSELESS:
        if connection.execute(select(column).where(senseless).limit(1)).first():
            return f"a row of {column.table.name} makes no sense"
    return None


def _every_event_has_its_subject(connection: Connection) -> bool:
    """The numbers of both must be the same, or the next event finds its own taken."""
    if connection.exec_driver_sql("PRAGMA foreign_key_check(subject)").first():
        return False
    counts = (select(func.count()).select_from(table) for table in (events, subjects))
    return len({connection.execute(count).scalar_one() for count in counts}) == 1
