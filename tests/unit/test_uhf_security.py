"""Where a UHF tag keeps whether it is on loan."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.tagdata.errors import BadTagData
from drivers.tagdata.uhf_security import read_afi, secured_word, stable_epc

ISO = bytes.fromhex("45C2141CC04FC70BADB5C6E2DA1DED4DD319")
CULTU = bytes.fromhex("34001703000398130803F4040000")
CULTU_ON_LOAN = bytes.fromhex("34009703000398130803F4040000")
FACTORY = bytes.fromhex("3000E2003412013456789ABCDEF0")
SGTIN = bytes.fromhex("30003008000398130803F4040000")


def rewritten(bank: bytes, afi: int) -> bytes:
    """The bank from the PC word on after the word has been written."""
    word, data = secured_word(bank, afi)
    at = (word - 1) * 2
    return bank[:at] + data + bank[at + 2 :]


def test_an_iso_tag_has_its_afi_in_the_pc_word() -> None:
    assert read_afi(ISO) == 0xC2


def test_a_cultu_tag_in_the_library_reads_as_07_and_on_loan_as_c2() -> None:
    assert read_afi(CULTU) == 0x07
    assert read_afi(CULTU_ON_LOAN) == 0xC2


@pytest.mark.parametrize(
    "bank",
    [FACTORY, SGTIN, b"", b"\x34", b"\x00\x00", bytes(14), CULTU[:6]],
    ids=["factory", "sgtin", "nothing", "half a word", "no epc", "zeros", "cut"],
)
def test_a_tag_of_neither_model_has_no_afi_and_no_place_for_one(bank: bytes) -> None:
    assert read_afi(bank) is None
    with pytest.raises(BadTagData):
        secured_word(bank, 0x07)


def test_an_iso_tag_is_armed_in_word_1_alone() -> None:
    assert secured_word(ISO, 0x07) == (1, bytes.fromhex("4507"))


def test_a_cultu_tag_is_disarmed_in_word_2_and_keeps_its_sorting() -> None:
    assert secured_word(CULTU, 0xC2) == (2, bytes.fromhex("9703"))
    assert secured_word(CULTU_ON_LOAN, 0x07) == (2, bytes.fromhex("1703"))


def test_a_cultu_tag_can_say_nothing_but_07_and_c2() -> None:
    with pytest.raises(BadTagData, match="AFI 21: this tag knows 07 and C2"):
        secured_word(CULTU, 0x21)


@pytest.mark.parametrize("bank", [ISO, CULTU])
def test_an_afi_of_two_bytes_is_refused(bank: bytes) -> None:
    with pytest.raises(BadTagData, match="AFI 263 is not one byte"):
        secured_word(bank, 0x107)


def test_the_name_of_a_cultu_tag_does_not_change_with_a_loan() -> None:
    assert stable_epc(CULTU) == stable_epc(CULTU_ON_LOAN) == CULTU[2:]


@pytest.mark.parametrize("bank", [ISO, FACTORY, SGTIN])
def test_the_name_of_any_other_tag_is_its_epc(bank: bytes) -> None:
    assert stable_epc(bank) == bank[2:]


def test_words_behind_the_announced_epc_do_not_count() -> None:
    assert stable_epc(CULTU + b"\x12\x34") == CULTU[2:]
    assert read_afi(CULTU_ON_LOAN + b"\x12\x34") == 0xC2


def test_without_a_pc_word_there_is_no_name() -> None:
    with pytest.raises(BadTagData, match="34 holds no PC word"):
        stable_epc(b"\x34")


@given(st.binary(max_size=40), st.sampled_from([0x07, 0xC2]))
@example(ISO, 0x07)
@example(CULTU, 0xC2)
@example(CULTU_ON_LOAN, 0x07)
def test_what_is_written_is_read_back_and_the_name_stays(bank: bytes, afi: int) -> None:
    if read_afi(bank) is None:
        return

    after = rewritten(bank, afi)

    assert read_afi(after) == afi
    assert stable_epc(after) == stable_epc(bank)
    assert rewritten(after, read_afi(bank) or 0) == bank
