"""What the kiosk makes of a tag whose model nobody told it."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from drivers.tagdata import rfid501
from drivers.tagdata.detect import Model, TagContent, detect
from drivers.tagdata.iso28560_3 import (
    BasicBlock,
    checksum,
    has_valid_checksum,
    reverse_blocks,
    to_bytes,
)
from drivers.tagdata.layout import compose, image
from drivers.tagdata.rfid501 import Record
from tests.unit.vectors import vectors_of


def sample(protocol: str, name: str) -> bytes:
    vectors = {vector["id"]: vector for vector in vectors_of(protocol)}
    return bytes.fromhex(vectors[name]["hex"])


@pytest.mark.parametrize("memory", ["00", "00" * 112, "55" * 112, "55" * 24 + "00" * 8])
@pytest.mark.parametrize("dsfid", [None, 0x00, 0x06, 0x3E])
def test_unwritten_tag_is_blank(memory: str, dsfid: int | None) -> None:
    assert detect(bytes.fromhex(memory), dsfid=dsfid) == TagContent(Model.BLANK)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "annex-d",
            TagContent(Model.ISO28560_2, "123456789012", "US-InU-Mu", part=3, parts=12),
        ),
        ("yst", TagContent(Model.ISO28560_2, "YST0450585", "YST", 0x12)),
        ("zhiyan-1", TagContent(Model.ISO28560_2, "DPB000002", "ZYLS", 0x10)),
        ("jingyuan-1", TagContent(Model.ISO28560_2, "698542")),
        ("ganchuang-1", TagContent(Model.ISO28560_2, "21111115", usage=0x10)),
        ("shuzi-1", TagContent(Model.ISO28560_2, "0000001", usage=0x10)),
    ],
)
@pytest.mark.parametrize("dsfid", [None, 0x06])
def test_library_model_is_known_with_and_without_dsfid(
    name: str, content: TagContent, dsfid: int | None
) -> None:
    assert detect(sample("iso28560_2", name), dsfid=dsfid) == content


def test_tag_with_a_fault_behind_its_identifier_still_serves() -> None:
    content = detect(sample("iso28560_2", "missing-pad-byte"))

    assert (content.model, content.item) == (Model.ISO28560_2, "00000794")
    assert "pad" in str(content.problem)


def test_alternative_owner_stands_in_for_a_missing_one() -> None:
    assert detect(compose({1: "10", 23: "Lib01"})).owner == "Lib01"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("danrfid", TagContent(Model.ISO28560_3, "11223344", "DE-705", 0x10)),
        (
            "wildau-34-long",
            TagContent(
                Model.ISO28560_3, "3021000456", "CN-440100-1-GT", 0x10, 2, parts=3
            ),
        ),
    ],
)
def test_danish_model_is_known_by_its_crc(name: str, content: TagContent) -> None:
    memory = image(sample("iso28560_3", name), 64)

    assert detect(memory) == content
    assert detect(memory, dsfid=0x3E) == content
    assert detect(reverse_blocks(memory, 4)) == content


def test_danish_part_of_a_set_is_not_taken_for_a_short_identifier() -> None:
    # 11 02 01 41 reads as integer 0141 by the other model, 47 .. as an element with
    # a length that ends in the empty part of the memory.
    memory = image(to_bytes(BasicBlock("AG0123456", "DE705", parts=2)), 112)

    assert detect(memory).item == "AG0123456"


def test_damaged_danish_tag_gives_no_item() -> None:
    memory = bytearray(image(to_bytes(BasicBlock("AG0123456", "DE705", 2)), 112))
    memory[19] ^= 0x01

    content = detect(bytes(memory))

    assert (content.model, content.item) == (Model.UNKNOWN, "")
    assert "CRC" in str(content.problem)


@pytest.mark.parametrize(("parts", "part"), [(3, 2), (2, 3)])
def test_swapped_part_and_parts_mean_the_same(parts: int, part: int) -> None:
    content = detect(to_bytes(BasicBlock("A1", parts=parts, part=part)))

    assert (content.part, content.parts) == (2, 3)


def test_no_set_information_means_one_of_one() -> None:
    content = detect(sample("iso28560_3", "derived-4"))

    assert (content.item, content.part, content.parts) == ("", 1, 1)
    assert content.problem == "no item identifier"


def test_damaged_extension_does_not_cost_the_item() -> None:
    memory = bytearray(sample("iso28560_3", "wildau-ext1"))
    memory[40] ^= 0x01

    content = detect(bytes(memory))

    assert content.item == "1000000136"
    assert "XOR" in str(content.problem)


def test_elements_without_content_parameter_count_when_nothing_follows() -> None:
    row = bytes.fromhex("11030AA8AE 650110")

    alone, with_residue = detect(row + bytes(24)), detect(row + bytes(20) + b"abcd")

    assert (alone.item, alone.usage) == ("698542", 0x10)
    assert with_residue.model is Model.UNKNOWN
    assert detect(row + bytes(20) + b"abcd", dsfid=0x06).item == "698542"


def test_crc_that_fits_by_chance_does_not_hide_an_identifier() -> None:
    memory = image(compose({1: "3343"}), 112)
    assert has_valid_checksum(memory)

    content = detect(memory)

    assert (content.model, content.item) == (Model.ISO28560_2, "3343")


def test_owner_of_control_characters_is_no_owner() -> None:
    assert detect(compose({1: "10", 23: "\x05\x06"})).owner == ""


@pytest.mark.parametrize("first", range(0x31, 0x7F, 0x10))
def test_plain_barcode_is_not_taken_for_a_library_tag(first: int) -> None:
    memory = image(bytes([first]) + b"0123456789", 112)

    assert detect(memory) == TagContent(Model.PLAIN, f"{first:c}0123456789")


@pytest.mark.parametrize(
    "memory",
    [b"123", b"!0123456", b"A" * 33, b"0123456\x00\x07", b"0123456\xff", b"ZB12\r\n"],
)
def test_text_that_is_hardly_a_barcode_is_unknown(memory: bytes) -> None:
    assert detect(image(memory, 112)).model is Model.UNKNOWN


def test_old_3m_tag_is_known_by_its_looks() -> None:
    memory = image(sample("rfid501", "tag-1"), 112)

    assert detect(memory) == TagContent(Model.RFID501, "200901010123")


@pytest.mark.parametrize(
    ("record", "part", "parts"),
    [
        (Record("A1", part=2, parts=3), 2, 3),
        (Record("A1", part=0, parts=0), 1, 1),
        (Record("A1", part=3, parts=2), 1, 1),
    ],
)
def test_set_of_an_old_3m_tag_counts_where_it_makes_sense(
    record: Record, part: int, parts: int
) -> None:
    content = detect(rfid501.to_bytes(record))

    assert (content.part, content.parts) == (part, parts)


@pytest.mark.parametrize(
    ("memory", "dsfid", "problem"),
    [
        ("", None, "not read"),
        ("C10108653530D35C35", None, "memory ends"),
        ("C10108653530D35C35", 0x06, "memory ends"),
        ("020131", 0x06, "no item identifier"),
        ("0102ABCD", 0x06, "no item identifier"),
        ("6103410142", 0x06, "no item identifier"),
        ("FF" * 32, None, "no known data model"),
        ("0411000032303039303130313031323300000000", None, "no known data model"),
    ],
)
def test_tag_that_can_not_be_read_says_why(
    memory: str, dsfid: int | None, problem: str
) -> None:
    content = detect(bytes.fromhex(memory), dsfid=dsfid)

    assert content.model is Model.UNKNOWN
    assert content.item == ""
    assert problem in str(content.problem)


def test_danish_item_that_is_no_text_is_a_problem() -> None:
    block = bytes([0x11, 1, 1, 0xFF, 0xFE]).ljust(32, b"\0")
    memory = block[:19] + checksum(block).to_bytes(2, "little") + block[21:]

    content = detect(memory)

    assert content.model is Model.UNKNOWN
    assert "byte 3: FFFE is not UTF-8" in str(content.problem)


@given(
    st.binary(max_size=128),
    st.none() | st.integers(0, 255),
    st.integers(1, 32),
)
@example(bytes.fromhex("24FF7F") + b"\x99" * 16300, 0x06, 4)
def test_no_bytes_make_it_fail(
    memory: bytes, dsfid: int | None, block_size: int
) -> None:
    content = detect(memory, dsfid=dsfid, block_size=block_size)

    assert content.model in Model
    assert (content.model is Model.UNKNOWN) <= (content.problem is not None)
    assert 1 <= content.part <= content.parts


@given(st.integers(0, 15), st.data())
def test_no_damage_to_a_real_tag_makes_it_fail(count: int, data: st.DataObject) -> None:
    memory = bytearray(sample("iso28560_2", "zhiyan-1"))
    for _ in range(count):
        memory[data.draw(st.integers(0, len(memory) - 1))] = data.draw(
            st.integers(0, 255)
        )

    assert detect(bytes(memory), dsfid=0x06).model in Model
