from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from drivers.api import (
    CodeScanned,
)
from kiosk.service.ports import LedgerError
from kiosk.store.ledger import SqliteLedger
from kiosk.view import (
    Action,
    LineState,
    Message,
    Screen,
)
from tests.integration.dispatcher_point import (
    OUT,
    Point,
    states,
)
from tests.integration.kiosk_world import (
    DUE,
    World,
)
from tests.waiting import eventually


def test_a_stack_is_lent_recorded_and_disarmed(point: Point, world: World) -> None:
    point.borrow("B1", "B2")

    view = point.until(lambda view: states(view) == [LineState.OK] * 2)
    assert view.headline == Message("borrow.done", {"n": 2, "date": DUE})
    assert view.receipt == "S1-000001"
    assert world.kinds() == ["CHECKOUT", "CHECKOUT"]
    assert point.table.written == {"E004B1": OUT, "E004B2": OUT}
    assert world.ledger.unhealed_tags() == ()
    assert point.rings > 0


def test_a_touch_on_an_old_page_is_not_taken(point: Point) -> None:
    old = point.view.step
    assert point.touch(Action.BORROW).accepted

    answer = point.dispatcher.touch(Action.HOME, old)

    assert not answer.accepted
    assert answer.view.screen is Screen.IDENTIFY


def test_the_same_page_takes_one_touch(point: Point) -> None:
    step = point.view.step

    first = point.dispatcher.touch(Action.LANGUAGE, step, "en")
    second = point.dispatcher.touch(Action.LANGUAGE, step, "zh_Hans")

    assert (first.accepted, second.accepted) == (True, False)
    assert point.view.locale == "en"


def test_a_double_tap_on_confirm_lends_once(point: Point, world: World) -> None:
    point.card()
    point.lay("B1")
    step = point.until(lambda view: view.can_confirm).step

    with ThreadPoolExecutor(4) as taps:
        answers = list(
            taps.map(
                lambda _: point.dispatcher.touch(Action.CONFIRM, step).accepted,
                range(4),
            )
        )

    assert answers.count(True) == 1
    assert world.kinds() == ["CHECKOUT"]


def test_a_book_that_is_scanned_and_laid_down_is_lent_once(
    point: Point, world: World
) -> None:
    point.card()
    point.says(CodeScanned("b1"), "scanner")
    point.until(lambda view: view.count == 1)
    point.lay("B1")
    view = point.until(lambda view: view.can_confirm)
    assert view.count == 1

    point.touch(Action.CONFIRM)

    point.until(lambda view: states(view) == [LineState.OK])
    assert world.kinds() == ["CHECKOUT"]


def test_a_book_lent_by_its_barcode_is_disarmed_once_it_is_laid_down(
    point: Point, world: World
) -> None:
    point.card()
    point.says(CodeScanned("b1"), "scanner")
    point.until(lambda view: view.can_confirm)
    point.touch(Action.CONFIRM)
    point.until(lambda view: states(view) == [LineState.OK])

    point.lay("B1")
    eventually(
        lambda: point.table.written and not world.ledger.unhealed_tags(),
        "the tag is written",
    )

    assert point.table.written == {"E004B1": OUT}
    assert world.kinds() == ["CHECKOUT"]


def test_a_full_disk_leaves_such_a_tag_for_later_and_the_loan_stands(
    point: Point, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LedgerError("the disk is full")

    point.card()
    point.says(CodeScanned("b1"), "scanner")
    point.until(lambda view: view.can_confirm)
    point.touch(Action.CONFIRM)
    point.until(lambda view: states(view) == [LineState.OK])

    with monkeypatch.context() as full:
        full.setattr(SqliteLedger, "settle_wishes", fail)
        point.lay("B1")
        point.settle_down()
        assert point.table.written == {}
        assert states(point.view) == [LineState.OK]
        point.lay()
        point.settle_down()

    point.lay("B1")
    point.until(lambda _: point.table.written == {"E004B1": OUT})


def test_figures_are_fresh_after_each_stack(point: Point) -> None:
    point.borrow("B1", "B2")
    point.until(lambda view: states(view) == [LineState.OK] * 2)

    point.lay("B1", "B2", "B3")

    view = point.on(Screen.BORROW)
    assert view.patron is not None
    assert (view.count, view.patron.remaining) == (1, 1)


def test_a_patron_who_has_reached_the_limit_is_told_with_the_next_book(
    point: Point, world: World
) -> None:
    world.on_loan("B9")
    point.borrow("B1", "B2")
    point.until(lambda view: states(view) == [LineState.OK] * 2)

    point.lay("B1", "B2", "B3")

    view = point.on(Screen.BORROW)
    assert view.notice == Message("E-LIMIT", {"n": 3})
    assert not view.can_confirm
