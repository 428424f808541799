"""SIGKILL anywhere in the server, after the commit as well: done once, told again."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from functools import partial

import pytest

from sync.hub.sip2_server.conversation import Conversation
from sync.hub.sip2_server.service import Service
from sync.hub.store import schema
from sync.hub.store.database import Database
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    NOON,
    County,
    county,
    database_url,
    hub,
)
from tests.integration.killed import kill_at, lines_of
from tests.integration.sip2_machine_world import (
    PASSWORD,
    add_account,
    at,
    checkout,
    renewal,
)

__all__ = ["county", "database_url", "hub"]

BOOK = ITEMS[0]
LATE = NOON + 9 * DAY
KILLS = 5


def told(county: County, url: str, request: str) -> str:
    """The answer of a server of its own, on a connection of its own."""
    database = Database(url)
    names = (county.hub.isil, county.hub.county_name)
    talk = Conversation(Service(database, *names, lambda: LATE), "10.0.0.7")
    lines = f"9300CNm1|CO{PASSWORD}|\r{request}\r".encode()
    _, answer = talk.hear(lines)
    database.close()
    return answer.decode()


@pytest.mark.slow
def test_renewal_of_a_killed_server_is_done_once_and_told_when_it_is_asked_again(
    county: County, database_url: str
) -> None:
    """A second renewal would give a second month."""
    add_account(county)
    chance, deaths = random.Random(7), 0
    asked = partial(told, county, database_url)
    for number, item in enumerate(ITEMS[:KILLS]):
        county.send(county.k1.lends(item, county.refs["R2"], NOON))
        request = renewal("R2", item, at(LATE))
        work: Callable[[], str] = partial(asked, request)
        length = lines_of(partial(asked, checkout("R1", "XX", at(LATE))))
        line = length * 100 if number == 0 else chance.randrange(length)
        deaths += kill_at(line, partial(_and_die, work))

        answer = asked(request)

        assert answer.startswith("301"), answer
        assert renewed(county)[item] == 1
    assert deaths == KILLS


def _and_die(work: Callable[[], str]) -> None:
    """With the answer in hand, before a byte of it has left."""
    work()
    os.kill(os.getpid(), signal.SIGKILL)


def renewed(county: County) -> dict[str, int]:
    return {row["item"]: row["renewed"] for row in county.rows(schema.loans, "item")}
