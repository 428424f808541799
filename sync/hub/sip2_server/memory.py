"""The duplicate rule: a request that comes again is answered again, not done again.

ADR-duplicates.md says what counts as a repeat. The answer is stored in the transaction
that did what was asked, so no crash can come between the two.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection

from sync.hub.sip2_server.repeats import Deed
from sync.hub.store import schema
from sync.hub.store.rows import one, put_rows

_ANSWERS = schema.sip2_answers


def recalled(conn: Connection, name: str, deed: Deed) -> str | None:
    """The answer to the last deed of this machine, if it was this one."""
    row = one(conn, _ANSWERS, name)
    return None if row is None or row["digest"] != deed.digest else row["answer"]


def remember(
    conn: Connection, name: str, deed: Deed, answer: str, now: dt.datetime
) -> None:
    """Keep the answer, in the place of the one before."""
    row = {"name": name, "digest": deed.digest, "answer": answer, "at": now}
    put_rows(conn, _ANSWERS, [row])
