from __future__ import annotations

import pytest

from drivers.api import PrintOutcome
from kiosk.domain.session import SlipPrinted
from kiosk.messages import Order, PrintOrder, SlipDone
from kiosk.print_desk import PATIENCE_S, PrintDesk
from kiosk.view import Message

LINES = (Message("heading"), Message("line"))
NOW = 100.0


class Printer:
    def __init__(self) -> None:
        self.orders: list[PrintOrder] = []

    def order(self, order: Order) -> None:
        assert isinstance(order, PrintOrder)
        self.orders.append(order)


class Desk:
    """Two printers that are there, and whoever waits for slips."""

    def __init__(self) -> None:
        self.printers = {"a": Printer(), "b": Printer()}
        self.desk = PrintDesk(self.printers, lambda locale, said: f"{locale} {said.id}")
        for name in self.printers:
            self.desk.came(name)

    def print(self) -> PrintOrder:
        assert self.desk.print("en", LINES, NOW) is None
        orders = [
            order for printer in self.printers.values() for order in printer.orders
        ]
        return max(orders, key=lambda order: order.ticket)

    def answer(self, order: PrintOrder, outcome: PrintOutcome) -> SlipPrinted | None:
        return self.desk.done(SlipDone(order.ticket, outcome))


@pytest.fixture
def point() -> Desk:
    return Desk()


def test_a_printer_that_never_tells_of_its_paper_is_used() -> None:
    point = Desk()

    order = point.print()

    assert (order.slip.heading, order.slip.lines) == ("en heading", ("en line",))


def test_a_printer_that_tells_that_its_roll_is_out_is_not_used(point: Desk) -> None:
    point.desk.paper("a", out=True)
    point.desk.paper("b", out=True)

    assert not point.desk.ready
    assert point.desk.print("en", LINES, NOW) == SlipPrinted(printed=False)


def test_a_device_that_is_no_printer_does_not_print(point: Desk) -> None:
    for name in ("a", "b"):
        point.desk.lost(name)

    point.desk.came("pad")
    point.desk.paper("pad", out=False)

    assert not point.desk.ready


@pytest.mark.parametrize(
    "outcome", [PrintOutcome.BLOCKED, PrintOutcome.COVER_OPEN, PrintOutcome.NO_PAPER]
)
def test_a_printer_that_failed_is_the_last_to_be_tried(
    point: Desk, outcome: PrintOutcome
) -> None:
    first = point.print()
    assert point.answer(first, outcome) == SlipPrinted(printed=False)

    second = point.print()

    assert first in point.printers["a"].orders
    assert second in point.printers["b"].orders
    assert point.answer(second, PrintOutcome.PRINTED) == SlipPrinted(printed=True)


def test_a_printer_that_failed_is_tried_when_there_is_no_other(point: Desk) -> None:
    point.desk.lost("b")
    point.answer(point.print(), PrintOutcome.COVER_OPEN)

    assert point.answer(point.print(), PrintOutcome.PRINTED) == SlipPrinted(
        printed=True
    )
    assert len(point.printers["a"].orders) == 2


def test_a_printer_that_hangs_must_not_print_for_the_next_reader(point: Desk) -> None:
    order = point.print()
    assert point.desk.overdue(NOW) is None

    given_up = point.desk.overdue(NOW + PATIENCE_S)

    assert given_up == SlipPrinted(printed=False)
    assert order.withdrawn.is_set()
    assert point.answer(order, PrintOutcome.PRINTED) is None
    assert point.desk.deadline is None


def test_an_answer_to_an_earlier_slip_is_none_to_the_one_after(point: Desk) -> None:
    first, second = point.print(), point.print()

    assert first.withdrawn.is_set()
    assert point.answer(first, PrintOutcome.BLOCKED) is None
    assert point.answer(second, PrintOutcome.PRINTED) == SlipPrinted(printed=True)
    assert point.answer(second, PrintOutcome.PRINTED) is None


def test_nothing_to_say_is_not_printed(point: Desk) -> None:
    assert point.desk.print("en", (), NOW) == SlipPrinted(printed=False)
