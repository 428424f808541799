"""The identity card driver on a real pseudo-terminal, against the emulated module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.api import (
    BadOptions,
    CardGone,
    CardKind,
    CardSeen,
    DeviceLost,
    DriverError,
)
from drivers.cards.samv import SamvReader
from drivers.codecs.identity import check_character, fingerprint
from drivers.emulators.bad_line import BadLine, Trouble
from drivers.emulators.pty import Pty
from drivers.emulators.samv import Fault, SamvEmulator, citizen_text
from tests.contract.card_contract import CardLineContract
from tests.contract.listening import for_a_while, hear_out, listen, until

REPLY_S, READ_S = 0.2, 3.0
NAME, ADDRESS = "赵钱孙", "测试市样例路八号"


def number_of(card: int) -> str:
    digits = f"110101199001{card:05}"
    return digits + check_character(digits)


@dataclass
class SamvRig:
    reader: SamvReader
    module: SamvEmulator
    line: BadLine
    pty: Pty
    kind: CardKind = CardKind.IDENTITY
    tells_removal: bool = True
    #: A question, its harmless companion, find, select, and a read.
    longest_call_s: float = 4 * REPLY_S + READ_S

    def uid_of(self, number: int) -> str:
        return fingerprint(number_of(number))

    def present(self, number: int) -> None:
        self.module.place(citizen_text(number_of(number), NAME, ADDRESS))

    def remove(self) -> None:
        self.module.lift()

    def unplug(self) -> None:
        self.pty.unplug()

    def plug(self) -> None:
        self.pty.plug()


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[SamvRig]:
    module = SamvEmulator()
    line = BadLine(module.answer)
    pty = Pty(tmp_path / "id-reader", line)
    pty.start()
    reader = SamvReader(
        SamvReader.Options(
            port=str(pty.path),
            poll_interval_s=0.02,
            reply_timeout_s=REPLY_S,
            read_timeout_s=READ_S,
        )
    )
    reader.open()
    yield SamvRig(reader, module, line, pty)
    reader.close()
    pty.stop()


class TestSamvReader(CardLineContract):
    """What every card reader must do."""

    @pytest.fixture
    def rig(self, rig: SamvRig) -> SamvRig:
        return rig


# --- cards ------------------------------------------------------------------------


def seen(rig: SamvRig, card: int) -> CardSeen:
    return CardSeen(rig.uid_of(card), CardKind.IDENTITY)


def test_an_exchanged_card_is_gone_before_the_next_is_seen(rig: SamvRig) -> None:
    events = listen(rig.reader)
    rig.present(1)
    until(events, seen(rig, 1))

    rig.present(2)

    assert until(events, seen(rig, 2)) == [CardGone(), seen(rig, 2)]


def test_a_card_that_is_lifted_and_laid_down_at_once_is_the_same_visit(
    rig: SamvRig,
) -> None:
    events = listen(rig.reader)
    rig.present(1)
    until(events, seen(rig, 1))

    rig.present(1)

    assert for_a_while(events) == []


def test_a_module_that_finds_a_lying_card_again_tells_it_once(rig: SamvRig) -> None:
    rig.module.set_fault(Fault.FINDS_AGAIN)
    rig.module.set_fault(Fault.NO_NEW_ADDRESS)
    events = listen(rig.reader)
    rig.present(1)
    until(events, seen(rig, 1))

    assert for_a_while(events) == []
    rig.remove()
    assert until(events, CardGone()) == [CardGone()]


@pytest.mark.parametrize("fault", [Fault.NO_NEW_ADDRESS, Fault.MUTE_NEW_ADDRESS])
def test_a_module_that_cannot_tell_a_lying_card_waits_until_it_is_lifted(
    rig: SamvRig, fault: Fault
) -> None:
    rig.module.set_fault(fault)
    events = listen(rig.reader)
    rig.present(1)

    assert until(events, CardGone()) == [seen(rig, 1), CardGone()]
    assert for_a_while(events) == []
    rig.remove()
    rig.present(1)
    assert until(events, seen(rig, 1)) == [seen(rig, 1)]


@pytest.mark.parametrize(
    "fault", [Fault.SELECT_FAILS, Fault.CARD_REJECTS, Fault.READ_FAILS]
)
def test_a_card_that_fails_at_first_is_found_again(rig: SamvRig, fault: Fault) -> None:
    rig.module.set_fault(fault, times=2)
    rig.present(1)

    assert until(listen(rig.reader), seen(rig, 1)) == [seen(rig, 1)]


@pytest.mark.parametrize("trouble", [Trouble.DAMAGE, Trouble.LOSS, Trouble.SILENCE])
def test_a_card_whose_reading_the_line_spoils_is_read_once_more(
    tmp_path: Path, trouble: Trouble
) -> None:
    module = SamvEmulator()
    line = BadLine(module.answer)

    def spoiling_the_first_read(received: bytes) -> Iterator[bytes]:
        if b"\x30\x01" in received and not struck:
            struck.append(trouble)
            line.trouble(trouble, times=1)
        yield from line(received)

    struck: list[Trouble] = []
    pty = Pty(tmp_path / "id-reader", spoiling_the_first_read)
    pty.start()
    reader = SamvReader(
        SamvReader.Options(port=str(pty.path), poll_interval_s=0.02, read_timeout_s=0.4)
    )
    reader.open()
    module.place(citizen_text(number_of(1)))

    said = until(listen(reader), CardSeen(fingerprint(number_of(1)), CardKind.IDENTITY))

    reader.close()
    pty.stop()
    assert struck == [trouble]
    assert len(said) == 1


def test_a_card_without_a_proper_number_is_not_told(rig: SamvRig) -> None:
    rig.module.place(citizen_text("110101199001010016"))

    assert for_a_while(listen(rig.reader)) == []


# --- a module in trouble ----------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.SELF_TEST, r"id-reader: self test failed \(60\)"),
        (Fault.NOT_AUTHORISED, r"id-reader: the module is not authorised \(66\)"),
    ],
)
def test_a_module_that_is_out_of_order_is_lost_and_says_why(
    rig: SamvRig, fault: Fault, words: str
) -> None:
    rig.module.set_fault(fault)

    with pytest.raises(DeviceLost, match=words):
        next(rig.reader.events())
    with pytest.raises(DeviceLost, match=words):
        rig.reader.open()


def test_a_line_that_only_repeats_what_it_hears_is_no_module(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "echo", lambda received: [received])
    pty.start()
    reader = SamvReader(SamvReader.Options(port=str(pty.path), reply_timeout_s=0.2))

    with pytest.raises(DeviceLost, match="no answer to AA AA AA 96 69 00 03 11 FF ED"):
        reader.open()

    pty.stop()


# --- what is personal -------------------------------------------------------------


@pytest.mark.parametrize("trouble", [None, *Trouble])
def test_nothing_of_a_card_is_in_an_event_an_error_or_the_driver(
    rig: SamvRig, trouble: Trouble | None
) -> None:
    secrets = (NAME, ADDRESS, number_of(1), number_of(1)[:-1], "19900100")
    as_bytes = [secret.encode("utf-16-le").hex() for secret in secrets]
    told: list[object] = []
    if trouble:
        rig.line.trouble(trouble, times=4)
    rig.present(1)

    try:
        told += for_a_while(listen(rig.reader))
    except DriverError as err:
        told += [err, str(err), err.__cause__, err.__context__]
    told += remembered(rig.reader)

    written = repr(told).replace(" ", "").lower()
    assert "samvmodule" in written
    assert not [secret for secret in (*secrets, *as_bytes) if secret in written]


def remembered(thing: object, depth: int = 5) -> list[object]:
    """Everything that hangs on the attributes of an object, as far as it is ours."""
    inner = getattr(thing, "__dict__", {})
    if depth == 0:
        return []
    return [
        thing,
        *inner.values(),
        *(found for value in inner.values() for found in remembered(value, depth - 1)),
    ]


def test_what_a_foreign_answer_says_is_not_shown(tmp_path: Path) -> None:
    text = citizen_text(number_of(1), NAME, ADDRESS)
    pty = Pty(tmp_path / "id-reader", lambda _received: [text])
    pty.start()
    reader = SamvReader(SamvReader.Options(port=str(pty.path), reply_timeout_s=0.2))

    with pytest.raises(DeviceLost, match=r"received something else$"):
        reader.open()

    pty.stop()


def test_a_card_is_never_recorded(rig: SamvRig, tmp_path: Path) -> None:
    rig.reader.close()
    trace = tmp_path / "card.trace"
    recorded = SamvReader(SamvReader.Options(port=f"record:{trace}:{rig.pty.path}"))

    with pytest.raises(BadOptions, match="must not be recorded"):
        recorded.open()

    assert not trace.exists()


def test_a_silent_module_is_lost_by_name(rig: SamvRig) -> None:
    rig.line.trouble(Trouble.SILENCE)

    with pytest.raises(DeviceLost, match=r"id-reader.*3 questions in a row"):
        hear_out(listen(rig.reader))
