"""CULTU, the UHF model of Chinese university libraries."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.tagdata import cultu, cultu_user, epc_bank
from drivers.tagdata.cultu import CultuEpc, best_coding, content_index, listed_oids
from drivers.tagdata.cultu_id import ByteOrder, Coding, decode_item, encode_item
from drivers.tagdata.cultu_user import (
    UserElement,
    make_banks,
    parse_user_bank,
    usage_byte,
    usage_text,
)
from drivers.tagdata.errors import BadTagData
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("cultu_uhf")
CODINGS = {"id96": Coding.BITS_96, "id128": Coding.BITS_128}
ASCII = st.characters(min_codepoint=0x21, max_codepoint=0x7E)
SHORT = st.text(ASCII, min_size=1, max_size=7)
LONG = st.from_regex("[0-9A-Z]{3}[0-9]{4,10}[!-~]", fullmatch=True)
WORDS = st.from_regex("[0-9A-Z]{11,13}[!-~]", fullmatch=True)


def of_kind(*kinds: str) -> list[Any]:
    return [
        pytest.param(vector, id=vector["id"])
        for vector in VECTORS
        if vector["kind"] in kinds
    ]


def seen(content: CultuEpc) -> dict[str, object]:
    """An EPC in the words of the vectors."""
    return {
        "lent": content.on_loan,
        "security": content.on_loan,
        "reserved": content.reserved,
        "sorting": content.sorting,
        "coding": content.coding,
        "model_version": content.model_version,
        "index": list(content.index),
        "id": content.item,
    }


@pytest.mark.parametrize("vector", of_kind("id96", "id128"))
def test_sample_item_is_read_and_written_in_its_byte_order(
    vector: dict[str, Any],
) -> None:
    data, coding = bytes.fromhex(vector["hex"]), CODINGS[vector["kind"]]
    order = ByteOrder(vector["order"])

    assert decode_item(data, coding) == (vector["text"], order)
    assert encode_item(vector["text"], coding, order) == data
    other = next(one for one in ByteOrder if one is not order)
    assert encode_item(vector["text"], coding, other) == data[::-1]


@pytest.mark.parametrize("vector", of_kind("content-index"))
def test_sample_index_lists_its_elements(vector: dict[str, Any]) -> None:
    value = int(vector["value"], 16)

    assert listed_oids(value) == tuple(vector["oids"])
    assert content_index(tuple(vector["oids"])) == value


@pytest.mark.parametrize("vector", of_kind("tag"))
def test_sample_tag_is_read_and_its_epc_written(vector: dict[str, Any]) -> None:
    bank = epc_bank.find(bytes.fromhex(vector["epc_bank"]))
    user = parse_user_bank(bytes.fromhex(vector["user_bank"]))

    assert bank is not None
    content = cultu.parse(bank.epc)
    expect = dict(vector["expect"])
    assert [[one.oid, one.data.hex().upper()] for one in user] == expect.pop("user")
    assert seen(content) | expect == seen(content)
    assert content.order == vector["order"]
    assert cultu.to_bytes(content) == bank.epc


@pytest.mark.parametrize("vector", of_kind("epc-payload"))
def test_sample_epc_is_read_or_refused(vector: dict[str, Any]) -> None:
    epc, expect = bytes.fromhex(vector["hex"]), vector["expect"]
    if "error" in expect:
        with pytest.raises(BadTagData, match=expect["error"]):
            cultu.parse(epc)
        return

    content = cultu.parse(epc)

    assert seen(content) | expect == seen(content)
    assert cultu.to_bytes(content) == epc


@pytest.mark.parametrize("vector", of_kind("user-element"))
def test_sample_element_is_read_and_written(vector: dict[str, Any]) -> None:
    made = cultu_user.make(vector["oid"], vector["text"])

    assert made.data.hex().upper() == vector["hex"]
    (found,) = parse_user_bank(cultu_user.user_bank([made]))
    assert (found.oid, found.text) == (vector["oid"], vector["text"])


@pytest.mark.parametrize("vector", of_kind("eas"))
def test_one_bit_says_that_the_item_is_on_loan(vector: dict[str, Any]) -> None:
    tail = bytes.fromhex("03000398130803F4040000")

    before = cultu.parse(bytes.fromhex(vector["before"]) + tail)
    after = cultu.parse(bytes.fromhex(vector["after"]) + tail)

    assert (before.on_loan, after.on_loan) == (False, True)
    assert (before.sorting, before.item) == (after.sorting, after.item)


@pytest.mark.parametrize(
    ("data", "coding", "reason"),
    [
        ("0000000000000000", 0, "no printable text"),
        ("0F00000000000000", 0, "length 15"),
        ("4746454443424147", 0, "length 7"),
        ("0341420000000000", 0, "414200 is no printable text"),
        ("0341424344000000", 0, "bytes behind the 3 characters"),
        ("9AFFFFFF00000000", 0, "no character has code 63"),
        ("D93349D14B130000", 0, "no digit F"),
        ("D8334911FFFFFFFF", 0, "no 3 digits"),
        ("00000000000000000000000F", 1, "length 15"),
        ("9C02000000000000FFFFFFFF", 1, "bits beyond"),
        ("9C0200000000004040124511", 1, "bits beyond"),
        ("00", 2, "no printable text"),
        ("5A00410000", 2, "no printable text"),
        ("98130803F404000001", 0, "goes on behind its 8 bytes"),
    ],
)
def test_item_that_no_writer_makes_is_refused(
    data: str, coding: int, reason: str
) -> None:
    with pytest.raises(BadTagData, match=reason):
        decode_item(bytes.fromhex(data), Coding(coding))


@pytest.mark.parametrize(
    ("item", "coding"),
    [
        ("", Coding.BITS_96),
        (" ", Coding.RAW),
        ("书", Coding.RAW),
        ("A" * 15, Coding.RAW),
        ("ABCD1234", Coding.BITS_96),
        ("abc01234", Coding.BITS_96),
        ("[BC01234", Coding.BITS_96),
        ("ABCDEFGHIJ-L", Coding.BITS_128),
    ],
)
def test_item_that_the_coding_can_not_hold_is_refused(
    item: str, coding: Coding
) -> None:
    with pytest.raises(BadTagData):
        encode_item(item, coding)


@pytest.mark.parametrize(
    ("item", "coding"),
    [
        ("32103179", Coding.BITS_96),
        ("a-1", Coding.BITS_96),
        ("ABCD1234", Coding.BITS_128),
        ("ABCDEFGHIJKL", Coding.BITS_128),
        ("abcdefghijkl", Coding.RAW),
    ],
)
def test_the_shortest_coding_that_can_hold_an_item_is_chosen(
    item: str, coding: Coding
) -> None:
    assert best_coding(item) is coding


@pytest.mark.parametrize(
    "content",
    [
        CultuEpc("1", sorting=32),
        CultuEpc("1", reserved=4),
        CultuEpc("1", model_version=64),
        CultuEpc("1", index=(3, 7)),
    ],
)
def test_value_that_does_not_fit_is_refused(content: CultuEpc) -> None:
    with pytest.raises(BadTagData):
        cultu.to_bytes(content)


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        ("0C", "byte 0: the memory ends within an element's head"),
        ("0C0428", "byte 0, OID 3: data of 4 bytes, but the memory ends after 1"),
        ("0C0228080802AAAA", "byte 4, OID 2: is no element of this model"),
        ("000879030000", "byte 0: does not begin with an element"),
    ],
)
def test_what_is_no_row_of_elements_is_refused(memory: str, reason: str) -> None:
    with pytest.raises(BadTagData, match=reason):
        parse_user_bank(bytes.fromhex(memory))


def test_residue_behind_the_row_is_ignored() -> None:
    (found,) = parse_user_bank(bytes.fromhex("0C0228080000FFFF"))

    assert found.text == "10248"
    assert parse_user_bank(bytes(30)) == ()


@pytest.mark.parametrize(
    ("oid", "data", "text"),
    [
        (3, "EA60", "90000"),
        (3, "FFFF", "95535"),
        (11, "0001", "00001"),
        (11, "", ""),
        (3, "010203", None),
        (4, "0001", None),
        (5, "0102", "1.2"),
        (6, "E4B9A6", "书"),
        (6, "FF", None),
        (6, "07", None),
        (27, "534D333631303031", "SM361001"),
    ],
)
def test_data_says_this_or_does_not_fit_its_element(
    oid: int, data: str, text: str | None
) -> None:
    raw = bytes.fromhex(data)
    row = cultu_user.user_bank([UserElement(oid, raw, None)])

    assert parse_user_bank(row) == (UserElement(oid, raw, text),)


@pytest.mark.parametrize(
    ("oid", "text"),
    [
        (3, "1024"),
        (3, "60001"),
        (3, "95536"),
        (3, "ABCDE"),
        (4, "3/1"),
        (4, "0/1"),
        (4, "1"),
        (4, "1/65536"),
        (5, "256"),
        (5, "1.256"),
        (5, "x"),
        (6, "a\nb"),
        (6, "x" * 1024),
        (7, "BA"),
    ],
)
def test_element_that_can_not_be_is_refused(oid: int, text: str) -> None:
    with pytest.raises(BadTagData, match=f"OID {oid}: "):
        cultu_user.make(oid, text)


@pytest.mark.parametrize(
    ("text", "usage"),
    [("0", 0x10), ("0.1", 0x20), ("0.2", 0x70), ("3", 0x80), ("4", 0x90)],
)
def test_category_and_state_are_a_type_of_usage(text: str, usage: int) -> None:
    assert usage_byte(cultu_user.make(5, text)) == usage
    assert usage_text(usage) == text


def test_other_categories_have_no_type_of_usage() -> None:
    assert usage_byte(cultu_user.make(5, "2")) is None
    assert usage_byte(UserElement(5, b"", "")) is None
    with pytest.raises(BadTagData, match="usage 55"):
        usage_text(0x55)


def test_a_new_tag_is_what_a_real_one_is() -> None:
    row = [cultu_user.make(3, "10248"), cultu_user.make(4, "1/1")]

    banks = make_banks(CultuEpc("32103179", sorting=0x17, model_version=3), row)

    assert banks.epc_bank.hex().upper() == "34001703000398130803F4040000"
    assert banks.user.hex().upper() == "0C02280810040001 00010000".replace(" ", "")
    assert make_banks(CultuEpc("1")).user == b""


@given(SHORT | LONG, st.sampled_from(ByteOrder))
def test_what_is_packed_into_8_bytes_unpacks(item: str, order: ByteOrder) -> None:
    data = encode_item(item, Coding.BITS_96, order)

    assert len(data) == 8
    assert decode_item(data, Coding.BITS_96, order) == (item, order)


@given(SHORT | WORDS, st.sampled_from(ByteOrder))
def test_what_is_packed_into_12_bytes_unpacks(item: str, order: ByteOrder) -> None:
    data = encode_item(item, Coding.BITS_128, order)

    assert len(data) == 12
    assert decode_item(data, Coding.BITS_128, order) == (item, order)


@given(
    st.text(ASCII, min_size=1, max_size=14) | LONG | WORDS,
    st.integers(0, 255),
    st.sets(st.sampled_from(cultu.INDEXED_OIDS)),
)
def test_an_epc_reads_back(item: str, first: int, index: set[int]) -> None:
    content = CultuEpc(
        item,
        on_loan=first >= 0x80,
        reserved=first >> 5 & 3,
        sorting=first & 0x1F,
        coding=best_coding(item),
        index=tuple(sorted(index)),
    )

    assert cultu.parse(cultu.to_bytes(content)) == content


@given(st.text(max_size=20).filter(str.isprintable), st.sampled_from([6, 12, 14, 27]))
def test_texts_read_back(text: str, oid: int) -> None:
    made = cultu_user.make(oid, text)

    assert parse_user_bank(cultu_user.user_bank([made, made])) == (made, made)


@given(st.binary(max_size=40))
def test_random_bytes_fail_with_bad_tag_data_alone(data: bytes) -> None:
    with suppress(BadTagData):
        content = cultu.parse(data)
        rewritten = cultu.to_bytes(content)
        assert cultu.parse(rewritten) == content
    with suppress(BadTagData):
        assert all(one.oid in cultu.INDEXED_OIDS for one in parse_user_bank(data))


@given(st.data())
def test_damage_to_a_real_tag_fails_with_bad_tag_data_alone(
    data: st.DataObject,
) -> None:
    epc = bytearray.fromhex("1703000398130803F4040000")
    epc[data.draw(st.integers(0, 11))] = data.draw(st.integers(0, 255))

    with suppress(BadTagData):
        assert cultu.parse(bytes(epc)).item
