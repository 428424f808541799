"""Who opened readers' records in a year: the audit log, summed up."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, func, select

from kiosk.domain.values import COUNTY_TIME
from sync.hub.store import schema

#: What counts as a look at a whole record.
_LOOKS = ("patron.see", "patron.export")
_LOG = schema.audit_log.c


def looks_by_person(conn: Connection, year: int) -> dict[str, int]:
    """How often each account saw or exported a whole record; the county's year."""
    begins = dt.datetime(year, 1, 1, tzinfo=COUNTY_TIME)
    ends = dt.datetime(year + 1, 1, 1, tzinfo=COUNTY_TIME)
    query = select(_LOG.who, func.count().label("number")).where(
        _LOG.what.in_(_LOOKS), _LOG.at >= begins, _LOG.at < ends
    )
    rows = conn.execute(query.group_by(_LOG.who).order_by(_LOG.who))
    return {row.who: row.number for row in rows}
