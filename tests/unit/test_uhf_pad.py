"""The pad common to all UHF readers: rounds, user banks and the reader, without a line."""

from __future__ import annotations

import pytest

from drivers.api import (
    BadFrame,
    CommandRefused,
    DeviceLost,
    NoAnswer,
    Tag,
    TagReader,
    TagWriter,
)
from drivers.codecs.gen2 import Bank
from drivers.emulators.uhf_tag import VirtualUhfTag
from drivers.pads.uhf_reader import UhfSighting
from tests.contract.uhf_rig import (
    ISO_USER_READ,
    TagModel,
)
from tests.unit.direct_uhf import (
    CULTU,
    FOREIGN,
    IN_STOCK,
    ISO,
    ON_LOAN,
    READ,
    DirectPad,
    DirectReader,
    both_models,
    both_ways,
    make_pad,
    one_round,
    pad,
    place,
    uid_of,
)

__all__ = ["pad"]


# --- rounds -----------------------------------------------------------------------


def test_a_pad_reads_and_writes_tags(pad: DirectPad) -> None:
    assert isinstance(pad, TagReader)
    assert isinstance(pad, TagWriter)


@both_models
@both_ways
@pytest.mark.parametrize("afi", [IN_STOCK, ON_LOAN])
def test_a_tag_comes_with_all_that_stands_on_it(
    model: TagModel, afi: int, *, tells_pc: bool
) -> None:
    pad = make_pad(DirectReader(tells_pc=tells_pc))
    tag = place(pad, model.make(1, afi))
    uid = uid_of(model, 1)

    bank = tag.pc.to_bytes(2) + tag.epc
    assert one_round(pad) == {
        uid: Tag(uid, afi, None, READ[model], block_size=2, epc_bank=bank)
    }


def test_a_tag_that_no_library_wrote_is_there_without_state(pad: DirectPad) -> None:
    place(pad, VirtualUhfTag(FOREIGN, user=bytes(64)))

    (tag,) = one_round(pad).values()

    assert (tag.afi, tag.memory) == (None, b"")
    assert tag.uid == FOREIGN[2:].hex().upper()
    assert pad.reader.reads == []


def test_a_tag_without_an_epc_is_passed_over(pad: DirectPad) -> None:
    place(pad, VirtualUhfTag(bytes(14)))

    assert one_round(pad) == {}


def test_the_same_epc_twice_is_one_tag(pad: DirectPad) -> None:
    for _ in range(2):
        place(pad, ISO.make(1, IN_STOCK))

    assert list(one_round(pad)) == [uid_of(ISO, 1)]


def test_what_answers_too_weakly_does_not_lie_on_the_pad() -> None:
    pad = make_pad(min_rssi_dbm=-50)
    for number, rssi_dbm in ((1, -49), (2, -50), (3, -51)):
        place(pad, ISO.make(number, IN_STOCK)).rssi_dbm = rssi_dbm

    assert list(one_round(pad)) == [uid_of(ISO, 1), uid_of(ISO, 2)]


def test_a_tag_of_unknown_strength_lies_on_the_pad() -> None:
    pad = make_pad(DirectReader(tells_rssi=False), min_rssi_dbm=-50)
    place(pad, ISO.make(1, IN_STOCK))

    assert list(one_round(pad)) == [uid_of(ISO, 1)]


# --- the user bank ----------------------------------------------------------------


def test_the_user_bank_is_read_once_while_the_tag_stays(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))
    one_round(pad)
    asked = len(pad.reader.reads)

    assert one_round(pad)[uid_of(ISO, 1)].memory == ISO_USER_READ
    assert len(pad.reader.reads) == asked


def test_a_tag_that_was_away_for_long_is_read_again(pad: DirectPad) -> None:
    tag = place(pad, ISO.make(1, IN_STOCK))
    one_round(pad)
    pad.reader.field.lift(tag)
    for _ in range(8):
        one_round(pad)

    tag.user = bytes(64)
    place(pad, tag)

    assert one_round(pad)[uid_of(ISO, 1)].memory == bytes(16)  # eight words of nothing


@pytest.mark.parametrize("words", [0, 1, 2, 5, 7, 8, 9, 15, 31, 32, 100])
def test_a_user_bank_of_any_size_is_read_to_its_end_or_to_the_limit(words: int) -> None:
    pad = make_pad(user_words=32)
    tag = place(pad, CULTU.make(1, IN_STOCK))
    tag.user = bytes(range(words * 2))

    assert one_round(pad)[uid_of(CULTU, 1)].memory == tag.user[:64]

    asked = len(pad.reader.reads)
    one_round(pad)
    assert len(pad.reader.reads) == asked


@pytest.mark.parametrize("words", [1, 3, 8, 11])
def test_no_more_than_the_limit_is_read(words: int) -> None:
    pad = make_pad(user_words=words)
    place(pad, ISO.make(1, IN_STOCK))

    assert one_round(pad)[uid_of(ISO, 1)].memory == ISO_USER_READ[: words * 2]


@pytest.mark.parametrize(
    "error", [CommandRefused("gone", status=9), NoAnswer("silence"), BadFrame("noise")]
)
def test_a_user_bank_that_fails_is_left_out_and_read_later(
    pad: DirectPad, error: Exception
) -> None:
    uid = uid_of(ISO, 1)
    place(pad, ISO.make(1, IN_STOCK))
    pad.reader.fails = lambda bank: error if bank is Bank.USER else None
    assert one_round(pad)[uid].memory == b""
    assert one_round(pad)[uid].afi == IN_STOCK

    pad.reader.fails = lambda _bank: None

    memories = [one_round(pad)[uid].memory for _ in range(4)]
    assert memories[-1] == ISO_USER_READ


def test_a_user_bank_that_keeps_failing_is_tried_less_and_less(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))
    pad.reader.fails = lambda _bank: NoAnswer("silence")

    for _ in range(50):
        one_round(pad)

    assert len(pad.reader.reads) < 15


def test_a_pc_word_that_fails_costs_the_tag_a_round() -> None:
    pad = make_pad(DirectReader(tells_pc=False))
    place(pad, ISO.make(1, IN_STOCK))
    pad.reader.fails = lambda _bank: NoAnswer("silence")
    assert one_round(pad) == {}

    pad.reader.fails = lambda _bank: None

    assert list(one_round(pad)) == [uid_of(ISO, 1)]


def test_a_lost_reader_is_lost_whatever_was_asked(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))
    pad.reader.fails = lambda _bank: DeviceLost("unplugged")

    with pytest.raises(DeviceLost):
        one_round(pad)


# --- the reader -------------------------------------------------------------------


class RefusingReader(DirectReader):
    def inventory(self) -> list[UhfSighting]:
        raise CommandRefused("hopping failed", status=0x20)


class SilentReader(DirectReader):
    def inventory(self) -> list[UhfSighting]:
        raise NoAnswer("silence")


def test_a_reader_that_refuses_every_round_is_lost() -> None:
    events = make_pad(RefusingReader()).events()

    assert [next(events) for _ in range(19)] == [None] * 19
    with pytest.raises(DeviceLost, match="20 rounds in a row"):
        next(events)


def test_silence_is_counted_by_the_line_and_not_here() -> None:
    events = make_pad(SilentReader()).events()

    assert [next(events) for _ in range(30)] == [None] * 30


def test_a_closed_pad_is_lost_and_lets_go(pad: DirectPad) -> None:
    pad.close()
    pad.close()

    assert pad.reader.closed
    with pytest.raises(DeviceLost, match="not open"):
        next(pad.events())
