"""The hub's own adapter tells a county that serves SIP2; every answer is lost once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.hub.library.sip2 import Sip2Library
from sync.hub.library.task_log import Kept, keep_by
from sync.hub.store import schema
from sync.protocol import Kind
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    NOON,
    County,
    county,
    database_url,
    hub,
)
from tests.integration.library_world import serve_queue
from tests.integration.sip2_machine_world import (
    Cut,
    Served,
    cutting_relay,
    served,
    small_county,
)

__all__ = ["county", "database_url", "hub"]

BOOK = ITEMS[0]
LATER = NOON + 40 * DAY
#: All that the adapter says while it tells a life, the first time and the second.
STEPS = (b"93", b"99", b"17", b"63", b"11", b"29", b"09")


@pytest.fixture
def place(county: County) -> Iterator[Served]:
    with served(county) as made:
        made.clock[0] = LATER
        yield made


@pytest.fixture
def teller(tmp_path: Path) -> Iterator[County]:
    """Another hub, whose kiosks lend and whose queue tells the one that serves."""
    folder = tmp_path / "teller"
    folder.mkdir()
    with small_county(folder) as county:
        with county.hub.database.writing() as conn:
            keep_by(conn, Kept.SIP2)
        yield county


def send_a_life(county: County) -> None:
    """Lent, renewed, lent to another reader without a return, returned."""
    first, second = county.refs["R1"], county.refs["R2"]
    county.send(
        county.k1.lends(BOOK, first, NOON),
        county.k1.event(Kind.RENEW, NOON + 9 * DAY, item=BOOK, patron_ref=first),
        county.k1.lends(BOOK, second, NOON + 20 * DAY),
        county.k1.takes_back(BOOK, NOON + 30 * DAY),
        now=LATER,
    )


@pytest.mark.parametrize("cut", Cut)
def test_answers_lost_at_every_step_double_nothing(
    place: Served, teller: County, cut: Cut
) -> None:
    send_a_life(teller)
    with cutting_relay(place.port) as relay:
        relay.cuts = {step: [cut] for step in STEPS}
        client = place.client(port=relay.port)
        system = Sip2Library(client)

        serve_queue(teller.hub.database, system, LATER)

        system.close()
        assert relay.cuts == {step: [] for step in STEPS}  # all of them were lost
    tasks = teller.rows(schema.library_tasks, "fact_id")
    assert {row["state"] for row in tasks} == {"done"}
    first, second = place.county.loans()
    refs = place.county.refs
    assert [(first["patron_ref"], first["renewed"]), second["patron_ref"]] == [
        (refs["R1"], 1),
        refs["R2"],
    ]
    assert second["renewed"] == 0
    assert second["returned_at"] == NOON + 30 * DAY
    assert place.county.open_loans() == {}
    told = [(loan["loaned_at"], loan["due_on"]) for loan in teller.loans()]
    assert [(loan["loaned_at"], loan["due_on"]) for loan in (first, second)] == told
