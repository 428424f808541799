"""The printer, the lights, the contacts and the lock around a visit."""

from __future__ import annotations

import pytest

from drivers.api import (
    Beep,
    CardSeen,
    Light,
    PeoplePassed,
    PrintOutcome,
    Sense,
    SenseChanged,
)
from kiosk.contacts import COUNT_S
from kiosk.domain.session import Manners
from kiosk.messages import (
    DeviceDown,
    DeviceUp,
    PrintOrder,
    SignalOrder,
    UnlockOrder,
)
from kiosk.print_desk import PATIENCE_S as PRINTER_PATIENCE_S
from kiosk.view import Action, LineState, Message, Screen, Slip
from tests.integration.dispatcher_point import MakePoint, Point, states
from tests.integration.kiosk_world import CARD, World, full_disk

PAPER = SenseChanged(Sense.PAPER_OUT, active=False)
NO_PAPER = SenseChanged(Sense.PAPER_OUT, active=True)


def slip_of(point: Point) -> Slip:
    slip = point.view.slip
    assert slip is not None
    return slip


def borrow_with_a_slip(point: Point) -> Slip:
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])
    return slip_of(point)


# The slip -------------------------------------------------------------------------


def test_a_slip_is_offered_and_printed(point: Point) -> None:
    point.says(PAPER, "printer")
    assert borrow_with_a_slip(point).can_print

    point.touch(Action.PRINT)

    point.until(
        lambda view: bool(view.slip and view.slip.message == Message("slip.printed"))
    )
    (order,) = point.printer.orders
    assert isinstance(order, PrintOrder)
    assert "slip.site" in order.slip.heading
    assert any("slip.item_due 1" in line for line in order.slip.lines)


def test_a_slip_is_printed_once(point: Point) -> None:
    point.says(PAPER, "printer")
    borrow_with_a_slip(point)

    point.touch(Action.PRINT)
    point.until(lambda view: bool(view.slip and not view.slip.can_print))
    point.touch(Action.PRINT)

    point.settle_down()
    assert len(point.printer.orders) == 1


def test_without_a_printer_the_slip_is_a_code_to_photograph(point: Point) -> None:
    slip = borrow_with_a_slip(point)

    assert slip.as_qr
    assert not slip.can_print


def test_a_printer_without_paper_is_not_offered(point: Point) -> None:
    point.says(PAPER, "printer")
    point.says(NO_PAPER, "printer")

    slip = borrow_with_a_slip(point)

    assert slip.as_qr
    assert not slip.can_print


def test_paper_that_ends_while_printing_leaves_the_code(point: Point) -> None:
    point.says(PAPER, "printer")
    borrow_with_a_slip(point)
    point.printer.outcome = PrintOutcome.NO_PAPER

    point.touch(Action.PRINT)

    view = point.until(lambda view: bool(view.slip and view.slip.as_qr))
    assert view.notice == Message("E-PRINTER")
    assert states(view) == [LineState.OK]


@pytest.mark.fault("O34")
def test_a_printer_that_never_answers_is_given_up(point: Point) -> None:
    point.says(PAPER, "printer")
    borrow_with_a_slip(point)
    point.printer.hangs = True
    point.touch(Action.PRINT)

    point.skip(PRINTER_PATIENCE_S + 1)

    point.until(lambda view: bool(view.slip and view.slip.as_qr))


def test_a_lost_printer_is_not_offered(point: Point) -> None:
    point.says(PAPER, "printer")
    point.inbox.put(DeviceDown("printer"))

    assert not borrow_with_a_slip(point).can_print


def test_a_slip_is_of_one_visit_only(point: Point) -> None:
    point.says(PAPER, "printer")
    borrow_with_a_slip(point)
    point.printer.hangs = True
    point.touch(Action.PRINT)

    point.touch(Action.HOME)

    assert point.on(Screen.HOME).slip is None


def test_a_refused_loan_has_no_slip(point: Point, world: World) -> None:
    with full_disk(world.ledger):
        point.borrow("B1")
        view = point.until(lambda view: states(view) == [LineState.REFUSED])

    assert view.slip is None


def test_a_return_has_a_slip_without_a_name(point: Point) -> None:
    point.says(PAPER, "printer")
    point.touch(Action.RETURN)
    point.lay("B1")
    point.until(lambda view: states(view) == [LineState.OK])

    slip = slip_of(point)

    assert Message("slip.total", {"n": 1}) in slip.lines
    assert all("张" not in str(line.params.get("who", "")) for line in slip.lines)


# Lights, sounds, locks --------------------------------------------------------------


def lights(point: Point) -> list[Light]:
    point.settle_down()
    orders = [o for o in point.lamp.orders if isinstance(o, SignalOrder)]
    return [order.light for order in orders if order.light is not None]


def beeps(point: Point) -> list[Beep]:
    point.settle_down()
    orders = [o for o in point.lamp.orders if isinstance(o, SignalOrder)]
    return [order.beep for order in orders if order.beep is not None]


def test_a_loan_beeps_once_and_the_light_is_ready_again(point: Point) -> None:
    borrow_with_a_slip(point)

    assert beeps(point) == [Beep.DONE]
    assert lights(point)[-1] is Light.READY


def test_a_lifted_book_calls_for_attention(point: Point) -> None:
    point.table.works = lambda _uid: False
    point.borrow("B1")
    point.until(lambda view: bool(view.put_back))

    assert lights(point)[-1] is Light.ATTENTION


def test_a_broken_pad_is_a_fault_whatever_the_screen_says(point: Point) -> None:
    point.inbox.put(DeviceDown("pad"))
    assert lights(point)[-1] is Light.FAULT

    point.inbox.put(DeviceUp("pad"))
    assert lights(point)[-1] is Light.READY


def test_an_unknown_card_is_refused_with_a_sound(point: Point) -> None:
    point.says(CardSeen("04FFFFFF"), "card")
    point.until(lambda view: view.notice is not None)

    assert beeps(point) == [Beep.REFUSED]


def test_a_lamp_that_comes_back_is_told_again(point: Point) -> None:
    shown = len(lights(point))

    point.inbox.put(DeviceUp("lamp"))

    assert lights(point)[shown:] == [Light.READY]


@pytest.mark.parametrize("unlocks", [True, False])
def test_the_cabinet_opens_for_a_patron_if_the_county_wants_that(
    make_point: MakePoint, *, unlocks: bool
) -> None:
    point = make_point(manners=Manners(unlocks=unlocks))

    point.card(CARD)

    assert [type(order) for order in point.lock.orders] == [UnlockOrder] * unlocks


# Contacts ---------------------------------------------------------------------------


def test_a_full_box_is_on_every_screen_until_it_is_emptied(
    point: Point, world: World
) -> None:
    point.says(SenseChanged(Sense.BOX_FULL, active=True), "contacts")
    point.until(lambda view: Message("E-BOX-FULL") in view.banners)

    point.says(SenseChanged(Sense.BOX_FULL, active=False), "contacts")
    point.until(lambda view: view.banners == ())

    point.skip(COUNT_S + 1)
    point.settle_down()
    assert [event.payload for event in world.events()] == [
        {"contact": "box_full", "active": True},
        {"contact": "box_full", "active": False},
    ]


def test_a_loose_plug_fills_no_ledger(point: Point, world: World) -> None:
    flaps = [True, False] * 50 + [True]
    for active in flaps:
        point.says(SenseChanged(Sense.TAMPER, active=active), "contacts")
    point.settle_down()
    assert [event.payload for event in world.events()] == [
        {"contact": "tamper", "active": True}
    ]

    point.skip(COUNT_S + 1)
    point.settle_down()

    assert [event.payload for event in world.events()][1:] == [
        {"contact": "tamper", "active": True, "changes": len(flaps) - 1}
    ]


def test_a_contact_that_could_not_be_recorded_is_told_later(
    point: Point, world: World
) -> None:
    with full_disk(world.ledger):
        point.says(SenseChanged(Sense.TAMPER, active=True), "contacts")
        point.settle_down()
    assert world.events() == ()

    point.skip(COUNT_S + 1)
    point.settle_down()

    assert world.kinds() == ["CONTACT_CHANGED"]


def test_a_contact_at_rest_is_no_event(point: Point, world: World) -> None:
    point.says(SenseChanged(Sense.TAMPER, active=False), "contacts")
    point.settle_down()

    assert world.events() == ()


def test_an_opened_housing_is_recorded(point: Point, world: World) -> None:
    point.says(SenseChanged(Sense.TAMPER, active=True), "contacts")
    point.settle_down()

    assert world.kinds() == ["CONTACT_CHANGED"]


def test_people_are_counted_and_recorded_together(point: Point, world: World) -> None:
    for _ in range(3):
        point.says(PeoplePassed(1), "contacts")
    point.settle_down()
    assert world.events() == ()

    point.skip(COUNT_S + 1)
    point.settle_down()

    (event,) = world.events()
    assert (event.kind, event.payload) == ("PEOPLE_COUNTED", {"count": 3})


def test_people_counted_are_not_forgotten_at_the_end_of_the_day(
    point: Point, world: World
) -> None:
    point.says(PeoplePassed(2), "contacts")

    point.stop()

    assert [event.payload for event in world.events()] == [{"count": 2}]


def test_people_that_can_not_be_recorded_are_counted_on(
    point: Point, world: World
) -> None:
    point.says(PeoplePassed(2), "contacts")
    point.settle_down()
    with full_disk(world.ledger):
        point.skip(COUNT_S + 1)
        point.settle_down()

    point.says(PeoplePassed(1), "contacts")
    point.stop()

    assert [event.payload for event in world.events()] == [{"count": 3}]


def test_the_log_tells_nothing_of_what_a_reader_did(
    point: Point,
    world: World,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    slip = borrow_with_a_slip(point)
    point.printer.outcome = PrintOutcome.BLOCKED
    point.touch(Action.PRINT)
    point.says(SenseChanged(Sense.TAMPER, active=True), "box")
    with full_disk(world.ledger):
        point.says(PeoplePassed(1), "box")
        point.touch(Action.HOME)
        point.touch(Action.RETURN)
        point.lay("B1")
        point.settle_down()

    log = capsys.readouterr().out + caplog.text  # wherever it goes by now
    words = {"乡村医生手册", "张", CARD, "B1", "P1"}
    words |= {str(word) for line in slip.lines for word in line.params.values()}
    assert log
    assert not {word for word in words if len(word) > 1 and word in log}
