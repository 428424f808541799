"""Marking what has changed for the kiosks' mirrors; see `feed.py` for handing it out."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, insert, select, update

from sync.hub import schema


class Feed(enum.StrEnum):
    """What a kiosk mirrors; the tags of `sync.protocol.Change`."""

    PATRON = "patron"
    CREDENTIAL = "credential"
    TITLE = "title"
    ITEM = "item"
    LOAN = "loan"
    SITE = "site"
    RULES = "rules"


def mark(conn: Connection, kind: Feed, keys: Iterable[str]) -> int:
    """Give each key the next version; returns the newest. Inside `writing()` only."""
    unique = tuple(dict.fromkeys(keys))
    if not unique:
        return version(conn)
    newest = _take(conn, len(unique))
    _forget(conn, kind, unique)
    first = newest - len(unique) + 1
    conn.execute(
        insert(schema.feed),
        [
            {"kind": kind.value, "key": key, "version": first + place}
            for place, key in enumerate(unique)
        ],
    )
    return newest


def version(conn: Connection) -> int:
    """The newest version there is."""
    found: int = conn.execute(select(schema.feed_clock.c.version)).scalar_one()
    return found


def _take(conn: Connection, count: int) -> int:
    clock = schema.feed_clock
    risen = update(clock).values(version=clock.c.version + count)
    newest: int = conn.execute(risen.returning(clock.c.version)).scalar_one()
    return newest


def _forget(conn: Connection, kind: Feed, keys: Sequence[str]) -> None:
    table = schema.feed
    conn.execute(delete(table).where(table.c.kind == kind.value, table.c.key.in_(keys)))
