from __future__ import annotations

from kiosk.healer import RETRY_S
from kiosk.scribe import PATIENCE_S as SCRIBE_PATIENCE_S
from kiosk.view import (
    Action,
    LineState,
    Message,
)
from tests.integration.dispatcher_point import (
    IN,
    OUT,
    MakePoint,
    Point,
    states,
)
from tests.integration.kiosk_world import (
    World,
)


def test_a_return_is_recorded_once_its_tag_is_armed(point: Point, world: World) -> None:
    world.on_loan("B1")
    point.table.hangs = True
    point.touch(Action.RETURN)
    point.lay("B1")
    point.until(lambda view: states(view) == [LineState.WORKING])
    assert world.events() == ()

    point.table.wake()

    view = point.until(lambda view: states(view) == [LineState.OK])
    assert view.headline == Message("return.done", {"n": 1})
    assert world.kinds() == ["CHECKIN"]
    assert point.table.written == {"E004B1": IN}


def unwritten_loan(point: Point) -> None:
    """A loan whose tag could not be disarmed; the reader took the book along."""
    point.table.works = lambda _uid: False
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.PUT_BACK])
    point.lay()
    point.touch(Action.HOME)
    point.skip(RETRY_S)
    point.settle_down()
    point.table.works = lambda _uid: True


def test_a_return_is_never_green_before_it_is_recorded(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(stable_rounds=2)
    unwritten_loan(point)
    point.table.hangs = True
    point.touch(Action.RETURN)
    point.lay("B1")
    point.lay("B1")
    point.until(lambda view: states(view) == [LineState.WORKING])
    point.table.hangs = False
    healing, arming = point.table.waiting
    assert (healing.afis, arming.afis) == ({"E004B1": OUT}, {"E004B1": IN})

    point.table.order(healing)

    assert states(point.settle_down()) == [LineState.WORKING]
    assert "CHECKIN" not in world.kinds()
    point.table.order(arming)
    point.until(lambda view: states(view) == [LineState.OK])
    assert point.table.written == {"E004B1": IN}


def test_a_book_being_armed_is_not_disarmed_for_its_old_loan(
    point: Point, world: World
) -> None:
    unwritten_loan(point)
    point.table.hangs = True
    point.touch(Action.RETURN)
    point.lay("B1")
    point.until(lambda view: states(view) == [LineState.WORKING])
    point.settle_down()

    point.table.wake()

    point.until(lambda view: states(view) == [LineState.OK])
    point.settle_down()
    assert point.table.written == {"E004B1": IN}
    assert world.ledger.unhealed_tags() == ()


def test_a_pad_that_never_answers_does_not_stop_a_return(
    point: Point, world: World
) -> None:
    world.on_loan("B1")
    point.table.hangs = True
    point.touch(Action.RETURN)
    point.lay("B1")
    point.until(lambda view: states(view) == [LineState.WORKING])

    point.skip(SCRIBE_PATIENCE_S)

    point.until(lambda view: states(view) == [LineState.PUT_BACK])
    assert world.kinds() == ["CHECKIN"]


def test_books_returned_before_a_loan_is_over_keep_their_own_session(
    point: Point, world: World
) -> None:
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])

    point.touch(Action.RETURN)
    point.lay("B1", "B2")
    point.until(lambda view: states(view) == [LineState.OK])
    point.touch(Action.HOME)

    ended = [event for event in world.events() if event.kind == "SESSION_ENDED"]
    assert [event.payload for event in ended] == [
        {"loans": 1, "returns": 0},
        {"loans": 0, "returns": 1},
    ]
    assert ended[0].session_id != ended[1].session_id
    (checkin,) = [event for event in world.events() if event.kind == "CHECKIN"]
    assert (checkin.item, checkin.session_id) == ("B2", None)
