from __future__ import annotations

from collections.abc import Iterator
from math import inf

import pytest

from drivers.api import (
    Beep,
    CommandRefused,
    DeviceLost,
    Light,
    PrintOutcome,
    Slip,
)
from kiosk.domain.rules import SecurityMode, SecurityRule
from kiosk.messages import (
    InboxMessage,
    PrintOrder,
    SignalOrder,
    SlipDone,
    TagsWritten,
    UnlockOrder,
    WriteOrder,
)
from kiosk.orders import carry_out, give_up

IN, OUT = 0x07, 0xC2
SLIP = Slip("凭条", ("共1本",))


class Device:
    """A driver without capabilities."""

    poll_interval_s = 0.0

    def __init__(self) -> None:
        self.done: list[object] = []

    def open(self) -> None: ...
    def events(self) -> Iterator[None]:
        yield None

    def close(self) -> None: ...


class Pad(Device):
    """A pad that knows the AFI alone; `gone` and `lost` name tags."""

    gone = ""
    lost = ""

    def read_afi(self, _uid: str) -> int:
        return IN

    def write_blocks(self, _uid: str, _first: int, _data: bytes) -> None: ...

    def write_afi(self, uid: str, afi: int) -> int:
        if uid == self.gone:
            raise CommandRefused("tag gone", status=1)
        if uid == self.lost:
            raise DeviceLost("unplugged")
        self.done.append((uid, afi))
        return afi


class EasPad(Pad):
    def write_eas(self, uid: str, *, armed: bool) -> None:
        self.done.append((uid, "armed" if armed else "disarmed"))


class Box(Device):
    """A printer, a lamp and a lock in one."""

    def print_slip(self, slip: Slip) -> PrintOutcome:
        self.done.append(slip)
        return PrintOutcome.PRINTED

    def show(self, light: Light) -> None:
        self.done.append(light)

    def beep(self, beep: Beep) -> None:
        self.done.append(beep)

    def unlock(self) -> None:
        self.done.append("unlocked")


def answers_of(device: Device, order: object) -> list[InboxMessage]:
    answers: list[InboxMessage] = []
    carry_out(device, order, answers.append)  # type: ignore[arg-type]  # one of the orders
    return answers


def write(mode: SecurityMode, *uids: str, afi: int = OUT) -> WriteOrder:
    return WriteOrder(7, dict.fromkeys(uids, afi), SecurityRule(mode=mode))


@pytest.mark.parametrize(
    ("mode", "done"),
    [
        (SecurityMode.AFI, [("E1", OUT)]),
        (SecurityMode.EAS, [("E1", "disarmed")]),
        (SecurityMode.BOTH, [("E1", "disarmed"), ("E1", OUT)]),
    ],
)
def test_a_tag_is_secured_the_way_the_county_does(
    mode: SecurityMode, done: list[object]
) -> None:
    pad = EasPad()

    assert answers_of(pad, write(mode, "E1")) == [TagsWritten(7, {"E1": OUT})]
    assert pad.done == done


def test_a_returned_book_is_armed_by_eas() -> None:
    pad = EasPad()

    answers_of(pad, write(SecurityMode.EAS, "E1", afi=IN))

    assert pad.done == [("E1", "armed")]


@pytest.mark.parametrize("mode", [SecurityMode.EAS, SecurityMode.BOTH])
def test_a_pad_that_can_not_switch_eas_writes_the_afi(mode: SecurityMode) -> None:
    pad = Pad()

    answers_of(pad, write(mode, "E1"))

    assert pad.done == [("E1", OUT)]


def test_a_tag_that_is_gone_leaves_the_others() -> None:
    pad = Pad()
    pad.gone = "E1"

    (answer,) = answers_of(pad, write(SecurityMode.AFI, "E1", "E2"))

    assert answer == TagsWritten(7, {"E1": None, "E2": OUT})


def test_what_was_written_before_the_pad_was_lost_is_known() -> None:
    pad, answers = Pad(), list[InboxMessage]()
    pad.lost = "E2"

    with pytest.raises(DeviceLost):
        carry_out(pad, write(SecurityMode.AFI, "E1", "E2"), answers.append)

    assert answers == [TagsWritten(7, {"E1": OUT, "E2": None})]


def test_a_device_that_writes_no_tags_says_so() -> None:
    answer = TagsWritten(7, {"E1": None})

    assert answers_of(Device(), write(SecurityMode.AFI, "E1")) == [answer]


def test_a_box_prints_shows_beeps_and_unlocks() -> None:
    box = Box()

    printed = answers_of(box, PrintOrder(3, SLIP))
    silent = [
        *answers_of(box, SignalOrder(Light.BUSY, Beep.DONE)),
        *answers_of(box, UnlockOrder(until=inf)),
    ]

    assert printed == [SlipDone(3, PrintOutcome.PRINTED)]
    assert silent == []
    assert box.done == [SLIP, Light.BUSY, Beep.DONE, "unlocked"]


def test_a_lock_that_hears_of_it_too_late_stays_locked() -> None:
    box = Box()

    answers_of(box, UnlockOrder(until=-inf))

    assert box.done == []


def test_a_device_without_a_printer_is_blocked() -> None:
    blocked = [SlipDone(3, PrintOutcome.BLOCKED)]

    assert answers_of(Device(), PrintOrder(3, SLIP)) == blocked


def test_orders_to_a_device_that_is_away_are_answered() -> None:
    answers: list[InboxMessage] = []

    for order in (
        write(SecurityMode.AFI, "E1"),
        PrintOrder(3, SLIP),
        SignalOrder(Light.READY),
        UnlockOrder(until=inf),
    ):
        give_up(order, answers.append)

    assert answers == [
        TagsWritten(7, {"E1": None}),
        SlipDone(3, PrintOutcome.BLOCKED),
    ]
