"""Whether a ledger can be trusted: nothing damaged in it, nothing missing at its end."""

from __future__ import annotations

from collections import deque

from sqlalchemy import Connection, select

from kiosk.store.chain import first_break
from kiosk.store.engine import known_version
from kiosk.store.errors import LedgerTooNew
from kiosk.store.ledger_queries import head_of, span_of
from kiosk.store.ledger_schema import UPGRADES, events, metadata, state
from sync.protocol import AckedThrough

#: quick_check is blind to an index that misses a row. Of the indexes only that of
#: epochs is read through; the one of events would take as long again as the rest.
_CHECKS = ("PRAGMA quick_check(1)", "PRAGMA integrity_check(epoch)")


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
        _read_small_tables(connection)
    if connection.execute(select(state)).one_or_none() is None:
        return "it has no state"
    head_of(connection)
    return first_break(connection)


def is_behind(connection: Connection, acked: AckedThrough) -> bool:
    """Tell whether the hub holds an event of our newest epoch that we do not."""
    head, before = head_of(connection)
    if head.epoch != acked.epoch:
        return span_of(connection, acked.epoch) is None
    query = select(events.c.hash).where(events.c.number == before + acked.seq)
    digest = connection.execute(query).scalar_one_or_none()
    return acked.seq > 0 and (digest is None or digest.hex() != acked.hash)


def _read_small_tables(connection: Connection) -> None:
    """Come across a damaged definition or text now, not in a patron's session."""
    for table in metadata.sorted_tables:
        if table is not events:
            query = select(table).execution_options(yield_per=1000)
            deque(connection.execute(query), maxlen=0)  # reads each row, keeps none
