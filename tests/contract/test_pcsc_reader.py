"""The PC/SC driver against a real pcscd, with a virtual reader and virtual cards in it."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from drivers.api import (
    BadOptions,
    CardGone,
    CardKind,
    CardSeen,
    DeviceEvent,
    DeviceLost,
)
from drivers.cards.pcsc import LOOK_S, PcscReader
from drivers.codecs.apdu import BUZZER_OFF, GET_UID
from drivers.emulators.smart_card import ContactCard, ContactlessCard
from drivers.emulators.vpcd import VpcdReader
from drivers.registry import create
from tests.card_numbers import REPORTED
from tests.contract.card_contract import CardContract
from tests.contract.listening import (
    PATIENCE_S,
    Events,
    for_a_while,
    hear_out,
    listen,
    until,
)
from tests.own_pcscd import NAME, OwnPcscd, need_pcscd

FIRST, SECOND = f"{NAME} 00 00", f"{NAME} 00 01"

pytestmark = pytest.mark.slow


def uid_of(number: int) -> bytes:
    return bytes((0x04, 0x63, 0xF8, 0x0A, 0x4F, 0x53, number))


def seen(uid: bytes) -> CardSeen:
    return CardSeen(uid.hex().upper())


def told_until_asked(rig: PcscRig, events: Events, times: int = 1) -> list[DeviceEvent]:
    """What is said until the reader was asked so often for the UID of a card."""
    deadline = time.monotonic() + PATIENCE_S
    told: list[DeviceEvent] = []
    while rig.slot.commands.count(GET_UID) < times:
        event = next(events)
        told += [event] if event else []
        assert time.monotonic() < deadline, "nobody asked the card"
    return told


@dataclass(frozen=True)
class SilentAtFirst(ContactlessCard):
    """Answers the first two questions for its UID with something else."""

    nothing: bytes = b""
    asked: list[bytes] = field(default_factory=list)

    def answer(self, command: bytes) -> bytes:
        self.asked.append(command)
        whole = super().answer(command)
        return self.nothing if len(self.asked) <= 2 else whole


@dataclass
class PcscRig:
    reader: PcscReader
    slot: VpcdReader
    pcscd: OwnPcscd
    kind: CardKind = CardKind.ISO14443
    tells_removal: bool = True
    #: A look, and a moment for pcscd to switch a card on.
    longest_call_s: float = LOOK_S + 1.0

    def uid_of(self, number: int) -> str:
        return uid_of(number).hex().upper()

    def present(self, number: int) -> None:
        self.slot.place(ContactlessCard(uid_of(number)))

    def remove(self) -> None:
        self.slot.lift()

    def unplug(self) -> None:
        self.pcscd.end()

    def plug(self) -> None:
        self.pcscd.start()


@pytest.fixture(scope="module")
def running() -> Iterator[OwnPcscd]:
    need_pcscd()
    with tempfile.TemporaryDirectory(prefix="tongjie-pcscd-") as folder:
        # The client library reads this when it is first used, once in a process.
        pcscd = OwnPcscd(Path(folder))
        os.environ["PCSCLITE_CSOCK_NAME"] = str(pcscd.socket)
        pcscd.start()
        yield pcscd
        pcscd.end()


@pytest.fixture
def rig(running: OwnPcscd) -> Iterator[PcscRig]:
    slot = VpcdReader(running.port)
    slot.start()
    reader = PcscReader(PcscReader.Options(reader=FIRST, gone_after=2))
    reader.open()
    yield PcscRig(reader, slot, running)
    reader.close()
    slot.stop()
    if not running.has_readers:
        running.start()


class TestPcscReader(CardContract):
    """What every card reader must do."""

    @pytest.fixture
    def rig(self, rig: PcscRig) -> PcscRig:
        return rig


# --- cards ------------------------------------------------------------------------


@pytest.mark.parametrize("size", [4, 8, 10])
def test_a_uid_of_any_usual_size_is_told(rig: PcscRig, size: int) -> None:
    uid = bytes(range(0xE0, 0xE0 + size))
    rig.slot.place(ContactlessCard(uid))

    assert until(listen(rig.reader), seen(uid)) == [seen(uid)]


@pytest.mark.parametrize("uid", sorted({uid for uid, _, _ in REPORTED}))
def test_a_card_is_told_by_the_number_on_file(rig: PcscRig, uid: str) -> None:
    rig.slot.place(ContactlessCard(bytes.fromhex(uid)))

    # pcscd takes a while to see the card, so that it lies there for all of them.
    for options, number in [
        (rule, told) for card, rule, told in REPORTED if card == uid
    ]:
        reader = create("pcsc", {"reader": FIRST, **options})
        reader.open()
        assert until(listen(reader), CardSeen(number)) == [CardSeen(number)], options
        reader.close()


def test_an_exchanged_card_is_gone_before_the_next_is_seen(rig: PcscRig) -> None:
    events = listen(rig.reader)
    rig.present(1)
    until(events, seen(uid_of(1)))

    rig.present(2)

    assert until(events, seen(uid_of(2))) == [CardGone(), seen(uid_of(2))]


def test_a_card_that_flickers_is_told_once(rig: PcscRig) -> None:
    patient = PcscReader(PcscReader.Options(reader=FIRST, gone_after=50))
    patient.open()
    events = listen(patient)
    rig.present(1)
    until(events, seen(uid_of(1)))

    # Lifted and laid down again, for which pcscd switches it off and on.
    rig.present(1)

    assert told_until_asked(rig, events, times=2) == []
    assert for_a_while(events) == []
    patient.close()


@pytest.mark.parametrize(
    "card",
    [
        ContactCard(),
        ContactlessCard(uid_of(1), refusal=bytes.fromhex("6A81")),
        ContactlessCard(uid_of(1), refusal=bytes.fromhex("6D00")),
        ContactlessCard(b"\x01", refusal=b""),
    ],
    ids=["contacts", "not supported", "unknown command", "no UID"],
)
def test_a_card_without_a_uid_is_passed_over_and_asked_once(
    rig: PcscRig, card: ContactCard | ContactlessCard
) -> None:
    events = listen(rig.reader)
    rig.slot.place(card)

    assert told_until_asked(rig, events) == []
    assert for_a_while(events) == []
    assert rig.slot.commands == [GET_UID]
    rig.present(2)
    assert until(events, seen(uid_of(2))) == [seen(uid_of(2))]


@pytest.mark.parametrize("refusal", ["6300", "63"])
def test_a_card_that_does_not_answer_is_asked_again(rig: PcscRig, refusal: str) -> None:
    events = listen(rig.reader)
    rig.slot.place(SilentAtFirst(uid_of(1), nothing=bytes.fromhex(refusal)))

    assert until(events, seen(uid_of(1))) == [seen(uid_of(1))]


def test_a_card_that_leaves_while_it_is_asked_is_not_told(rig: PcscRig) -> None:
    events = listen(rig.reader)
    rig.slot.leave_at(GET_UID)
    rig.present(1)

    assert told_until_asked(rig, events) == []
    assert for_a_while(events) == []
    assert rig.slot.commands == [GET_UID]
    rig.present(1)
    assert until(events, seen(uid_of(1))) == [seen(uid_of(1))]


def test_the_buzzer_is_switched_off_with_the_first_card(rig: PcscRig) -> None:
    silent = PcscReader(PcscReader.Options(reader=FIRST, gone_after=2, buzzer_off=True))
    silent.open()
    events = listen(silent)
    for number in (1, 2):
        rig.present(number)
        until(events, seen(uid_of(number)))

    silent.close()
    assert rig.slot.commands == [BUZZER_OFF, GET_UID, GET_UID]


# --- readers and their service ----------------------------------------------------


@pytest.mark.parametrize("part", [SECOND, "reader 00 01"])
def test_a_reader_is_chosen_by_a_part_of_its_name(rig: PcscRig, part: str) -> None:
    slot = VpcdReader(rig.pcscd.port + 1)
    slot.start()
    slot.place(ContactlessCard(uid_of(5)))
    second = PcscReader(PcscReader.Options(reader=part))
    second.open()

    assert until(listen(second), seen(uid_of(5))) == [seen(uid_of(5))]
    assert for_a_while(listen(rig.reader)) == []

    second.close()
    slot.stop()


@pytest.mark.usefixtures("rig")
def test_several_readers_need_a_name() -> None:
    with pytest.raises(BadOptions, match=rf"'' is one of several: {FIRST}, {SECOND}"):
        PcscReader(PcscReader.Options()).open()


@pytest.mark.usefixtures("rig")
def test_an_absent_reader_is_named_with_those_there_are() -> None:
    with pytest.raises(DeviceLost, match=rf"'ACR122' is not there; .*: {FIRST}, "):
        PcscReader(PcscReader.Options(reader="ACR122")).open()


def test_no_reader_at_all_is_said(rig: PcscRig) -> None:
    rig.pcscd.start(readers=False)

    with pytest.raises(DeviceLost, match="there are: none"):
        PcscReader(PcscReader.Options()).open()
    with pytest.raises(DeviceLost):
        hear_out(listen(rig.reader))


def test_a_killed_service_is_a_lost_reader_that_comes_back_with_its_card(
    rig: PcscRig,
) -> None:
    events = listen(rig.reader)
    rig.present(1)
    until(events, seen(uid_of(1)))

    rig.pcscd.kill()
    with pytest.raises(DeviceLost, match=FIRST):
        hear_out(events)
    rig.reader.close()
    with pytest.raises(DeviceLost, match="pcscd"):
        rig.reader.open()

    rig.pcscd.start()
    rig.reader.open()
    assert until(listen(rig.reader), seen(uid_of(1))) == [seen(uid_of(1))]


def test_a_service_that_was_restarted_between_two_looks_is_a_lost_reader(
    rig: PcscRig,
) -> None:
    events = listen(rig.reader)
    next(events)

    rig.pcscd.kill()
    rig.pcscd.start()

    with pytest.raises(DeviceLost):
        hear_out(events)
