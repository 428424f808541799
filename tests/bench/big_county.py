"""A county of ten thousand points and a year behind it, written straight into PostgreSQL.

How rows come to be is measured elsewhere; these only have to look like it: one loan
in eight is open, one case in ten, and some titles are called alike.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from sync.hub.store.setup import Hub

_ROWS = Path(__file__).with_suffix(".sql")


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of everything; each point has one device."""

    points: int = 10_000
    items: int = 500_000
    titles: int = 100_000
    patrons: int = 20_000
    events: int = 1_000_000
    cases: int = 100_000
    waiting: int = 3_000


BIG = Size()
SMALL = Size(200, 400, 100, 40, 2_000, 800, 30)


def fill(hub: Hub, size: Size) -> None:
    """Into an empty hub on PostgreSQL."""
    where = make_url(hub.database.engine.url).set(drivername="postgresql")
    with psycopg.connect(
        where.render_as_string(hide_password=False), autocommit=True
    ) as conn:
        rows = _ROWS.read_bytes()
        psycopg.ClientCursor(conn).execute(rows, asdict(size))
        conn.execute("VACUUM ANALYZE")
