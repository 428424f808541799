"""What the kiosk makes of a UHF tag whose model nobody told it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.api import Tag
from drivers.tagdata import cultu_user, iso28560_4
from drivers.tagdata.cultu import CultuEpc
from drivers.tagdata.cultu_user import make_banks
from drivers.tagdata.detect import Model, TagContent, read_tag
from drivers.tagdata.elements import (
    ALTERNATIVE_OWNER,
    OWNER,
    PII,
    SET_INFORMATION,
    TYPE_OF_USAGE,
)
from drivers.tagdata.epc_bank import Banks

ISO = {PII: "0104532", OWNER: "CN-440100-1"}
SJTU = bytes.fromhex("34001703000398130803F4040000")
SJTU_USER = bytes.fromhex("0C0228081004000100010000")


def read(bank: bytes, user: bytes = b"") -> TagContent:
    return read_tag(Tag("E2", epc_bank=bank, memory=user))


def read_banks(banks: Banks) -> TagContent:
    return read(banks.epc_bank, banks.user)


def test_an_iso_tag_tells_item_and_owner_from_the_epc_bank_alone() -> None:
    content = read_banks(iso28560_4.make(ISO))

    assert content == TagContent(Model.ISO28560_4, "0104532", "CN-440100-1")


def test_an_iso_tag_tells_set_and_usage_from_its_user_bank() -> None:
    more = {SET_INFORMATION: "0302", TYPE_OF_USAGE: "80"}

    content = read_banks(iso28560_4.make(ISO | more))

    assert (content.part, content.parts, content.usage) == (2, 3, 0x80)


def test_an_owner_in_the_user_bank_stands_in_for_one_in_the_epc() -> None:
    banks = iso28560_4.make({PII: "0104532", ALTERNATIVE_OWNER: "Lib01"})

    assert read_banks(banks).owner == "Lib01"


def test_a_damaged_user_bank_does_not_cost_the_item_of_an_iso_tag() -> None:
    banks = iso28560_4.make(ISO | {TYPE_OF_USAGE: "10"})

    content = read(banks.epc_bank, b"\x0c" + banks.user[1:])

    assert content.item == "0104532"
    assert "DSFID" in str(content.problem)


def test_user_memory_that_the_pc_word_does_not_announce_is_not_read() -> None:
    content = read(iso28560_4.make(ISO).epc_bank, b"\xff\xff")

    assert (content.item, content.problem) == ("0104532", None)


def test_a_cultu_tag_tells_the_same_in_stock_and_on_loan() -> None:
    on_loan = SJTU[:2] + b"\x97" + SJTU[3:]

    content = read(SJTU, SJTU_USER)

    assert content == TagContent(Model.CULTU, "32103179", "10248")
    assert read(on_loan, SJTU_USER) == content


def test_a_cultu_tag_tells_set_and_usage_from_its_user_bank() -> None:
    row = [cultu_user.make(4, "2/3"), cultu_user.make(5, "3")]

    content = read_banks(make_banks(CultuEpc("32103179"), row))

    assert (content.part, content.parts, content.usage) == (2, 3, 0x80)


def test_an_empty_set_element_is_no_set() -> None:
    empty = cultu_user.UserElement(cultu_user.SET_INFORMATION, b"", "")

    content = read_banks(make_banks(CultuEpc("32103179"), [empty]))

    assert (content.item, content.part, content.parts) == ("32103179", 1, 1)


def test_a_vendor_s_owner_code_stands_in_for_a_university() -> None:
    row = [cultu_user.make(27, "SM361001")]

    assert read_banks(make_banks(CultuEpc("1"), row)).owner == "SM361001"


def test_a_blank_user_bank_is_no_evidence_against_a_cultu_tag() -> None:
    bank = bytes.fromhex("34008003005338130058B9070000")

    assert read(bank, bytes(64)).item == "H0154943"
    assert read(bank).item == "H0154943"


@pytest.mark.parametrize(
    ("bank", "user", "reason"),
    [
        (
            "30001703280879030000 84560000",
            "000879030000845600000C022808",
            "unannounced user bank, byte 0: does not begin with an element",
        ),
        (
            "34001703000398130803F4040000",
            "010203040506",
            "user bank, byte 0: does not begin",
        ),
        (
            "34001703000398130803F4040000",
            "0BFF0000",
            "user bank, byte 0, OID 2: is no element",
        ),
        ("340017C3000398130803F4040000", "", "byte 1: reserved coding type 3"),
        ("3000 1703 0003 98130803FFFFFFFF", "", "is no item"),
        ("2500 E200341201345678", "", "byte 4: 0134 has a gap"),
        ("2507 FFFFFFFFFFFFFFFF", "", "no escaped character"),
        ("0800 1703", "", "too few"),
        ("34", "", "no PC word"),
    ],
)
def test_a_look_alike_is_unknown_and_says_why(
    bank: str, user: str, reason: str
) -> None:
    content = read(bytes.fromhex(bank), bytes.fromhex(user))

    assert (content.model, content.item) == (Model.UNKNOWN, "")
    assert reason in str(content.problem)


@pytest.mark.parametrize(
    "bank",
    [
        "3000E2003412013456789ABCDEF0",
        "3000E28011606000020000000000",
        "300030085532B2DDD90140000000",
        "3000000000000000000000000000",
        "0000",
    ],
)
def test_a_tag_as_the_maker_delivers_it_is_blank(bank: str) -> None:
    assert read(bytes.fromhex(bank)) == TagContent(Model.BLANK)


def test_an_hf_tag_goes_the_other_way() -> None:
    memory = bytes.fromhex("11030AA8AE") + bytes(24)

    content = read_tag(Tag("E004", memory=memory, dsfid=6, block_size=0))

    assert (content.model, content.item) == (Model.ISO28560_2, "698542")


@given(st.binary(max_size=40), st.binary(max_size=40))
@example(SJTU, SJTU_USER)
@example(iso28560_4.make(ISO).epc_bank, b"")
def test_no_bytes_make_it_fail(bank: bytes, user: bytes) -> None:
    content = read(bank, user)

    assert (content.model is Model.UNKNOWN) <= (content.problem is not None)
    assert 1 <= content.part <= content.parts


@given(st.data())
def test_no_damage_to_a_real_tag_makes_it_fail(data: st.DataObject) -> None:
    memory = bytearray(SJTU + SJTU_USER)
    for _ in range(data.draw(st.integers(1, 4))):
        memory[data.draw(st.integers(0, len(memory) - 1))] = data.draw(
            st.integers(0, 255)
        )

    assert read(bytes(memory[:14]), bytes(memory[14:])).model in Model
