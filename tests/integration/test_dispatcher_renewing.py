"""Renewing through all rooms: a touch, the hub or no hub, and what the screen says."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from drivers.api import CardSeen
from kiosk.domain.rules import LoanRule
from kiosk.domain.values import Hold, Loan
from kiosk.messages import MirrorChanged
from kiosk.view import Action, LineState, LoanLine, Message, Screen, View
from sync.keys import sign_rules
from sync.protocol import LoanChanged, Outcome, RulesChanged
from tests.integration.dispatcher_point import BUDGET_S, MakePoint, Point
from tests.integration.kiosk_world import (
    HERE,
    OTHER_CARD,
    READER,
    RULES,
    World,
    read_only,
)
from tests.integration.store_samples import AT, HUB_KEY

TODAY = dt.date(2026, 5, 4)
SOON, LATER = TODAY + dt.timedelta(days=3), TODAY + dt.timedelta(days=15)


@pytest.fixture(autouse=True)
def lent(world: World) -> None:
    """Two loans that may be renewed once."""
    loans = {**RULES.loans, "ADULT/BOOK": LoanRule((30, 15))}
    rules = replace(RULES, version=4, loans=loans)
    known = [Loan(f"L-{n}", n, READER.patron_ref, AT.wall, SOON) for n in ("B1", "B2")]
    world.tell(RulesChanged(sign_rules(HUB_KEY, rules)), *map(LoanChanged, known))


def shown(view: View) -> dict[str, LoanLine]:
    assert view.account is not None
    return {line.key: line for line in view.account.loans}


def at_the_account(point: Point) -> View:
    assert point.touch(Action.ACCOUNT).accepted
    point.on(Screen.IDENTIFY)
    point.card()
    return point.on(Screen.ACCOUNT)


def renewing(point: Point) -> View:
    at_the_account(point)
    assert point.touch(Action.RENEW).accepted
    return point.until(lambda view: LineState.WORKING in states(view))


def states(view: View) -> list[LineState]:
    return [line.state for line in view.account.loans] if view.account else []


def test_two_touches_after_the_card_renew_everything(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(budget_s=BUDGET_S)
    renewing(point)
    first, second = world.ledger.open_asks()

    world.judge(first, due_on=LATER, feed_version=99)
    world.judge(second, outcome=Outcome.REFUSED, reason="E-RENEW-HELD")
    point.inbox.put(MirrorChanged())

    view = point.until(lambda view: states(view) == [LineState.REFUSED, LineState.OK])
    lines = shown(view)
    assert view.headline == Message("renew.finished", {"n": 1})
    assert lines["B1"].due == Message("acct.due", {"date": LATER})
    assert lines["B2"].due == Message("acct.due", {"date": SOON})
    assert lines["B2"].message == Message("E-RENEW-HELD")
    assert world.kinds() == ["RENEW", "RENEW", "CONFIRMED", "WITHDRAWN"]


def test_reader_who_renews_a_copy_still_waits_for_another_of_its_title(
    make_point: MakePoint, world: World
) -> None:
    own = Hold("H1", "T1", "", READER.patron_ref, HERE, AT.wall)
    world.tell_holds(own)
    point = make_point(budget_s=BUDGET_S)
    renewing(point)

    for ask in world.ledger.open_asks():
        world.judge(ask, due_on=LATER, feed_version=99)
    point.inbox.put(MirrorChanged())

    point.until(lambda view: states(view) == [LineState.OK, LineState.OK])
    assert world.kinds() == ["RENEW", "RENEW", "CONFIRMED", "CONFIRMED"]
    assert world.knowledge.holds_of(READER.patron_ref) == (own,)


def test_one_that_is_ticked_is_renewed_alone(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(budget_s=BUDGET_S)
    at_the_account(point)
    point.touch(Action.TICK, "B2")
    point.until(lambda view: shown(view)["B2"].ticked)

    point.touch(Action.RENEW)

    point.until(lambda view: LineState.WORKING in states(view))
    assert [ask.item for ask in world.ledger.open_asks()] == ["B2"]


def test_hub_that_is_silent_leaves_it_to_the_local_rule(
    make_point: MakePoint,
) -> None:
    point = make_point(budget_s=BUDGET_S)
    renewing(point)

    point.skip(BUDGET_S)

    view = point.until(lambda view: states(view) == [LineState.OK, LineState.OK])
    assert view.headline == Message("renew.finished", {"n": 2})
    assert {line.due.params["date"] for line in shown(view).values()} == {LATER}


def test_without_a_hub_the_wish_is_noted(make_point: MakePoint, world: World) -> None:
    point = make_point()
    at_the_account(point)

    point.touch(Action.RENEW)

    view = point.until(lambda view: states(view) == [LineState.OK, LineState.OK])
    assert view.headline == Message("renew.noted")
    assert shown(view)["B1"].message == Message("E-OFFLINE-RENEW")
    assert shown(view)["B1"].due == Message("acct.due", {"date": SOON})
    assert world.kinds() == ["RENEW", "RENEW"]


def test_what_can_not_be_written_down_did_not_happen(
    make_point: MakePoint, world: World
) -> None:
    point = make_point()
    at_the_account(point)

    with read_only(world.ledger):
        point.touch(Action.RENEW)
        view = point.until(lambda view: LineState.REFUSED in states(view))

    assert view.headline == Message("renew.none")
    assert world.events() == ()


def test_another_card_waits_until_the_hub_has_answered(
    make_point: MakePoint,
) -> None:
    point = make_point(budget_s=BUDGET_S)
    renewing(point)

    point.says(CardSeen(OTHER_CARD), "card")
    point.settle_down()
    assert point.view.screen is Screen.ACCOUNT

    point.skip(BUDGET_S)
    point.until(lambda view: LineState.WORKING not in states(view))
    point.says(CardSeen(OTHER_CARD), "card")

    view = point.on(Screen.BORROW)
    assert view.account is None
    assert view.patron is not None
    assert view.patron.name == "李*"


def test_what_a_bad_card_left_open_is_withdrawn_before_the_next_renewal(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(budget_s=BUDGET_S)
    renewing(point)
    with read_only(world.ledger):
        point.skip(BUDGET_S)
        point.until(lambda view: states(view) == [LineState.REFUSED] * 2)
    assert len(world.ledger.open_asks()) == 2
    point.touch(Action.TICK, "B2")
    point.until(lambda view: shown(view)["B2"].ticked)

    point.touch(Action.RENEW)

    point.until(lambda view: LineState.WORKING in states(view))
    assert [ask.item for ask in world.ledger.open_asks()] == ["B2"]
    assert world.kinds() == ["RENEW"] * 2 + ["WITHDRAWN"] * 2 + ["RENEW"]
