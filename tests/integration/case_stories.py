"""The conflicts of the county's table: what comes in, and what staff decide about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kiosk.domain.values import ItemState, PatronState
from sync.hub.circulation.choices import Answer, Choice
from sync.hub.circulation.resolving import resolve, undo
from sync.hub.county.audit import Actor
from sync.hub.intake.cards import follow_gaps
from sync.hub.store import schema
from tests.integration import decision_stories as stories
from tests.integration.hub_world import DAY, MINUTE, NOON, County

BY = Actor("liu", "command")
#: When staff look at it.
LATER = stories.LATE + DAY


@dataclass(frozen=True)
class Conflict:
    """`kind` "": it is no case. `against`: the side that is not the event itself.

    Open loans of the county `before` and `after` the decision.
    """

    name: str
    tell: Callable[[County], None]
    kind: str = ""
    severity: str = ""
    against: str = ""
    suggested: Choice = Choice.NOTED
    decided: Choice = Choice.NOTED
    before: dict[str, str] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)


def decide(here: County, case: dict[str, Any], choice: Choice, **more: Any) -> None:
    """Make a choice about a case, as `liu` would."""
    answer = Answer(choice, **{"note": "looked at the shelf", **more})
    with here.hub.database.writing() as conn:
        resolve(conn, case["case_id"], answer, BY, LATER)


def take_back(here: County, case: dict[str, Any]) -> None:
    with here.hub.database.writing() as conn:
        undo(conn, case["case_id"], BY, LATER)


def cases(here: County, state: str = "open") -> list[dict[str, Any]]:
    return [row for row in here.rows(schema.cases, "case_id") if row["state"] == state]


def story_of(here: County, case_id: str) -> list[str]:
    """The steps of a case, by what they were."""
    rows = here.rows(schema.case_steps, "number")
    return [row["what"] for row in rows if row["case_id"] == case_id]


def late(story: Callable[[County], Any]) -> Callable[[County], None]:
    """The last event of the story comes weeks later."""

    def tell(here: County) -> None:
        here.send(story(here), now=stories.LATE)

    return tell


def asked(story: Callable[[County], Any]) -> Callable[[County], None]:
    def tell(here: County) -> None:
        event = story(here)
        here.send(event, now=event.occurred_at + MINUTE)

    return tell


def twice(here: County) -> None:
    event = here.k1.lends("YL0001", here.refs["R1"])
    here.send(event)
    here.send(event)


def with_a_gap(here: County) -> None:
    here.k1.lends("YL0002", here.refs["R1"])
    here.send(here.k1.lends("YL0001", here.refs["R1"]), now=NOON)
    with here.hub.database.writing() as conn:
        follow_gaps(conn, "k1", NOON + 2 * DAY)


R1, R2 = {"YL0001": "R1"}, {"YL0001": "R2"}
NEW1 = {"NEW1": "R1"}
R3_ALL = {f"YL000{number}": "R3" for number in (1, 2, 3)}
R3_TWO = {f"YL000{number}": "R3" for number in (2, 3)}
NOBODY = {"YL0001": "nobody-we-know"}

CONFLICTS = (
    Conflict("return of what is in", late(lambda c: c.k1.takes_back("YL0001"))),
    Conflict(
        "stale return",
        late(stories.stale),
        "return_stale",
        "low",
        "loan",
        Choice.AS_RECORDED,
        Choice.OTHER_WAY,
        R1,
        {},
    ),
    Conflict(
        "still on loan to another reader",
        late(stories.to_r2_elsewhere),
        "loan_displaced",
        "medium",
        "before",
        Choice.NOTED,
        Choice.ANNUL,
        R2,
        R1,
    ),
    Conflict(
        "still on loan to the same reader",
        late(lambda c: stories.again(c, "2026-08-11")),
        "loan_renewed_by_loan",
        "low",
        "before",
        Choice.NOTED,
        Choice.ANNUL,
        R1,
        R1,
    ),
    Conflict(
        "two kiosks offline",
        late(stories.unsure),
        "loans_overlap",
        "high",
        "before",
        Choice.AS_RECORDED,
        Choice.OTHER_WAY,
        R2,
        R1,
    ),
    Conflict(
        "reader suspended meanwhile",
        late(lambda c: stories.barred(c, PatronState.SUSPENDED)),
        "lent_against_rules",
        "medium",
        "rule",
        Choice.NOTED,
        Choice.BOOK_IS_HERE,
        R1,
        {},
    ),
    Conflict(
        "limit exceeded",
        late(stories.overflow),
        "lent_against_rules",
        "low",
        "rule",
        Choice.NOTED,
        Choice.BOOK_IS_HERE,
        R3_ALL,
        R3_TWO,
    ),
    Conflict(
        "reserved for somebody else",
        late(lambda c: stories.lent_on_hold(c, stories.COPY)),
        "lent_while_on_hold",
        "medium",
        "hold",
        Choice.NOTED,
        Choice.BOOK_IS_HERE,
        R1,
        {},
    ),
    Conflict(
        "item unknown",
        late(lambda c: c.k1.lends("NEW1", c.refs["R1"])),
        "item_unknown",
        "medium",
        "",
        Choice.REGISTER,
        Choice.REGISTER,
        NEW1,
        NEW1,
    ),
    Conflict(
        "reader unknown",
        late(lambda c: c.k1.lends("YL0001", "nobody-we-know")),
        "patron_unknown",
        "high",
        "verify_by",
        Choice.IS_READER,
        Choice.IS_READER,
        NOBODY,
        R2,
    ),
    Conflict(
        "lost, but seen",
        late(lambda c: stories.in_state(c, ItemState.LOST)),
        "item_found",
        "low",
        "",
        Choice.NOTED,
        Choice.STILL_LOST,
    ),
    Conflict(
        "more than ten minutes ahead",
        late(lambda c: stories.at(c, stories.LATE + 11 * MINUTE)),
        "clock_not_believed",
        "high",
        "",
        Choice.AS_RECORDED,
        Choice.ANNUL,
        R1,
        {},
    ),
    Conflict(
        "renewal asked for after a hold",
        asked(lambda c: stories.renewal_on_hold(c, "ask")),
        before=R1,
    ),
    Conflict("sent twice", twice, before=R1),
    Conflict(
        "events missing for a day",
        with_a_gap,
        "gap_in_chain",
        "medium",
        "seq",
        before=R1,
        after=R1,
    ),
)
