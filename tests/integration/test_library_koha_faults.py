"""The queue in front of a Koha that fails at every step, and a worker that is killed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from sync.hub.library.port import Renewal
from sync.hub.library.task_log import Kept, keep_by
from sync.hub.store import schema
from sync.hub.store.database import Database
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    County,
    county,
    database_url,
    fresh_hub,
    furnish,
    hub,
)
from tests.integration.killed import kill_at, lines_of
from tests.integration.koha_world import Doors, koha_with_two_doors
from tests.integration.library_world import LIFE, send_a_life, serve_queue
from tests.koha_server import Fault
from tests.sip2_library import AT, Loan

__all__ = ["county", "database_url", "hub"]

BOOK = ITEMS[0]
NOW = AT + 40 * DAY
KINDS = (
    "POST /oauth/token",
    "GET /items",
    "GET /patrons",
    "GET /checkouts",
    "POST /checkouts",
    "POST /checkouts/n/renewals",
)


@pytest.fixture
def koha() -> Iterator[Doors]:
    with koha_with_two_doors() as doors:
        yield doors


def tell_koha(county: County) -> None:
    with county.hub.database.writing() as conn:
        keep_by(conn, Kept.KOHA)


def always_later() -> Callable[[], float]:
    """A clock on which whatever Koha asked to wait for is over at the next look."""
    return count(0, 1000).__next__


def states(county: County) -> set[str]:
    return {row["state"] for row in county.rows(schema.library_tasks, "fact_id")}


@pytest.mark.parametrize("fault", [one for one in Fault if one is not Fault.SILENCE])
def test_a_fault_at_every_step_loses_and_doubles_nothing(
    tmp_path: Path, koha: Doors, fault: Fault
) -> None:
    for kind in KINDS:
        koha.rest.fail(kind, fault)
    with fresh_hub(f"sqlite:///{tmp_path / 'hub.db'}", tmp_path) as hub:
        county = furnish(hub)
        tell_koha(county)
        send_a_life(county, BOOK)

        with koha.entered(monotonic=always_later()) as system:
            serve_queue(hub.database, system, NOW)

        assert states(county) == {"done"}
    assert koha.library.deeds == [(deed, BOOK) for deed in LIFE]
    assert not any(koha.rest.faults.values())  # each of them happened


def test_a_second_renewal_would_have_been_made(koha: Doors) -> None:
    """The positive control: this Koha takes a repeat for something new."""
    koha.library.loans[BOOK] = Loan("R1", AT.date())
    act = Renewal("R1", BOOK, AT, AT.date() + 30 * DAY)

    with koha.entered() as system:
        system.renew(act)
        system.renew(act)

    assert koha.library.deeds == [("renewed", BOOK)] * 2


@pytest.mark.slow
def test_a_worker_killed_anywhere_doubles_and_loses_nothing(
    county: County, koha: Doors, database_url: str
) -> None:
    chance, deaths = random.Random(7), 0

    def work() -> None:
        database = Database(database_url)
        with koha.entered(basic=True) as system:
            serve_queue(database, system, NOW)
        database.close()

    tell_koha(county)
    send_a_life(county, BOOK)
    length = lines_of(work)
    for item in ITEMS[1:5]:
        send_a_life(county, item)
        deaths += kill_at(chance.randrange(length), work)
        deaths += kill_at(chance.randrange(length), work)
    work()

    for item in ITEMS[:5]:
        deeds = [deed for deed, book in koha.library.deeds if book == item]
        assert deeds == list(LIFE)
    assert states(county) == {"done"}
    assert deaths >= 4  # half of the workers at least were killed before their end
