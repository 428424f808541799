"""Whether what a mirror holds can be understood; if not, it is pulled again."""

from __future__ import annotations

import datetime as dt

import msgspec
from sqlalchemy import Connection, select

from kiosk.store.mirror_late import is_newest
from kiosk.store.mirror_queries import hub_time_of, status_of
from kiosk.store.mirror_schema import metadata, rules, verdicts
from kiosk.store.misfits import misfits
from sync.protocol import Outcome, SignedRules

_NO_OUTCOME = select(verdicts.c.event_id).where(
    verdicts.c.outcome.not_in(list(Outcome))
)


def mirror_fault(connection: Connection) -> str | None:
    """Say what is wrong with it, None when all is well. Raises MirrorDamaged."""
    verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
    if verdict != "ok":
        return str(verdict)
    for table in metadata.sorted_tables:
        if connection.execute(misfits(table).limit(1)).first():
            return f"a row of {table.name} makes no sense"
    try:
        _read_what_counts(connection)
    except (ValueError, TypeError, msgspec.DecodeError) as err:
        return f"it makes no sense: {err}"
    return None


def _read_what_counts(connection: Connection) -> None:
    """Times, outcomes and rules: with one that can't be read nothing could be lent."""
    status_of(connection)
    hub_time_of(connection)
    is_newest(connection, dt.datetime.now(dt.UTC))
    if connection.execute(_NO_OUTCOME.limit(1)).first():
        raise ValueError("a verdict without an outcome")
    for body in connection.scalars(select(rules.c.body)):
        msgspec.json.decode(body, type=SignedRules)
