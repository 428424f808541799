"""The pad common to all UHF readers: the security state and the words of a tag."""

from __future__ import annotations

import pytest

from drivers.api import (
    BadFrame,
    CommandRefused,
    NoAnswer,
    ProtocolError,
)
from drivers.codecs.gen2 import Bank, TagError
from drivers.emulators.uhf_tag import VirtualUhfTag
from drivers.pads.pad import (
    AMBIGUOUS,
    NO_AFI,
    NO_ANSWER,
    NO_TAG,
    READ_BACK_DIFFERS,
)
from tests.contract.uhf_rig import (
    CULTU_USER_BANK,
    ISO_USER_BANK,
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


# --- the security state -----------------------------------------------------------


@both_models
@both_ways
def test_one_word_is_written_and_read_back(model: TagModel, *, tells_pc: bool) -> None:
    pad = make_pad(DirectReader(tells_pc=tells_pc))
    tag, uid = place(pad, model.make(1, IN_STOCK)), uid_of(model, 1)
    before = tag.pc_and_epc
    one_round(pad)

    assert pad.write_afi(uid, ON_LOAN) == ON_LOAN

    ((_, bank, word, data),) = pad.reader.writes
    assert (bank, word, len(data)) == (Bank.EPC, 1 if model is ISO else 2, 2)
    assert tag.pc_and_epc == model.make(1, ON_LOAN).pc_and_epc != before
    assert pad.read_afi(uid) == ON_LOAN
    assert one_round(pad)[uid].afi == ON_LOAN


@both_models
def test_the_user_bank_is_not_read_again_after_a_loan(
    pad: DirectPad, model: TagModel
) -> None:
    place(pad, model.make(1, IN_STOCK))
    uid = uid_of(model, 1)
    one_round(pad)
    pad.write_afi(uid, ON_LOAN)
    pad.reader.reads.clear()

    assert one_round(pad)[uid].memory == READ[model]
    assert pad.reader.reads == []


@both_models
def test_what_somebody_else_changed_meanwhile_is_kept(
    pad: DirectPad, model: TagModel
) -> None:
    tag, uid = place(pad, model.make(1, IN_STOCK)), uid_of(model, 1)
    one_round(pad)
    tag.write(Bank.EPC, 1, (tag.pc ^ 0x0400).to_bytes(2))

    pad.write_afi(uid, ON_LOAN)

    changed = model.make(1, ON_LOAN)
    assert tag.pc == changed.pc ^ 0x0400
    assert tag.epc == changed.epc


def test_a_tag_that_somebody_else_lent_meanwhile_is_found(pad: DirectPad) -> None:
    tag, uid = place(pad, CULTU.make(1, IN_STOCK)), uid_of(CULTU, 1)
    one_round(pad)
    tag.pc_and_epc = CULTU.make(1, ON_LOAN).pc_and_epc

    assert pad.read_afi(uid) == ON_LOAN
    assert pad.write_afi(uid, IN_STOCK) == IN_STOCK


@both_models
def test_a_write_that_did_not_arrive_shows_what_stands(
    pad: DirectPad, model: TagModel
) -> None:
    uid = uid_of(model, 1)
    place(pad, model.make(1, IN_STOCK))
    pad.reader.loses_writes = True

    assert pad.write_afi(uid, ON_LOAN) == IN_STOCK
    assert one_round(pad)[uid].afi == IN_STOCK


@both_models
@both_ways
def test_a_locked_tag_refuses_and_shows_what_stands(
    model: TagModel, *, tells_pc: bool
) -> None:
    pad = make_pad(DirectReader(tells_pc=tells_pc))
    tag, uid = place(pad, model.make(1, IN_STOCK)), uid_of(model, 1)
    one_round(pad)
    tag.locked.add(Bank.EPC)

    with pytest.raises(CommandRefused) as refusal:
        pad.write_afi(uid, ON_LOAN)

    assert refusal.value.status == TagError.LOCKED
    assert one_round(pad)[uid].afi == IN_STOCK


def test_a_tag_of_neither_model_has_no_state_to_read_or_write(pad: DirectPad) -> None:
    tag = place(pad, VirtualUhfTag(FOREIGN))
    (uid,) = one_round(pad)

    with pytest.raises(CommandRefused) as reading:
        pad.read_afi(uid)
    with pytest.raises(CommandRefused) as writing:
        pad.write_afi(uid, ON_LOAN)

    assert reading.value.status == writing.value.status == NO_AFI
    assert tag.pc_and_epc == FOREIGN


def test_a_bit_takes_no_other_state_than_its_two(pad: DirectPad) -> None:
    place(pad, CULTU.make(1, IN_STOCK))

    with pytest.raises(CommandRefused) as refusal:
        pad.write_afi(uid_of(CULTU, 1), 0x55)

    assert refusal.value.status == NO_AFI
    assert pad.reader.writes == []


def test_nothing_is_written_where_another_epc_begins_alike(pad: DirectPad) -> None:
    short, uid = place(pad, ISO.make(1, IN_STOCK)), uid_of(ISO, 1)
    longer = ((len(short.epc) // 2 + 1) << 11 | 0x0507).to_bytes(2) + short.epc
    place(pad, VirtualUhfTag(longer + b"\x12\x34"))
    one_round(pad)

    with pytest.raises(CommandRefused) as refusal:
        pad.write_afi(uid, ON_LOAN)

    assert refusal.value.status == AMBIGUOUS
    assert pad.reader.writes == []


def test_a_tag_that_is_not_here_is_refused(pad: DirectPad) -> None:
    tag, uid = place(pad, ISO.make(1, IN_STOCK)), uid_of(ISO, 1)
    one_round(pad)
    pad.reader.field.lift(tag)

    with pytest.raises(CommandRefused) as asked_afi:
        pad.read_afi(uid)
    with pytest.raises(CommandRefused) as asked_memory:
        pad.read_blocks(uid, 0, 1)

    assert asked_afi.value.status == asked_memory.value.status == NO_TAG


class LooseReader(DirectReader):
    """Its mask reaches whichever tag is there."""

    def _reach(self, epc: bytes) -> VirtualUhfTag:  # noqa: ARG002  (that is its fault)
        return self.field.tags[0]


def test_an_answer_of_another_tag_is_refused() -> None:
    pad = make_pad(LooseReader())
    tag, uid = place(pad, ISO.make(1, IN_STOCK)), uid_of(ISO, 1)
    one_round(pad)
    pad.reader.field.lift(tag)
    place(pad, ISO.make(2, IN_STOCK))

    with pytest.raises(CommandRefused, match=f"asked {uid}") as refusal:
        pad.read_afi(uid)

    assert refusal.value.status == NO_ANSWER


# --- words of the user bank -------------------------------------------------------


def test_words_are_read_on_demand(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))

    assert pad.read_blocks(uid_of(ISO, 1), 2, 3) == ISO_USER_BANK[4:10]


def test_words_are_written_read_back_and_shown(pad: DirectPad) -> None:
    tag, uid = place(pad, CULTU.make(1, IN_STOCK)), uid_of(CULTU, 1)
    one_round(pad)
    pad.reader.reads.clear()

    pad.write_blocks(uid, 2, b"abcd")

    expected = CULTU_USER_BANK[:4] + b"abcd" + CULTU_USER_BANK[8:]
    assert tag.user == expected
    assert one_round(pad)[uid].memory.startswith(expected[:16])


def test_words_that_read_back_otherwise_are_refused(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))
    pad.reader.loses_writes = True

    with pytest.raises(CommandRefused, match="wrote 61626364") as refusal:
        pad.write_blocks(uid_of(ISO, 1), 0, b"abcd")

    assert refusal.value.status == READ_BACK_DIFFERS
    assert one_round(pad)[uid_of(ISO, 1)].memory == ISO_USER_READ


def test_half_a_word_is_not_written(pad: DirectPad) -> None:
    place(pad, ISO.make(1, IN_STOCK))

    with pytest.raises(ValueError, match="3 bytes are not whole words"):
        pad.write_blocks(uid_of(ISO, 1), 0, b"abc")


@pytest.mark.parametrize("error", [NoAnswer("silence"), BadFrame("noise")])
def test_an_answer_that_fails_to_come_is_a_refusal(
    pad: DirectPad, error: ProtocolError
) -> None:
    place(pad, ISO.make(1, IN_STOCK))
    one_round(pad)
    pad.reader.fails = lambda _bank: error

    with pytest.raises(CommandRefused) as refusal:
        pad.read_afi(uid_of(ISO, 1))

    assert refusal.value.status == NO_ANSWER
