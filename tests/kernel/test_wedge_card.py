"""The wedge card reader on a node of the kernel's kind, through the real python-evdev."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from drivers.api import BadOptions, CardKind, CardSeen
from drivers.cards.wedge import WedgeCardReader
from drivers.codecs.card_number import NumberRule, Order
from drivers.codecs.card_number_forms import Form
from drivers.emulators.wedge import Wedge
from drivers.registry import create
from tests.card_numbers import REPORTED
from tests.contract.card_contract import CardContract
from tests.contract.listening import for_a_while, listen, until
from tests.kernel.bed import Bed, Plugged, Usb

READER = Usb(vendor="FFFF", product="0035", name="Sycreader RFID Technology")
#: Ten digits of the UID from its last byte on, as many of these readers are set.
TYPED = NumberRule(report=Form.DEC10, report_order=Order.REVERSED)
TO_UID = {"typed": "dec10", "byte_order": "reversed", "report": "hex"}


@dataclass
class Rig:
    reader: WedgeCardReader
    bed: Bed
    device: Plugged
    kind: CardKind = CardKind.TYPED
    tells_removal: bool = False
    longest_call_s: float = 1.0

    def uid_of(self, number: int) -> str:
        return f"04A1B2{number:02X}"

    def present(self, number: int) -> None:
        self.tap(TYPED.number(self.uid_of(number)))

    def tap(self, typed: str) -> None:
        self.bed.press(self.device, Wedge().keys(typed))

    def remove(self) -> None:
        """A wedge does not notice."""

    def unplug(self) -> None:
        self.bed.unplug(self.device)

    def plug(self) -> None:
        self.device = self.bed.plug(READER)


def opened(bed: Bed, **options: object) -> Rig:
    """A reader that has been plugged in and opened; the process ends with the test."""
    device = bed.plug(READER)
    reader = create("wedge_card", {"port": READER.address, **options})
    assert isinstance(reader, WedgeCardReader)
    reader.open()
    return Rig(reader, bed, device)


class TestWedgeCardReader(CardContract):
    @pytest.fixture
    def rig(self, bed: Bed) -> Rig:
        return opened(bed, repeat_suppress_s=0.2, **TO_UID)


def test_the_uid_is_that_of_a_reader_that_senses_cards(bed: Bed) -> None:
    rig = opened(bed, **TO_UID)

    rig.tap("0625837744")

    said = until(listen(rig.reader), CardSeen("B0864D25", CardKind.TYPED))
    assert len(said) == 1


@pytest.mark.parametrize(("uid", "options", "number"), REPORTED)
def test_a_card_is_told_by_the_number_on_file(
    bed: Bed, uid: str, options: dict[str, object], number: str
) -> None:
    rig = opened(bed, **options)

    rig.tap(uid)

    until(listen(rig.reader), CardSeen(number, CardKind.TYPED))


def test_without_a_rule_the_number_is_what_was_typed(bed: Bed) -> None:
    rig = opened(bed)
    events = listen(rig.reader)

    rig.tap("0013961168")

    until(events, CardSeen("0013961168", CardKind.TYPED))


def test_a_number_that_the_rule_can_not_read_is_reported_as_typed(bed: Bed) -> None:
    rig = opened(bed, **TO_UID)
    events = listen(rig.reader)

    rig.tap("04A1B2C3D4E5F6")

    until(events, CardSeen("04A1B2C3D4E5F6", CardKind.TYPED))


def test_a_reader_that_repeats_itself_while_the_card_lies_there_is_heard_once(
    bed: Bed,
) -> None:
    rig = opened(bed)
    events = listen(rig.reader)

    for _ in range(5):
        rig.tap("0013961168")

    said = until(events, CardSeen("0013961168", CardKind.TYPED))
    assert [*said, *for_a_while(events)] == said


@pytest.mark.parametrize("typed", ["1", "123", "0" * 33, ""])
def test_too_few_or_too_many_characters_are_no_card(bed: Bed, typed: str) -> None:
    rig = opened(bed)
    rig.tap(typed)

    assert for_a_while(listen(rig.reader)) == []


@pytest.mark.parametrize(
    "options",
    [
        {"typed": "dec8", "report": "hex"},
        {"typed": "dec8", "byte_order": "reversed", "report": "wg26"},
        {"typed": "roman"},
        {"last_digits": -1},
    ],
)
def test_a_rule_that_can_not_be_is_refused_at_the_start(
    options: dict[str, object],
) -> None:
    with pytest.raises(BadOptions, match="wedge_card"):
        create("wedge_card", {"port": "usb:FFFF:0035", **options})
