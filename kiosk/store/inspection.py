"""What a database file holds and whether it is sound; nothing is changed for it."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, select

from kiosk.store.chain import epochs_of
from kiosk.store.engine import schema_version
from kiosk.store.errors import LedgerDamaged
from kiosk.store.ledger_checks import fault_inside
from kiosk.store.ledger_queries import count_between, span_of
from kiosk.store.ledger_schema import events
from kiosk.store.mirror_schema import UPGRADES as MIRROR_UPGRADES


class EpochFigures(msgspec.Struct, frozen=True):
    """One epoch of a ledger: `removed` events went with age, `events` are there."""

    epoch: str
    removed: int
    events: int
    last: int


class Inspection(msgspec.Struct, frozen=True):
    """`fault` names the first thing that is wrong, None when all is well."""

    fault: str | None
    version: int
    epochs: tuple[EpochFigures, ...] = ()


def inspect_ledger(connection: Connection) -> Inspection:
    """Check all of a ledger, indexes included, and the chain. Raises LedgerTooNew."""
    try:
        fault = _ledger_fault(connection)
        version = schema_version(connection)
        return Inspection(fault, version, () if fault else _figures(connection))
    except LedgerDamaged as err:
        return Inspection(str(err), 0)


def inspect_mirror(connection: Connection) -> Inspection:
    """Check all of a mirror; a newer or older one is pulled again by its agent."""
    version = schema_version(connection)
    if version > len(MIRROR_UPGRADES):
        return Inspection(
            f"schema version {version} is newer than this program", version
        )
    return Inspection(_sqlite_fault(connection), version)


def _ledger_fault(connection: Connection) -> str | None:
    return fault_inside(connection) or _sqlite_fault(connection)


def _sqlite_fault(connection: Connection) -> str | None:
    verdict = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar_one()
    return None if verdict == "ok" else str(verdict)


def _figures(connection: Connection) -> tuple[EpochFigures, ...]:
    rows = []
    for epoch in epochs_of(connection):
        before, end = span_of(connection, epoch.epoch) or (0, 0)
        within = events.c.number > before, events.c.number <= end
        last = connection.execute(select(func.max(events.c.number)).where(*within))
        number = last.scalar_one() or before
        count = count_between(connection, before, end)
        rows.append(EpochFigures(epoch.epoch, epoch.start_seq, count, number - before))
    return tuple(rows)
