from __future__ import annotations

import pytest

from drivers.api import (
    CardGone,
    CardSeen,
    CodeScanned,
    DeviceEvent,
)
from kiosk.messages import (
    DeviceDown,
    DeviceUp,
)
from kiosk.view import (
    Action,
    LineState,
    Message,
    Screen,
)
from tests.integration.dispatcher_point import (
    Point,
    states,
)
from tests.integration.kiosk_world import (
    CARD,
    OTHER_CARD,
    World,
)


def test_what_lies_there_when_a_session_ends_does_not_count_until_lifted(
    point: Point, world: World
) -> None:
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])

    point.touch(Action.HOME)
    point.lay("B1")
    assert point.settle_down().headline is None

    point.lay()
    point.lay("B1")
    point.until(lambda view: view.headline == Message("home.books", {"n": 1}))
    assert world.kinds() == ["CHECKOUT", "SESSION_ENDED"]


def test_counting_again_waits_for_a_fresh_round(point: Point) -> None:
    point.card()
    point.lay("B1")
    point.until(lambda view: view.can_confirm)

    assert not point.touch(Action.RECOUNT).view.can_confirm

    point.lay("B1")
    point.until(lambda view: view.can_confirm)


def test_the_same_card_after_a_result_begins_a_new_session(
    point: Point, world: World
) -> None:
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])

    point.says(CardSeen(CARD), "card")

    view = point.on(Screen.BORROW)
    assert (view.books, view.receipt) == ((), None)
    assert world.kinds() == ["CHECKOUT", "SESSION_ENDED"]


def test_another_card_wipes_what_the_first_reader_saw(point: Point) -> None:
    point.card()
    point.lay("B1")
    point.until(lambda view: view.count == 1)

    point.says(CardSeen(OTHER_CARD), "card")

    view = point.until(lambda view: view.patron is not None and view.count == 0)
    assert view.patron is not None
    assert view.patron.name == "李*"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (CardSeen("0400FF00"), "E-CARD-UNKNOWN"),
        (CodeScanned("X-UNKNOWN"), "E-ITEM-UNKNOWN"),
        (CodeScanned("9787020002207"), "E-ISBN"),
    ],
)
def test_what_is_not_known_is_said(
    point: Point, event: DeviceEvent, words: str
) -> None:
    point.says(event, "reader")

    point.until(lambda view: view.notice == Message(words))


def test_a_card_that_is_taken_away_from_a_tapping_reader_ends_nothing(
    point: Point,
) -> None:
    point.card()

    point.says(CardGone(), "card")

    assert point.settle_down().patron is not None


def test_devices_that_fail_are_on_every_screen_until_they_are_back(
    point: Point,
) -> None:
    point.inbox.put(DeviceDown("scanner"))
    point.inbox.put(DeviceDown("pad"))
    down = (Message("E-READER-DOWN"), Message("E-SCANNER-DOWN"))
    point.until(lambda view: view.banners == down)

    point.inbox.put(DeviceUp("scanner"))

    point.until(lambda view: view.banners == (Message("E-READER-DOWN"),))
