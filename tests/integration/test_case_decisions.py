"""Each conflict of the county's table: facts in, both sides, a decision, and undo."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from kiosk.domain.values import ItemState
from sync.hub.circulation.choices import CaseError, Choice, choices
from sync.hub.county import audit
from sync.hub.store import schema
from tests.integration import decision_stories as stories
from tests.integration.case_stories import (
    CONFLICTS,
    Conflict,
    cases,
    decide,
    story_of,
    take_back,
)
from tests.integration.hub_orders import LATE
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]


def test_table_has_fifteen_rows() -> None:
    assert len(CONFLICTS) == 15


@pytest.mark.parametrize("row", CONFLICTS, ids=lambda row: row.name)
def test_conflict_is_shown_decided_and_taken_back(
    county: County, row: Conflict
) -> None:
    row.tell(county)

    assert county.open_loans() == row.before
    if not row.kind:
        assert cases(county) == []
        return
    (case,) = cases(county)
    sides = msgspec.json.decode(case["sides"])
    assert (case["kind"], case["severity"]) == (row.kind, row.severity)
    assert row.against == "" or row.against in sides
    assert choices(row.kind)[0] is row.suggested
    untouched = _truth(county)

    decide(county, case, row.decided, patron_ref=county.refs["R2"])

    assert county.open_loans() == row.after
    (closed,) = cases(county, "resolved")
    assert (closed["closed_by"], closed["note"]) == ("liu", "looked at the shelf")
    assert cases(county) == []

    take_back(county, case)

    assert _truth(county) == untouched
    assert [one["case_id"] for one in cases(county)] == [case["case_id"]]
    assert story_of(county, case["case_id"]) == ["resolved", "undone"]
    assert _audited(county) == ["case.resolve", "case.undo"]


@pytest.mark.parametrize(
    ("choice", "state"),
    [(Choice.STILL_LOST, ItemState.LOST), (Choice.TO_REPAIR, ItemState.DAMAGED)],
)
def test_found_item_gets_the_state_that_staff_saw(
    county: County, choice: Choice, state: ItemState
) -> None:
    county.send(stories.in_state(county, ItemState.LOST))
    (case,) = cases(county)

    decide(county, case, choice)
    assert _state(county) is state

    take_back(county, case)
    assert _state(county) is ItemState.LENDABLE


def test_dated_event_is_at_the_time_that_staff_say(county: County) -> None:
    county.send(stories.at(county, NOON - 500 * DAY), now=stories.LATE)
    (case,) = cases(county)

    decide(county, case, Choice.DATED, when=NOON + DAY)

    (loan,) = county.loans()
    assert loan["loaned_at"] == NOON + DAY
    assert loan["due_on"] == dt.date(2026, 8, 3)


def test_promised_day_can_be_kept_for_the_reader(county: County) -> None:
    county.send(stories.promised(county, "2026-09-01"), now=stories.LATE)
    (case,) = cases(county)

    decide(county, case, Choice.KEEP_PROMISE)
    assert county.loans()[0]["due_on"] == dt.date(2026, 9, 1)

    take_back(county, case)
    assert county.loans()[0]["due_on"] == dt.date(2026, 8, 2)


def test_day_before_the_loan_is_no_promise_to_keep(county: County) -> None:
    county.send(stories.promised(county, "2026-07-02"), now=stories.LATE)
    (case,) = cases(county)

    with pytest.raises(CaseError, match="no day that can be kept"):
        decide(county, case, Choice.KEEP_PROMISE)


@pytest.mark.parametrize(
    ("choice", "more", "code"),
    [
        (Choice.STILL_LOST, {}, "choice"),
        (Choice.ANNUL, {"note": "  "}, "note"),
        (Choice.NOTED, {}, ""),
    ],
)
def test_answer_that_is_not_whole_changes_nothing(
    county: County, choice: Choice, more: dict[str, Any], code: str
) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)
    (case,) = cases(county)

    if code:
        with pytest.raises(CaseError) as refused:
            decide(county, case, choice, **more)
        assert refused.value.code == code
        assert cases(county) == [case]
    else:
        decide(county, case, choice, **more)  # the control: a whole one is taken
        assert cases(county) == []


def test_case_is_decided_once(county: County) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)
    (case,) = cases(county)
    decide(county, case, Choice.NOTED)

    with pytest.raises(CaseError, match="is resolved, not open"):
        decide(county, case, Choice.ANNUL)


def test_decision_holds_when_later_facts_arrive(county: County) -> None:
    """The order that staff gave is used again by every later working out."""
    county.send(stories.unsure(county), now=stories.LATE)
    (case,) = cases(county)
    decide(county, case, Choice.OTHER_WAY)

    county.send(county.k1.takes_back("YL0001", NOON + 3 * DAY), now=stories.LATE)

    first, second = county.loans()
    assert [county.refs["R2"], county.refs["R1"]] == [
        first["patron_ref"],
        second["patron_ref"],
    ]
    assert second["returned_at"] == NOON + 3 * DAY
    assert cases(county) == []


def test_order_of_arrival_and_of_decision_does_not_matter(county: County) -> None:
    """The same decision before or after the last fact leaves the same loans."""
    overlap = stories.unsure(county)
    county.send(overlap, now=stories.LATE)
    last = county.k1.takes_back("YL0001", NOON + 3 * DAY)
    (case,) = cases(county)

    decide(county, case, Choice.OTHER_WAY)
    county.send(last, now=LATE)
    decided_first = county.loans()
    take_back(county, case)
    decide(county, case, Choice.OTHER_WAY)

    assert county.loans() == decided_first


def test_case_whose_ground_has_gone_settles_by_itself(county: County) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)
    (case,) = cases(county)

    county.send(county.k1.takes_back("YL0001", NOON + MINUTE), now=stories.LATE)

    assert [one["case_id"] for one in cases(county, "settled")] == [case["case_id"]]
    assert story_of(county, case["case_id"]) == ["settled"]


def test_resolved_case_comes_back_when_either_side_says_something_else(
    county: County,
) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)
    (case,) = cases(county)
    decide(county, case, Choice.NOTED)
    back = county.k1.takes_back("YL0001", NOON + MINUTE)
    between = county.k1.lends("YL0001", county.refs["R3"], NOON + 2 * MINUTE)

    county.send(between, now=stories.LATE)
    county.send(back, now=stories.LATE)

    again = {one["case_id"]: one for one in cases(county)}[case["case_id"]]
    assert again["came_back_at"] == stories.LATE
    assert story_of(county, case["case_id"]) == ["resolved", "came_back"]


def test_resolved_case_stays_so_when_only_clocks_are_corrected(county: County) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)
    (case,) = cases(county)
    decide(county, case, Choice.NOTED)

    far = county.k1.lends("YL0002", county.refs["R1"], NOON + 5 * DAY)
    county.send(far, now=stories.LATE)

    assert story_of(county, case["case_id"]) == ["resolved"]
    assert cases(county) == []


def test_undo_finds_the_case_settled_if_facts_explained_it_meanwhile(
    county: County,
) -> None:
    county.send(stories.to_r2_elsewhere(county), now=stories.LATE)
    (case,) = cases(county)
    decide(county, case, Choice.ANNUL)
    county.send(county.k1.takes_back("YL0001", NOON + MINUTE), now=stories.LATE)

    take_back(county, case)

    assert story_of(county, case["case_id"]) == ["resolved", "undone", "settled"]
    assert county.open_loans() == {"YL0001": "R2"}


def test_undo_is_refused_where_another_decision_stands_on_it(county: County) -> None:
    county.send(stories.in_state(county, ItemState.LOST))
    (case,) = cases(county)
    decide(county, case, Choice.TO_REPAIR)
    stories.in_state(county, ItemState.WITHDRAWN)

    with pytest.raises(CaseError, match="changed since"):
        take_back(county, case)

    assert _state(county) is ItemState.WITHDRAWN


def test_what_a_decision_leads_to_is_a_case_of_its_own(county: County) -> None:
    """The unknown reader turns out to be one who may not borrow more."""
    for number in (2, 3):
        county.send(county.k1.lends(f"YL000{number}", county.refs["R3"]))
    unknown = county.k1.lends("YL0001", "nobody-we-know", NOON + MINUTE)
    county.send(unknown, now=stories.LATE)
    (case,) = cases(county)

    decide(county, case, Choice.IS_READER, patron_ref=county.refs["R3"])

    assert [one["kind"] for one in cases(county)] == ["lent_against_rules"]


def _truth(here: County) -> dict[str, object]:
    """Everything that a decision may change but the case and its own facts."""
    return {
        "loans": here.loans(),
        "items": here.rows(schema.items, "barcode"),
        "rulings": [
            row["ruling"]
            for row in here.rows(schema.facts, "fact_id")
            if row["kiosk_id"] != "desk"
        ],
    }


def _audited(here: County) -> list[str]:
    with here.hub.database.reading() as conn:
        assert audit.check(conn) is None
        log = schema.audit_log.c
        query = (
            select(log.what).where(log.about.startswith("case:")).order_by(log.entry)
        )
        return list(conn.execute(query).scalars())


def _state(here: County) -> ItemState:
    item = here.item("YL0001")
    assert item is not None
    return item.state
