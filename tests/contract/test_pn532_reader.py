"""The PN532 driver on a real pseudo-terminal, against the emulated chip."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from drivers.api import (
    BadOptions,
    CardGone,
    CardKind,
    CardSeen,
    DeviceEvent,
    DeviceLost,
    Driver,
)
from drivers.cards.pn532 import LOST_AFTER, Pn532Reader
from drivers.codecs.pn532.commands import (
    WAKE_UP,
    Command,
    get_firmware_version,
    list_type_a,
    rf_retries,
)
from drivers.codecs.pn532.frames import Direction, Message, Signal, encode, finder
from drivers.emulators.bad_line import BadLine
from drivers.emulators.pn532 import Fault, Pn532Emulator
from drivers.emulators.pty import Answer, Pty
from drivers.registry import create
from drivers.transports.address import open_address
from tests.card_numbers import REPORTED
from tests.contract.card_contract import CardLineContract

UID = "B0864D25"
OTHER_UID = "0463F80A4F5381"

Events = Iterator[DeviceEvent | None]


@dataclass
class Rig:
    reader: Pn532Reader
    line: BadLine
    pty: Pty
    chip: Pn532Emulator
    kind: CardKind = CardKind.ISO14443
    tells_removal: bool = True
    #: Two goes at a command, and one more at letting a card go.
    longest_call_s: float = 4 * 0.3

    def uid_of(self, number: int) -> str:
        return f"04A1B2{number:02X}"

    def present(self, number: int) -> None:
        self.chip.place(self.uid_of(number))

    def remove(self) -> None:
        self.chip.lift()

    def unplug(self) -> None:
        self.pty.unplug()

    def plug(self) -> None:
        self.pty.plug()


class TestPn532(CardLineContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[Rig]:
        chip = Pn532Emulator()
        line = BadLine(chip.answer)
        pty = Pty(tmp_path / "card-reader", line)
        pty.start()
        driver = Pn532Reader(
            Pn532Reader.Options(
                port=str(pty.path), reply_timeout_s=0.3, poll_interval_s=0.01
            )
        )
        driver.open()
        yield Rig(driver, line, pty, chip)
        driver.close()
        pty.stop()


@pytest.fixture
def chip() -> Pn532Emulator:
    return Pn532Emulator()


@pytest.fixture
def port(tmp_path: Path, chip: Pn532Emulator) -> Iterator[Pty]:
    pty = Pty(tmp_path / "card-reader", chip.answer)
    pty.start()
    yield pty
    pty.stop()


@pytest.fixture
def reader(port: Pty) -> Iterator[Pn532Reader]:
    driver = Pn532Reader(Pn532Reader.Options(port=str(port.path), reply_timeout_s=0.5))
    yield driver
    driver.close()


@pytest.fixture
def events(reader: Pn532Reader) -> Events:
    reader.open()
    return reader.events()


@pytest.mark.parametrize(("uid", "options", "number"), REPORTED)
def test_a_card_is_told_by_the_number_on_file(
    port: Pty, chip: Pn532Emulator, uid: str, options: dict[str, object], number: str
) -> None:
    reader = create("pn532", {"port": str(port.path), **options})
    reader.open()
    chip.place(uid)

    assert next(reader.events()) == CardSeen(number)
    reader.close()


def polled(events: Events, count: int) -> list[DeviceEvent | None]:
    return list(islice(events, count))


def test_driver_is_made_from_the_configuration() -> None:
    driver: Driver = create("pn532", {"port": "/dev/nothing"})

    assert isinstance(driver, Pn532Reader)
    assert driver.poll_interval_s == 0.1


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"port": "/dev/x", "bawd": 1},
        {"port": "/dev/x", "gone_after": 0},
        {"port": "/dev/x", "report": "roman"},
    ],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadOptions, match="pn532"):
        create("pn532", options)


@pytest.mark.parametrize("uid", [UID, OTHER_UID, "0102030405060708090A"])
def test_card_is_seen_once_while_it_lies_there(
    chip: Pn532Emulator, events: Events, uid: str
) -> None:
    chip.place(uid)

    assert polled(events, 3) == [CardSeen(uid), None, None]


def test_card_is_gone_after_three_polls_without_it(
    chip: Pn532Emulator, events: Events
) -> None:
    chip.place(UID)
    polled(events, 1)

    chip.lift()

    assert polled(events, 4) == [None, None, CardGone(), None]


def test_card_that_is_missed_twice_is_still_there(
    chip: Pn532Emulator, events: Events
) -> None:
    chip.place(UID)
    polled(events, 1)

    chip.set_fault(Fault.FLICKER, times=2)

    assert polled(events, 4) == [None, None, None, None]


def test_exchanged_card_is_gone_before_the_next_is_seen(
    chip: Pn532Emulator, events: Events
) -> None:
    chip.place(UID)
    polled(events, 1)

    chip.lift()
    chip.place(OTHER_UID)

    assert polled(events, 3) == [CardGone(), CardSeen(OTHER_UID), None]


def test_two_cards_are_both_seen_and_gone_once(
    chip: Pn532Emulator, events: Events
) -> None:
    chip.place(UID)
    chip.place(OTHER_UID)

    assert polled(events, 3) == [CardSeen(UID), CardSeen(OTHER_UID), None]

    chip.lift(UID)
    assert polled(events, 4) == [None] * 4
    chip.lift(OTHER_UID)
    assert polled(events, 3) == [None, None, CardGone()]


def test_second_card_joins_the_first(chip: Pn532Emulator, events: Events) -> None:
    chip.place(UID)
    polled(events, 1)

    chip.place(OTHER_UID)

    assert polled(events, 2) == [CardSeen(OTHER_UID), None]


def test_smart_card_stays_in_sight(chip: Pn532Emulator, events: Events) -> None:
    chip.place(OTHER_UID, iso_dep=True)

    assert polled(events, 5) == [CardSeen(OTHER_UID), None, None, None, None]


@pytest.mark.parametrize("fault", [Fault.NOISE, Fault.NO_POSTAMBLE, Fault.SLOW_LINE])
def test_card_is_seen_over_a_bad_line(
    chip: Pn532Emulator, reader: Pn532Reader, fault: Fault
) -> None:
    chip.set_fault(fault)
    chip.place(UID)

    reader.open()

    assert polled(reader.events(), 2) == [CardSeen(UID), None]


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.NACK])
def test_command_that_is_not_acknowledged_goes_once_more(
    chip: Pn532Emulator, events: Events, fault: Fault
) -> None:
    chip.place(UID)

    chip.set_fault(fault, times=1)

    assert polled(events, 1) == [CardSeen(UID)]


def test_short_silences_lose_neither_the_reader_nor_the_card(
    chip: Pn532Emulator, events: Events
) -> None:
    chip.place(UID)
    polled(events, 1)

    for _ in range(2):
        chip.set_fault(Fault.SILENT, times=2 * (LOST_AFTER - 1))

        assert polled(events, LOST_AFTER) == [None] * LOST_AFTER


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.NACK])
def test_lasting_silence_is_a_lost_reader(
    chip: Pn532Emulator, events: Events, fault: Fault
) -> None:
    chip.set_fault(fault)

    with pytest.raises(DeviceLost, match="card-reader: PN532 stopped answering"):
        polled(events, LOST_AFTER)


def test_dead_reader_cannot_be_opened(chip: Pn532Emulator, reader: Pn532Reader) -> None:
    chip.set_fault(Fault.SILENT)

    with pytest.raises(DeviceLost, match="no PN532 answers command 14"):
        reader.open()


def test_absent_port_cannot_be_opened(tmp_path: Path) -> None:
    driver = Pn532Reader(Pn532Reader.Options(port=str(tmp_path / "nothing")))

    with pytest.raises(DeviceLost, match="nothing"):
        driver.open()


def test_refused_open_leaves_the_port_free(
    chip: Pn532Emulator, port: Pty, reader: Pn532Reader
) -> None:
    chip.set_fault(Fault.SILENT)

    with pytest.raises(DeviceLost):
        reader.open()

    open_address(str(port.path)).close()


def test_reader_that_sends_nonsense_is_lost(
    chip: Pn532Emulator, events: Events
) -> None:
    chip.set_fault(Fault.CUT_LIST)
    chip.place(UID)

    assert polled(events, LOST_AFTER - 1) == [None] * (LOST_AFTER - 1)
    with pytest.raises(DeviceLost):
        polled(events, 1)


@pytest.mark.parametrize("uid", ["", "B0864D", "B0864D2511"])
def test_card_with_an_impossible_uid_cannot_be_placed(
    chip: Pn532Emulator, uid: str
) -> None:
    with pytest.raises(ValueError, match="not 4, 7 or 10 bytes"):
        chip.place(uid)


def test_sleeping_chip_ignores_commands(chip: Pn532Emulator) -> None:
    assert answered(chip, get_firmware_version()) == []


def test_chip_without_retries_set_waits_for_a_card(chip: Pn532Emulator) -> None:
    awake = list(chip.answer(WAKE_UP))

    assert awake == []
    assert answered(chip, list_type_a()) == [Signal.ACK]


@pytest.mark.parametrize(
    "command",
    [
        Message(Direction.REQUEST, 0xF0),
        Message(Direction.REQUEST, Command.DIAGNOSE),
        Message(Direction.REQUEST, Command.IN_LIST_PASSIVE_TARGET, b"\x03\x00"),
        Message(Direction.REQUEST, Command.IN_LIST_PASSIVE_TARGET),
    ],
)
def test_chip_refuses_what_it_cannot_do(chip: Pn532Emulator, command: Message) -> None:
    list(chip.answer(WAKE_UP))

    assert answered(chip, command) == [Signal.ACK, Signal.ERROR]


def test_chip_hears_type_a_cards_only_when_asked_for_them(chip: Pn532Emulator) -> None:
    list(chip.answer(WAKE_UP + encode(rf_retries(1))))
    chip.place(UID)
    type_b = Message(Direction.REQUEST, Command.IN_LIST_PASSIVE_TARGET, b"\x01\x03\x00")

    assert answered(chip, type_b)[1] == Message(Direction.RESPONSE, 0x4B, b"\x00")


def test_answers_to_older_commands_are_passed_over(
    tmp_path: Path, chip: Pn532Emulator
) -> None:
    chip.place(UID)
    port = Pty(tmp_path / "late-reader", _repeating_the_last_answer(chip))
    port.start()
    driver = Pn532Reader(Pn532Reader.Options(port=str(port.path)))

    driver.open()
    seen = polled(driver.events(), 1)

    driver.close()
    port.stop()
    assert seen == [CardSeen(UID)]


def answered(chip: Pn532Emulator, command: Message) -> list[object]:
    line = b"".join(chip.answer(encode(command)))
    return list(finder().feed(line))


def _repeating_the_last_answer(chip: Pn532Emulator) -> Answer:
    """Before each answer, and apart from it, the one before comes as if it were late."""
    last: list[bytes] = []

    def answer(data: bytes) -> Iterator[bytes]:
        fresh = list(chip.answer(data))
        yield from last
        time.sleep(0.02)
        last[:] = fresh
        yield from fresh

    return answer
