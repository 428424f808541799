"""UHF tags after ISO/TS 28560-4: the item in the EPC bank, the rest in the user bank."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.tagdata import elements, epc_bank, urn_code40
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.iso28560_4 import (
    Uii,
    make,
    parse_uii,
    read_user_bank,
    uii_bytes,
    user_bank,
)
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("iso28560_4")
#: What URN Code 40 has a spelling for: no control characters, nothing beyond 16 bits.
TEXT = st.text(
    st.characters(max_codepoint=0xFFFF).filter(str.isprintable),
    min_size=1,
    max_size=20,
) | st.from_regex("[A-Z0-9-]{1,6}[0-9]{0,30}", fullmatch=True)
NO_DOT = TEXT.filter(lambda text: "." not in text)


def of_kind(*kinds: str) -> list[Any]:
    return [
        pytest.param(vector, id=vector["id"])
        for vector in VECTORS
        if vector["kind"] in kinds
    ]


@pytest.mark.parametrize("vector", of_kind("code40", "uii"))
def test_sample_text_is_packed_and_unpacked(vector: dict[str, Any]) -> None:
    assert urn_code40.decode(bytes.fromhex(vector["hex"])) == vector["text"]
    assert urn_code40.encode(vector["text"]).hex().upper() == vector["hex"]


@pytest.mark.parametrize("vector", of_kind("epc-bank"))
def test_sample_epc_bank_is_read_and_made_again(vector: dict[str, Any]) -> None:
    memory, expect = bytes.fromhex(vector["hex"]), vector["expect"]

    bank = epc_bank.find(memory)

    assert bank is not None
    uii = parse_uii(bank.epc)
    found = {
        "length_words": bank.length_words,
        "umi": bank.has_user_memory,
        "xpc": bank.has_xpc,
        "iso_toggle": bank.iso_toggle,
        "afi": f"{bank.afi:02X}",
        "uii": uii.text,
    }
    assert found | expect == found
    made = epc_bank.make(
        uii_bytes(uii), has_user_memory=bank.has_user_memory, afi=bank.afi
    )
    assert made.to_bytes() == memory[2:]


@pytest.mark.parametrize("vector", of_kind("user-bank"))
def test_sample_user_bank_is_read(vector: dict[str, Any]) -> None:
    reading = read_user_bank(bytes.fromhex(vector["hex"]))

    expect = vector["expect"]
    assert reading.problem is None
    assert [element.name for element in reading.elements] == ["CP", "SI", "SL", "OI"]
    assert [element.text for element in reading.elements] == [
        tuple(expect["CP"]),
        expect["SI"],
        expect["SL"],
        "US-InU-Mu",
    ]


def test_user_bank_is_made_as_the_annex_shows_but_for_the_coding_of_the_owner() -> None:
    made = user_bank({4: "1203", 6: "QA268.L55", 23: "US-InU-Mu"})

    assert made.hex().upper().startswith("06")
    assert "140204B34607441CB6E2E335D6" in made.hex().upper()
    assert len(made) % 2 == 0
    assert made[-1] == 0


@pytest.mark.parametrize(
    ("uii", "packed"),
    [
        (Uii("123456789"), "FB00075BCD15"),
        (Uii("000000001"), "FB0000000001"),
        (Uii("9" * 24), "FBF6D3C21BCECCEDA0FFFFFF"),
        (Uii("a"), "FC61"),
        (Uii("é"), "FDC3A9"),
        (Uii("书"), "FEE4B9A6"),
        (Uii("1 2"), "C1C1FC20C801"),
    ],
)
def test_every_escape_is_written_and_read(uii: Uii, packed: str) -> None:
    assert uii_bytes(uii).hex().upper() == packed
    assert parse_uii(uii_bytes(uii)) == uii
    assert parse_uii(uii_bytes(uii) + b"\0") == uii


def test_owner_and_item_are_parted_by_the_first_dot() -> None:
    assert parse_uii(urn_code40.encode("CN-1.A.5")) == Uii("A.5", "CN-1")
    assert parse_uii(urn_code40.encode("A5")) == Uii("A5")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "holds no item"),
        ("0000", "holds no item"),
        ("141CFAFF", "byte 2: FAFF is no URN Code 40"),
        ("141C14", "byte 2: 14 is no URN Code 40"),
        ("0001", "byte 0: 0001 has a gap"),
        ("FB", "byte 0: FB is no number of 9 digits"),
        ("FB0007", "no number"),
        ("FB00FFFFFFFF", "no number of 9 digits"),
        ("FC", "no escaped character"),
        ("FC80", "no escaped character"),
        ("FC07", "no escaped character"),
        ("FD4142", "no escaped character"),
        ("FEE4B9", "no escaped character"),
        ("FF41", "no escaped character"),
    ],
)
def test_what_is_no_uii_is_refused_with_its_place(data: str, reason: str) -> None:
    with pytest.raises(BadTagData, match=reason):
        parse_uii(bytes.fromhex(data))


@pytest.mark.parametrize(
    "uii",
    [
        Uii(""),
        Uii("A.1"),
        Uii("A1", "CN.1"),
        Uii("A\n1"),
        Uii("\U0001f4d6"),
        Uii("\ud800"),
        Uii("A\0"),
    ],
)
def test_uii_that_would_not_read_back_is_refused(uii: Uii) -> None:
    with pytest.raises(BadTagData):
        uii_bytes(uii)


def test_a_new_tag_has_owner_and_item_in_one_bank_and_the_rest_in_the_other() -> None:
    values = {elements.PII: "0104532", elements.OWNER: "CN-440100-1"}

    alone = make(values)
    full = make(values | {elements.TYPE_OF_USAGE: "10"}, afi=0xC2)

    assert alone.epc_bank.hex().upper() == "3907150CD9EFC68FADB5C077DA1AC801"
    assert alone.user == b""
    assert full.epc_bank.hex().upper() == "3DC2150CD9EFC68FADB5C077DA1AC801"
    assert [one.text for one in read_user_bank(full.user).elements] == [(5,), "10"]


def test_a_uii_of_more_words_than_a_pc_word_can_say_is_refused() -> None:
    with pytest.raises(BadTagData, match="31 words at most"):
        make({elements.PII: "书" * 16})


@pytest.mark.parametrize("afi", [-1, 256])
def test_an_afi_of_other_than_one_byte_is_refused(afi: int) -> None:
    with pytest.raises(BadTagData, match="is not one byte"):
        make({elements.PII: "1"}, afi=afi)


def test_half_a_word_is_no_epc() -> None:
    with pytest.raises(BadTagData, match="3 bytes is not whole words"):
        epc_bank.make(b"\x01\x02\x03", has_user_memory=False)


def test_user_bank_of_another_kind_is_a_problem() -> None:
    reading = read_user_bank(bytes.fromhex("0C0228081004"))

    assert reading.elements == ()
    assert "begins with 0C, not with DSFID 06" in str(reading.problem)


def test_blank_user_bank_is_an_empty_row() -> None:
    assert read_user_bank(bytes(8)).problem is None
    assert read_user_bank(b"").elements == ()


def test_the_item_does_not_go_into_the_user_bank() -> None:
    with pytest.raises(BadTagData, match="OID 1: goes into the EPC bank"):
        user_bank({elements.PII: "1"})


@given(TEXT)
@example("123456789012345678901234567890")
def test_what_is_packed_unpacks(text: str) -> None:
    assert urn_code40.decode(urn_code40.encode(text) + b"\0") == text


@given(TEXT, NO_DOT, st.integers(0, 255))
def test_what_is_made_reads_back(item: str, owner: str, afi: int) -> None:
    with suppress(BadTagData):  # too long for a PC word
        banks = make({elements.PII: item, elements.OWNER: owner}, afi=afi)
        bank = epc_bank.parse(banks.epc_bank)

        assert bank.afi == afi
        assert parse_uii(bank.epc) == Uii(item, owner)


@given(st.binary(max_size=64))
def test_random_bytes_fail_with_bad_tag_data_alone(data: bytes) -> None:
    assert read_user_bank(data) is not None
    assert epc_bank.find(data) is None or len(data) >= 2
    with suppress(BadTagData):
        uii = parse_uii(data)
        assert uii.item
        assert uii.text.isprintable()


@given(st.data())
def test_damage_to_a_real_uii_fails_with_bad_tag_data_alone(
    data: st.DataObject,
) -> None:
    uii = bytearray.fromhex("141CC04FFB2102DDDF7C4EFEE4B9A6D319")
    uii[data.draw(st.integers(0, len(uii) - 1))] = data.draw(st.integers(0, 255))

    with suppress(BadTagData):
        assert parse_uii(bytes(uii)).item


def test_a_bank_is_found_with_and_without_its_crc_word() -> None:
    bank = bytes.fromhex("3D07150CC6B7C697ADB45964B3CFC1C1")

    found = epc_bank.parse(bank)

    assert epc_bank.find(bank) == found
    assert epc_bank.find(b"\xa3\x62" + bank) == found
    assert epc_bank.find(b"\xa3\x62" + bank + b"\x23\xef") == found
    assert epc_bank.find(b"\xa3\x63" + bank + b"\x23\xef") is None
    assert epc_bank.find(bank[2:]) is None


def test_a_crc_word_that_looks_like_a_pc_word_does_not_mislead() -> None:
    dump = bytes.fromhex("3ABC340001045300185304400D0B0000")

    assert epc_bank.find(dump) == epc_bank.parse(dump[2:])
