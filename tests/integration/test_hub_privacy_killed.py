"""`tongjie hub privacy purge`, killed in the middle: the next one does the rest."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest
from sqlalchemy import func, select, update

from sync.hub.county import catalogue
from sync.hub.privacy.verify import Checked, verify_last
from sync.hub.store import schema
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    County,
    book,
    county,
    database_url,
    hub,
)
from tests.waiting import eventually

__all__ = ["county", "database_url", "hub"]

#: The command goes by the machine's clock.
NOW = dt.datetime.now(dt.UTC)
LENT = NOW - 200 * DAY
COPIES = tuple(f"P{number:03d}" for number in range(60))
PURGE = (sys.executable, "-m", "kiosk", "hub", "privacy", "purge", "--database")


@pytest.mark.slow
def test_purge_that_is_killed_is_done_by_the_next_one(
    county: County, database_url: str
) -> None:
    lend_all(county)
    with subprocess.Popen([*PURGE, database_url]) as running:
        eventually(lambda: forgotten(county), "it began")
        running.kill()
    (cut,) = county.rows(schema.privacy_runs, "started_at")
    forgotten_at_kill, left = forgotten(county), checked(county)

    subprocess.run([*PURGE, database_url], check=True, stdout=subprocess.DEVNULL)

    assert forgotten_at_kill < len(COPIES)
    assert cut["ended_at"] is None
    assert not left.is_clean
    assert forgotten(county) == len(COPIES)
    assert checked(county).is_clean
    plant(county)
    assert checked(county).links == {"loans": 1}


def lend_all(county: County) -> None:
    """Every copy, one after the other, to R1 and back, long ago."""
    with county.hub.database.writing() as conn:
        catalogue.put_items(conn, [book(copy) for copy in COPIES])
    ref = county.refs["R1"]
    events = [
        event
        for number, copy in enumerate(COPIES)
        for event in (
            county.k1.lends(copy, ref, LENT + 2 * number * MINUTE),
            county.k1.takes_back(copy, LENT + (2 * number + 1) * MINUTE),
        )
    ]
    county.send(*events, now=LENT + DAY)


def forgotten(county: County) -> int:
    with county.hub.database.reading() as conn:
        mine = schema.loans.c.patron_ref.startswith("former:")
        return int(conn.execute(select(func.count()).where(mine)).scalar_one())


def checked(county: County) -> Checked:
    with county.hub.database.reading() as conn:
        return verify_last(conn, NOW)


def plant(county: County) -> None:
    """A link that no purge has seen."""
    with county.hub.database.writing() as conn:
        one = schema.loans.c.item == COPIES[0]
        ref = {"patron_ref": county.refs["R1"]}
        conn.execute(update(schema.loans).where(one).values(**ref))
