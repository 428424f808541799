from __future__ import annotations

from kiosk.domain.values import Title
from kiosk.view import (
    Action,
    LineState,
    Message,
    Screen,
)
from sync.protocol import (
    TitleChanged,
)
from tests.integration.dispatcher_point import (
    Point,
    states,
)
from tests.integration.kiosk_world import (
    World,
    full_disk,
)


def test_a_loan_that_could_not_be_recorded_is_red_and_its_tag_untouched(
    point: Point, world: World
) -> None:
    world.tell(TitleChanged(Title("T1", "长" * 30_000)))

    with full_disk(world.ledger):
        point.borrow("B1")
        view = point.on(Screen.DONE)

    assert states(view) == [LineState.REFUSED]
    assert view.books[0].message == Message("E-STORAGE")
    assert (view.receipt, view.headline) == (None, Message("borrow.none"))
    assert (point.table.written, world.events()) == ({}, ())


def test_after_a_full_disk_the_same_book_can_be_borrowed(
    point: Point, world: World
) -> None:
    world.tell(TitleChanged(Title("T1", "长" * 30_000)))
    with full_disk(world.ledger):
        point.borrow("B1")
        point.on(Screen.DONE)
        point.lay()
        assert point.touch(Action.HOME).accepted

    point.borrow("B1")

    point.until(lambda view: states(view) == [LineState.OK])


def test_a_return_that_could_not_be_recorded_is_red(point: Point, world: World) -> None:
    world.on_loan("B1")
    world.tell(TitleChanged(Title("T1", "长" * 30_000)))

    with full_disk(world.ledger):
        point.touch(Action.RETURN)
        point.lay("B1")
        view = point.until(lambda view: states(view) == [LineState.REFUSED])

    assert view.books[0].message == Message("E-STORAGE")
    assert world.events() == ()
    assert point.alive
