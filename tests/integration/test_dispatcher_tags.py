from __future__ import annotations

from dataclasses import replace

from kiosk.domain.rules import SecurityMode, SecurityRule
from kiosk.healer import RETRY_S
from kiosk.messages import (
    DeviceDown,
    MirrorChanged,
)
from kiosk.scribe import PATIENCE_S as SCRIBE_PATIENCE_S
from kiosk.view import (
    Action,
    LineState,
    Message,
    Screen,
)
from sync.keys import sign_rules
from sync.protocol import RulesChanged
from tests.integration.dispatcher_point import (
    BUDGET_S,
    OUT,
    MakePoint,
    Point,
    states,
)
from tests.integration.kiosk_world import (
    RULES,
    World,
)
from tests.integration.store_samples import HUB_KEY


def test_a_tag_that_could_not_be_written_is_tried_again(point: Point) -> None:
    point.table.works = lambda _uid: False
    point.borrow("B1")
    view = point.until(lambda view: states(view) == [LineState.PUT_BACK])
    assert view.put_back == ("乡村医生手册",)

    point.table.works = lambda _uid: True
    point.skip(RETRY_S)

    point.until(lambda view: states(view) == [LineState.OK])
    assert point.table.written == {"E004B1": OUT}


def test_a_book_is_healed_in_a_later_session(point: Point, world: World) -> None:
    point.table.works = lambda _uid: False
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.PUT_BACK])
    point.lay()
    point.touch(Action.HOME)
    point.table.works = lambda _uid: True

    point.lay("B1")

    point.until(lambda _: point.table.written == {"E004B1": OUT})
    point.settle_down()
    assert world.ledger.unhealed_tags() == ()


def test_a_book_lifted_before_its_turn_is_asked_back(point: Point) -> None:
    point.table.hangs = True
    point.borrow("B1")
    point.on(Screen.DONE)

    point.lay()

    view = point.until(lambda view: states(view) == [LineState.PUT_BACK])
    assert view.screen is Screen.DONE


def test_a_pad_that_is_lost_does_not_leave_the_screen_waiting(point: Point) -> None:
    point.table.hangs = True
    point.borrow("B1")
    point.on(Screen.DONE)

    point.inbox.put(DeviceDown("pad"))

    view = point.until(lambda view: states(view) == [LineState.PUT_BACK])
    assert view.banners == (Message("E-READER-DOWN"),)


def test_a_pad_that_never_answers_is_given_up(point: Point) -> None:
    point.table.hangs = True
    point.borrow("B1")
    point.on(Screen.DONE)

    point.skip(SCRIBE_PATIENCE_S)

    point.until(lambda view: states(view) == [LineState.PUT_BACK])


def test_a_point_without_a_writing_pad_does_not_wait_for_one(
    make_point: MakePoint,
) -> None:
    point = make_point(pad=False)

    point.borrow("B1")

    point.until(lambda view: states(view) == [LineState.PUT_BACK])


def without_gates(world: World) -> None:
    rules = replace(RULES, version=4, security=SecurityRule(mode=SecurityMode.NONE))
    world.tell(RulesChanged(sign_rules(HUB_KEY, rules)))


def test_a_county_without_gates_touches_no_tag(point: Point, world: World) -> None:
    without_gates(world)

    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])
    point.lay()
    point.touch(Action.HOME)
    point.touch(Action.RETURN)
    point.lay("B1")
    point.until(lambda view: states(view) == [LineState.OK])

    assert point.table.written == {}
    assert [tag.uid for tag in world.ledger.unhealed_tags()] == []


def test_a_county_without_gates_asks_for_no_book_back(
    make_point: MakePoint, world: World
) -> None:
    without_gates(world)
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    (ask,) = point.asks()

    point.lay()
    world.judge(ask)
    point.inbox.put(MirrorChanged())

    view = point.on(Screen.DONE)
    view = point.until(lambda view: states(view) != [LineState.WORKING])
    assert (states(view), view.put_back) == ([LineState.OK], ())
