from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from drivers.api import (
    CommandRefused,
    DeviceEvent,
    DeviceLost,
    PrintOutcome,
    ProtocolError,
    Slip,
    Tag,
    TagsOnPad,
)
from kiosk import runner
from kiosk.domain.rules import SecurityRule
from kiosk.messages import (
    DeviceDown,
    DeviceSaid,
    DeviceUp,
    Inbox,
    InboxMessage,
    PrintOrder,
    SlipDone,
    TagsWritten,
    WriteOrder,
)
from kiosk.runner import DeviceRunner

PATIENCE_S = 5.0
RULE = SecurityRule()
EMPTY, FULL = TagsOnPad(()), TagsOnPad((Tag("E0A1"),))
LOST = DeviceLost("pad: unplugged")

Step = DeviceEvent | Exception | None
#: What happens from one opening to the next: a refusal to open, or steps of `events`.
Life = Exception | list[Step]


class Scanner:
    """A device that lives the lives it is given, and then rests for good."""

    poll_interval_s = 0.005

    def __init__(self, *lives: Life) -> None:
        self._lives = list(lives)
        self._steps: list[Step] | None = None
        self.opened = 0
        self.closed = 0

    def open(self) -> None:
        self.opened += 1
        life = self._lives.pop(0) if self._lives else None
        if isinstance(life, Exception):
            raise life
        self._steps = life

    def events(self) -> Iterator[DeviceEvent | None]:
        if self._steps is not None:
            for step in self._steps:
                if isinstance(step, Exception):
                    raise step
                yield step
            return
        while True:
            yield None

    def close(self) -> None:
        self.closed += 1


class Pad(Scanner):
    """The same with tags to write; `answers` says how each UID fares."""

    def __init__(self, *lives: Life, answers: Mapping[str, Exception | int]) -> None:
        super().__init__(*lives)
        self._answers = answers

    def read_afi(self, uid: str) -> int:
        return self.write_afi(uid, 0)

    def write_afi(self, uid: str, afi: int) -> int:
        answer = self._answers.get(uid, afi)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def write_blocks(self, uid: str, first: int, data: bytes) -> None:
        raise CommandRefused(f"{uid}: no {len(data)} bytes at {first}", status=1)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(runner, "LONGEST_PAUSE_S", 0.01)


@pytest.fixture
def inbox() -> Inbox:
    return queue.Queue()


@contextmanager
def running(device: Scanner, inbox: Inbox) -> Iterator[DeviceRunner]:
    supervised = DeviceRunner("pad", device, inbox)
    supervised.start()
    try:
        yield supervised
    finally:
        supervised.stop()
        assert not supervised.alive


def take(inbox: Inbox, count: int) -> list[InboxMessage]:
    return [inbox.get(timeout=PATIENCE_S) for _ in range(count)]


def test_what_a_device_says_reaches_the_inbox_in_order(inbox: Inbox) -> None:
    with running(Scanner([None, EMPTY, FULL, LOST]), inbox):
        said = take(inbox, 4)

    assert said == [
        DeviceUp("pad"),
        DeviceSaid("pad", EMPTY),
        DeviceSaid("pad", FULL),
        DeviceDown("pad"),
    ]


def test_a_device_is_up_once_it_has_shown_a_sign_of_life(inbox: Inbox) -> None:
    with running(Scanner([LOST], [None]), inbox) as supervised:
        said = take(inbox, 2)
        assert supervised.alive

    assert said == [DeviceDown("pad"), DeviceUp("pad")]


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_a_device_that_is_not_there_is_told_lost_once_and_back_once(
    inbox: Inbox, tries: int
) -> None:
    device = Scanner(*[LOST] * tries)

    with running(device, inbox) as supervised:
        said = take(inbox, 2)
        assert supervised.up

    assert said == [DeviceDown("pad"), DeviceUp("pad")]
    assert (device.opened, device.closed) == (tries + 1, tries + 1)


def test_every_loss_after_a_return_is_told_anew(inbox: Inbox) -> None:
    with running(Scanner([None, LOST], LOST, [None, LOST]), inbox):
        said = take(inbox, 5)

    up, down = DeviceUp("pad"), DeviceDown("pad")
    assert said == [up, down, up, down, up]


@pytest.mark.parametrize(
    "fault",
    [
        ProtocolError("pad: nonsense"),
        CommandRefused("pad: no", status=1),
        ValueError("a fault in the driver"),
        OSError("the port is gone"),
    ],
)
def test_whatever_goes_wrong_the_device_is_opened_again(
    inbox: Inbox, fault: Exception
) -> None:
    with running(Scanner([None, fault], fault, [None]), inbox) as supervised:
        said = take(inbox, 3)
        assert supervised.alive

    assert said == [DeviceUp("pad"), DeviceDown("pad"), DeviceUp("pad")]


def test_a_device_that_ends_its_events_is_lost(inbox: Inbox) -> None:
    with running(Scanner([EMPTY]), inbox):
        said = take(inbox, 4)

    assert said[2:] == [DeviceDown("pad"), DeviceUp("pad")]


def test_pauses_grow_from_try_to_try_and_stay_bounded(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FIRST_PAUSE_S", 0.2)
    monkeypatch.setattr(runner, "LONGEST_PAUSE_S", 5.0)
    supervised = DeviceRunner("pad", Scanner(), inbox)
    pauses = []
    for _ in range(12):
        pauses.append(supervised._pause())
        supervised._failures += 1

    assert pauses[:5] == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert pauses[5:] == [5.0] * 7


def test_orders_are_carried_out_between_two_rounds_and_read_back(inbox: Inbox) -> None:
    gone = CommandRefused("pad: tag is gone", status=1)
    with running(Pad(answers={"E1": 0xC2, "E2": gone}), inbox) as supervised:
        take(inbox, 1)
        supervised.order(WriteOrder(7, {"E1": 0xC2, "E2": 0xC2, "E3": 0x07}, RULE))
        said = take(inbox, 1)

    assert said == [TagsWritten(7, {"E1": 0xC2, "E2": None, "E3": 0x07})]


def test_one_refused_tag_does_not_lose_the_device(inbox: Inbox) -> None:
    gone = CommandRefused("pad: tag is gone", status=1)
    with running(Pad(answers={"E1": gone}), inbox) as supervised:
        take(inbox, 1)
        supervised.order(WriteOrder(1, {"E1": 0xC2}, RULE))
        supervised.order(WriteOrder(2, {"E2": 0xC2}, RULE))
        said = take(inbox, 2)
        assert supervised.up

    assert said == [TagsWritten(1, {"E1": None}), TagsWritten(2, {"E2": 0xC2})]


def test_a_device_lost_half_way_answers_with_what_was_written(inbox: Inbox) -> None:
    pad = Pad(answers={"E2": LOST})
    with running(pad, inbox) as supervised:
        take(inbox, 1)
        supervised.order(WriteOrder(7, {"E1": 0xC2, "E2": 0xC2, "E3": 0xC2}, RULE))
        said = take(inbox, 3)

    assert said == [
        TagsWritten(7, {"E1": 0xC2, "E2": None, "E3": None}),
        DeviceDown("pad"),
        DeviceUp("pad"),
    ]


def test_an_order_for_a_device_that_is_down_is_answered_at_once(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LONGEST_PAUSE_S", PATIENCE_S)
    monkeypatch.setattr(runner, "FIRST_PAUSE_S", PATIENCE_S)
    with running(Pad(LOST, answers={}), inbox) as supervised:
        take(inbox, 1)
        supervised.order(WriteOrder(7, {"E1": 0xC2}, RULE))
        said = inbox.get_nowait()

    assert said == TagsWritten(7, {"E1": None})


def test_orders_that_wait_when_the_device_is_lost_are_answered(inbox: Inbox) -> None:
    pad = Pad(answers={"E1": LOST})
    with running(pad, inbox) as supervised:
        take(inbox, 1)
        for ticket, uid in enumerate(["E1", "E2", "E2"]):
            supervised.order(WriteOrder(ticket, {uid: 0xC2}, RULE))
        said = take(inbox, 5)

    answered = {each.ticket for each in said if isinstance(each, TagsWritten)}
    assert answered == {0, 1, 2}


def test_an_order_after_the_end_is_answered_too(inbox: Inbox) -> None:
    with running(Pad(answers={}), inbox) as supervised:
        take(inbox, 1)

    supervised.order(WriteOrder(7, {"E1": 0xC2}, RULE))

    assert inbox.get_nowait() == TagsWritten(7, {"E1": None})


def test_a_device_that_writes_no_tags_says_so_and_answers_orders(inbox: Inbox) -> None:
    with running(Scanner(), inbox) as supervised:
        take(inbox, 1)
        supervised.order(WriteOrder(7, {"E1": 0xC2}, RULE))
        said = take(inbox, 1)

    assert not supervised.writes_tags
    assert said == [TagsWritten(7, {"E1": None})]


class Printer(Scanner):
    """Prints unless it hangs; `printed` is what came out."""

    def __init__(self) -> None:
        super().__init__()
        self.free = threading.Event()
        self.hanging = threading.Event()
        self.printed: list[Slip] = []

    def print_slip(self, slip: Slip) -> PrintOutcome:
        self.hanging.set()
        self.free.wait(PATIENCE_S)
        self.printed.append(slip)
        return PrintOutcome.PRINTED


def test_a_fault_while_closing_does_not_end_the_thread(inbox: Inbox) -> None:
    class Sticky(Scanner):
        def close(self) -> None:
            super().close()
            raise OSError("the port does not let go")

    with running(Sticky([None, LOST], [None]), inbox) as supervised:
        said = take(inbox, 3)
        assert supervised.alive

    assert said == [DeviceUp("pad"), DeviceDown("pad"), DeviceUp("pad")]


def test_a_device_that_does_not_come_back_from_a_call_is_down_until_it_does(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    printer = Printer()
    with running(printer, inbox) as supervised:
        assert take(inbox, 1) == [DeviceUp("pad")]
        supervised.order(PrintOrder(1, Slip("A", ())))
        assert printer.hanging.wait(PATIENCE_S)
        supervised.order(PrintOrder(2, Slip("B", ())))

        supervised.look_after()
        assert supervised.up
        monkeypatch.setattr(runner, "STUCK_S", -1.0)
        supervised.look_after()
        supervised.look_after()

        assert not supervised.up
        given_up = SlipDone(2, PrintOutcome.BLOCKED)
        assert take(inbox, 2) == [DeviceDown("pad"), given_up]
        monkeypatch.setattr(runner, "STUCK_S", PATIENCE_S)
        printer.free.set()
        back = [SlipDone(1, PrintOutcome.PRINTED), DeviceUp("pad")]
        assert take(inbox, 2) == back

    assert inbox.empty()


def test_a_device_that_hangs_from_the_beginning_is_down(
    inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()

    class Asleep(Scanner):
        def open(self) -> None:
            free.wait(PATIENCE_S)

    monkeypatch.setattr(runner, "STUCK_S", -1.0)
    with running(Asleep(), inbox) as supervised:
        supervised.look_after()
        assert take(inbox, 1) == [DeviceDown("pad")]
        free.set()
        assert take(inbox, 1) == [DeviceUp("pad")]


def test_a_device_that_hangs_does_not_keep_the_process_from_ending() -> None:
    assert DeviceRunner("pad", Scanner(), queue.Queue()).daemon


def test_a_slip_that_nobody_waits_for_any_more_is_not_printed(inbox: Inbox) -> None:
    printer = Printer()
    first, second = (PrintOrder(number, Slip(str(number), ())) for number in (1, 2))
    with running(printer, inbox) as supervised:
        take(inbox, 1)
        supervised.order(first)
        assert printer.hanging.wait(PATIENCE_S)
        supervised.order(second)

        second.withdrawn.set()
        printer.free.set()

        assert take(inbox, 2)[1] == SlipDone(2, PrintOutcome.BLOCKED)
    assert printer.printed == [first.slip]


def test_stopping_closes_the_device(inbox: Inbox) -> None:
    device = Scanner()

    with running(device, inbox):
        take(inbox, 1)

    assert device.opened == device.closed == 1
