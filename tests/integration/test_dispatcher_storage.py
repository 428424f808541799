"""What a reader meets when the disk is full or can't be written."""

from __future__ import annotations

import pytest

from kiosk.domain.values import Title
from kiosk.service.ports import Storage
from kiosk.view import Action, LineState, Message, Screen, View
from sync.protocol import TitleChanged
from tests.integration.dispatcher_point import MakePoint, Point, states
from tests.integration.kiosk_world import World, full_disk, read_only


def banners(view: View) -> list[str]:
    return [banner.id for banner in view.banners]


@pytest.mark.fault("O07")
def test_a_disk_that_is_short_lends_nothing_and_takes_back(
    point: Point, world: World
) -> None:
    world.on_loan("B2")
    point.storage(Storage.SHORT)

    point.borrow("B1")
    view = point.on(Screen.DONE)
    assert view.books[0].message == Message("E-STORAGE")
    assert banners(view) == ["bar.storage_short"]
    assert (world.events(), point.table.written) == ((), {})
    assert point.touch(Action.HOME).accepted
    point.lay()
    point.touch(Action.RETURN)
    point.lay("B2")
    point.until(lambda view: states(view) == [LineState.OK])

    assert world.kinds()[0] == "CHECKIN"


@pytest.mark.fault("O07")
def test_nothing_is_asked_of_the_hub_either(make_point: MakePoint) -> None:
    point = make_point(budget_s=30.0)
    point.storage(Storage.SHORT)

    point.borrow("B1")

    assert states(point.on(Screen.DONE)) == [LineState.REFUSED]
    assert point.world.ledger.open_asks() == ()


@pytest.mark.fault("O07")
def test_lending_goes_on_when_there_is_room_again(point: Point) -> None:
    point.storage(Storage.SHORT)
    point.storage(Storage.LOW)

    point.borrow("B1")

    view = point.until(lambda view: states(view) == [LineState.OK])
    assert banners(view) == []


@pytest.mark.fault("O07")
def test_a_return_on_a_full_disk_uses_the_reserve(point: Point, world: World) -> None:
    world.on_loan("B1")
    world.tell(TitleChanged(Title("T1", "长" * 30_000)))
    given_up: list[str] = []

    with full_disk(world.ledger) as make_room:

        def give_up() -> bool:
            given_up.append("reserve")
            make_room()
            return True

        point.give_up_reserve = give_up
        point.touch(Action.RETURN)
        point.lay("B1")
        point.until(lambda view: states(view) == [LineState.OK])

    assert given_up == ["reserve"]
    assert world.kinds()[0] == "CHECKIN"


@pytest.mark.fault("O08")
def test_a_ledger_that_can_not_be_written_refuses_a_return_untouched(
    point: Point, world: World
) -> None:
    world.on_loan("B1")
    point.storage(Storage.UNWRITABLE)

    point.touch(Action.RETURN)
    point.lay("B1")
    view = point.until(lambda view: states(view) == [LineState.REFUSED])

    assert view.books[0].message == Message("E-LEDGER-DOWN")
    assert banners(view) == ["E-LEDGER-DOWN"]
    assert not view.in_service
    assert (point.table.written, world.events()) == ({}, ())


@pytest.mark.fault("O08")
@pytest.mark.parametrize("network", ["bar.offline", "bar.offline_limit"])
@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Storage.UNWRITABLE, ["E-LEDGER-DOWN"]),
        (Storage.SHORT, ["bar.storage_short"]),
        (Storage.ENOUGH, []),
    ],
)
def test_what_the_disk_forbids_is_not_promised_beside_it(
    point: Point, state: Storage, words: list[str], network: str
) -> None:
    point.network = (Message(network), Message("E-PRINTER"))

    point.storage(state)

    expected = [*(words or [network]), "E-PRINTER"]
    point.until(lambda view: banners(view) == expected)


@pytest.mark.fault("O06")
def test_a_failed_write_is_told_as_such_and_the_next_loan_is_recorded(
    point: Point, world: World
) -> None:
    with read_only(world.ledger):
        point.borrow("B1")
        view = point.on(Screen.DONE)
    assert view.books[0].message == Message("E-LEDGER-DOWN")
    point.lay()
    assert point.touch(Action.HOME).accepted

    point.borrow("B1")

    view = point.until(lambda view: states(view) == [LineState.OK])
    assert banners(view) == []
