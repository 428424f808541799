from __future__ import annotations

import datetime as dt

from drivers.api import (
    CardSeen,
)
from kiosk.messages import (
    MirrorChanged,
)
from kiosk.view import (
    Action,
    LineState,
    Message,
    Screen,
)
from sync.protocol import (
    Outcome,
)
from tests.integration.dispatcher_point import (
    BUDGET_S,
    MakePoint,
    states,
)
from tests.integration.kiosk_world import (
    OTHER_CARD,
    World,
    read_only,
)


def test_an_ask_is_settled_as_soon_as_all_verdicts_are_there(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1", "B2")
    first, second = point.asks()
    world.judge(first, due_on=dt.date(2026, 7, 1))
    point.inbox.put(MirrorChanged())
    assert point.settle_down().screen is Screen.WORKING

    world.judge(second, outcome=Outcome.REFUSED, reason="E-ITEM-REF")
    point.inbox.put(MirrorChanged())

    view = point.until(lambda view: states(view) == [LineState.OK, LineState.REFUSED])
    assert view.headline == Message("borrow.partial", {"ok": 1, "bad": 1})
    assert world.kinds() == ["CHECKOUT", "CHECKOUT", "CONFIRMED", "WITHDRAWN"]


def test_nothing_is_written_to_a_tag_while_the_hub_is_asked(
    make_point: MakePoint,
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    point.asks()

    point.settle_down()

    assert point.table.written == {}
    assert states(point.view) == [LineState.WORKING]


def test_when_the_budget_is_used_up_the_local_rule_decides(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    point.asks()

    point.skip(BUDGET_S)

    point.until(lambda view: states(view) == [LineState.OK])
    assert world.kinds() == ["CHECKOUT", "CONFIRMED"]


def test_the_budget_ends_by_itself(make_point: MakePoint, world: World) -> None:
    point = make_point(budget_s=0.05)

    point.borrow("B1")

    point.until(lambda view: states(view) == [LineState.OK])
    assert world.kinds() == ["CHECKOUT", "CONFIRMED"]


def test_the_budget_ends_although_the_pad_never_stops_talking(
    make_point: MakePoint,
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    point.asks()

    point.world.skip(BUDGET_S)
    point.lay("B1")

    point.until(lambda view: states(view) == [LineState.OK])


def test_a_card_is_not_taken_while_the_hub_is_asked(make_point: MakePoint) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    point.asks()

    point.says(CardSeen(OTHER_CARD), "card")

    view = point.settle_down()
    assert view.screen is Screen.WORKING
    assert view.patron is not None
    assert view.patron.name == "张*华"


def test_an_ask_that_could_not_be_closed_is_withdrawn_before_the_next(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    point.asks()
    with read_only(world.ledger):
        point.skip(BUDGET_S)
        point.until(lambda view: states(view) == [LineState.REFUSED])
    point.lay()
    point.touch(Action.HOME)

    point.borrow("B1")

    point.asks()
    assert world.kinds() == ["CHECKOUT", "WITHDRAWN", "CHECKOUT"]


def test_screen_that_waits_gets_its_verdict_though_the_epoch_is_left(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    (ask,) = point.asks()
    point.diverged = (ask.epoch,)
    point.inbox.put(MirrorChanged())
    point.settle_down()
    (anew,) = point.asks()

    world.judge(anew)
    point.inbox.put(MirrorChanged())

    point.until(lambda view: states(view) == [LineState.OK])
    assert (anew.event_id, anew.seq) == (ask.event_id, 1)
    assert anew.epoch != ask.epoch
    assert world.kinds() == ["CHECKOUT", "CONFIRMED"]
