"""What a timer does every day: all parts of it, one's failure stopping none."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, update

from sync.hub.circulation.hold_acts import Deed
from sync.hub.cli import hub as hub_command
from sync.hub.county.audit import Actor, AuditFilter, entries
from sync.hub.county.login_guard import begin_try
from sync.hub.store import schema
from sync.hub.upkeep.steps import STEPS, Done, run_all
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

__all__ = ["county", "database_url", "hub"]

TIMER = Actor("timer", "command")
LATER = NOON + 200 * DAY
BOOK, OTHER = ITEMS[6], ITEMS[7]


def kept_up(county: County, now: dt.datetime = LATER) -> dict[str, Done]:
    done = run_all(county.hub.database, Deed(TIMER, now), STEPS)
    return {one.step: one for one in done}


def lent_and_returned(county: County) -> None:
    lent = county.k1.lends(BOOK, county.refs["R1"], NOON)
    county.send(lent, county.k1.takes_back(BOOK, NOON + DAY))


def waited_for(county: County, titles: int = 1) -> None:
    """R2 waits, and a copy is on the hold shelf."""
    for number in range(titles):
        item, title = ITEMS[number], f"title-{number}"
        with county.hub.database.writing() as conn:
            mine = schema.items.c.barcode == item
            conn.execute(update(schema.items).where(mine).values(title_id=title))
        wish = county.k1.event(
            Kind.HOLD_PLACE,
            NOON,
            patron_ref=county.refs["R2"],
            payload={"title_id": title},
        )
        county.send(wish, county.k1.takes_back(item, NOON + DAY))


def test_every_part_is_done_and_counted(county: County) -> None:
    waited_for(county)
    lent_and_returned(county)
    with county.hub.database.writing() as conn:
        begin_try(conn, "li", "10.0.0.7", NOON)

    done = kept_up(county)

    assert [one.problem for one in done.values()] == [""] * len(STEPS)
    assert done["holds"].counts == {"expired": 1, "suspended": 0}
    assert done["purge"].counts["loans"] == 1
    assert done["verify"].counts == {}
    assert done["logins"].counts["forgotten"] > 0
    assert county.rows(schema.login_tries, "key") == []
    (hold,) = county.rows(schema.holds, "hold_id")
    assert hold["state"] == "expired"


def test_second_round_on_a_day_finds_nothing_more(county: County) -> None:
    waited_for(county)
    lent_and_returned(county)
    kept_up(county)

    again = kept_up(county)

    assert not any(any(one.counts.values()) for one in again.values())


def test_holds_are_ended_a_few_at_a_time(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.hub.circulation.hold_acts.EXPIRED_AT_ONCE", 2)
    waited_for(county, titles=5)

    done = kept_up(county)

    assert done["holds"].counts == {"expired": 5, "suspended": 1}
    with county.hub.database.reading() as conn:
        noted = entries(conn, AuditFilter(what="hold.expired"), 10)
    assert {entry.who for entry in noted} == {"timer"}


@pytest.mark.parametrize("broken", list(STEPS))
def test_failure_of_one_part_stops_none_of_the_others(
    county: County, broken: str
) -> None:
    def fails(_database: object, _by: object) -> dict[str, int]:
        raise ZeroDivisionError("no such day")

    steps = {**STEPS, broken: fails}

    done = list(run_all(county.hub.database, Deed(TIMER, LATER), steps))

    assert [one.step for one in done] == list(STEPS)
    told = {one.step: one.problem for one in done if one.problem}
    assert told == {broken: "ZeroDivisionError: no such day"}


def test_command_tells_of_each_part_and_fails_if_a_link_was_left(
    county: County,
) -> None:
    whole = _run(county, "--json")
    assert whole.exit_code == 0, whole.output
    lines = [json.loads(line) for line in whole.stdout.splitlines()]
    assert [line["step"] for line in lines] == list(STEPS)

    with county.hub.database.writing() as conn:
        conn.execute(insert(schema.loans), [_forgotten_by_nobody(county)])
    cut = _run(county)

    assert cut.exit_code == 1
    assert "loans:1" in cut.stdout
    assert "transfers" in cut.stdout


def _forgotten_by_nobody(county: County) -> dict[str, object]:
    """A loan without a fact, which no purge looks at."""
    old = NOON - 300 * DAY
    return {
        "loan_id": "planted", "loan_ref": "planted", "item": OTHER,
        "patron_ref": county.refs["R1"], "loaned_at": old, "due_on": old.date(),
        "renewed": 0, "loan_site": "A", "returned_at": old + DAY,
    }  # fmt: skip


def _run(county: County, *words: str) -> Result:
    url = county.hub.database.engine.url.render_as_string(hide_password=False)
    runner = CliRunner(env={"TONGJIE_HUB_DATABASE": url})
    return runner.invoke(hub_command, ["upkeep", *words])
