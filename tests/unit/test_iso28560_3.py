"""ISO 28560-3 blocks: samples in both directions, nibbles, reversed blocks, extensions."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.tagdata.errors import BadTagData
from drivers.tagdata.iso28560_3 import (
    BasicBlock,
    checksum,
    from_isil,
    parse,
    read_unchecked,
    reverse_blocks,
    to_bytes,
    to_isil,
)
from drivers.tagdata.iso28560_3_extensions import encode_extension, parse_extensions
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("iso28560_3")
BLOCKS = [
    pytest.param(vector, id=vector["id"])
    for vector in VECTORS
    if ("expect" in vector or "extensions" in vector)
    and vector.get("valid", True)
    and "kind" not in vector
]
DAMAGED = [
    pytest.param(vector, id=vector["id"])
    for vector in VECTORS
    if not vector.get("valid", True)
]
EXTENDED = [
    pytest.param(vector, id=vector["id"])
    for vector in VECTORS
    if "extensions" in vector
]
DANRFID = bytes.fromhex(VECTORS[0]["hex"])
TEXT = st.text("ABCabc0189-. ", max_size=11)
FIELD = st.text("ABCabc0189-. 书", min_size=1, max_size=10)
#: Block → two of its strings.
TWO_STRINGS = {
    1: ("alt_item", "owner"),
    3: ("shelf", "marc_format"),
    5: ("ill_library", "ill_transaction"),
}


def with_xor_last(block: bytes) -> bytes:
    return block[:3] + block[4:] + block[3:4]


@pytest.mark.parametrize("vector", BLOCKS)
def test_sample_block_is_read(vector: dict[str, Any]) -> None:
    found = parse(bytes.fromhex(vector["hex"])).basic

    for key, value in vector.get("expect", {}).items():
        assert getattr(found, key) == value


@pytest.mark.parametrize("vector", BLOCKS)
def test_sample_block_is_written(vector: dict[str, Any]) -> None:
    memory = bytes.fromhex(vector["hex"])
    size = min(len(memory), 34)

    assert to_bytes(parse(memory).basic, size) == memory[:size]


@pytest.mark.parametrize("vector", EXTENDED)
def test_sample_extension_is_read_and_written(vector: dict[str, Any]) -> None:
    memory = bytes.fromhex(vector["hex"])

    found = parse(memory).extensions

    assert [
        {"len": one.length, "id": one.id, "xor": f"{one.xor:02X}", **one.fields}
        for one in found
    ] == vector["extensions"]
    written = b"".join(encode_extension(one.id, one.fields) for one in found)
    assert memory[34:] == written + b"\0"


@pytest.mark.parametrize("vector", DAMAGED)
def test_wrong_crc_is_refused_but_the_item_can_be_seen(vector: dict[str, Any]) -> None:
    memory = bytes.fromhex(vector["hex"])

    with pytest.raises(BadTagData, match="byte 19: CRC 3E52 is stored, 3E51 is right"):
        parse(memory)

    found = read_unchecked(memory)
    assert (found.item, found.owner) == ("11223344", "DE705")


def test_crc_leaves_its_own_bytes_out() -> None:
    vector = next(vector for vector in VECTORS if "crc_bytes" in vector)
    memory = bytes.fromhex(vector["hex"])

    assert checksum(memory).to_bytes(2, "little").hex().upper() == vector["crc_bytes"]


@pytest.mark.parametrize(
    ("first", "usage"), [(0x11, 1), (0x12, 2), (0x21, 2), (0x71, 7)]
)
def test_version_may_stand_in_either_nibble(first: int, usage: int) -> None:
    block = bytearray(DANRFID)
    block[0] = first
    block[19:21] = checksum(bytes(block)).to_bytes(2, "little")

    found = parse(bytes(block)).basic

    assert (found.version, found.usage) == (1, usage)


@pytest.mark.parametrize("block_size", [4, 8])
def test_reversed_blocks_are_turned(block_size: int) -> None:
    extension = encode_extension(4, {"title": "Faust"})
    memory = (DANRFID + b"\0\0" + extension).ljust(64, b"\0")

    found = parse(reverse_blocks(memory, block_size), block_size)

    assert found.reversed_blocks
    assert found.basic.item == "11223344"
    assert [one.fields for one in found.extensions] == [{"title": "Faust"}]


def test_memory_that_is_too_short_is_refused() -> None:
    with pytest.raises(BadTagData, match="31 bytes are too few"):
        parse(DANRFID[:31])


def test_item_that_is_no_text_is_refused() -> None:
    with pytest.raises(BadTagData, match="byte 3: FF3132 is not UTF-8"):
        read_unchecked(bytes([0x11, 1, 1, 0xFF, 0x31, 0x32]).ljust(32, b"\0"))


@pytest.mark.parametrize(
    ("isil", "owner"),
    [
        ("DE-705", "DE705"),
        ("CN-440100-1-GT", "CN440100-1-GT"),
        ("NO-2030000", "NO2030000"),
        ("", ""),
        ("DE", "DE"),
        ("705", "705"),
    ],
)
def test_hyphen_behind_the_country_is_left_out_and_put_back(
    isil: str, owner: str
) -> None:
    assert from_isil(isil) == owner
    assert to_isil(owner) == isil


def test_owner_that_kept_its_hyphen_gets_no_second_one() -> None:
    assert to_isil("DE-705") == "DE-705"


@pytest.mark.parametrize(
    "block",
    [
        BasicBlock("12345678901234567"),
        BasicBlock("1", owner="CN440100-1-GT"),
        BasicBlock("1\0002"),
        BasicBlock("\ud800"),
        BasicBlock("1", parts=256),
        BasicBlock("1", part=-1),
        BasicBlock("1", usage=16),
        BasicBlock("1", version=16),
    ],
)
def test_value_that_does_not_fit_is_refused(block: BasicBlock) -> None:
    with pytest.raises(BadTagData):
        to_bytes(block)


@given(TEXT, TEXT, st.integers(0, 255), st.integers(0, 255), st.integers(0, 15))
def test_what_is_written_reads_back(
    item: str, owner: str, parts: int, part: int, usage: int
) -> None:
    block = BasicBlock(item, owner, parts, part, usage)

    assert parse(to_bytes(block)).basic == block


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (1, {"media_format": 2, "alt_item": "A1", "owner": "DE-123"}),
        (1, {"media_format": 2, "owner": "DE-123"}),
        (2, {"supplier": "ekz", "order": "A1"}),
        (3, {"shelf": "84.2", "marc_format": "ta"}),
        (4, {"title": "红楼梦"}),
        (5, {"ill_library": "DK-1", "ill_transaction": "77"}),
    ],
)
def test_check_byte_may_stand_last(kind: int, fields: dict[str, str | int]) -> None:
    block = encode_extension(kind, fields)

    (found,) = parse_extensions(with_xor_last(block), 0)

    assert {key: value for key, value in found.fields.items() if value} == fields
    assert found.xor == block[3]


def test_check_byte_that_looks_like_text_is_taken_to_stand_first() -> None:
    block = encode_extension(3, {"shelf": "Mo"})
    assert chr(block[3]) == "'"

    (found,) = parse_extensions(block, 0)

    assert found.fields == {"shelf": "Mo"}


def test_extension_of_unknown_kind_is_shown_in_hex() -> None:
    found = parse_extensions(bytes.fromhex("0664 00 C5 A1 06 00"), 0)

    assert [(one.id, one.fields) for one in found] == [(0x64, {"payload": "A106"})]


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        ("030100", "3 bytes is too short"),
        ("0C0100130200", "12 bytes, but the memory ends after 6"),
        ("0C010014020044452D313233", "XOR over the extension is 07, not 00"),
        ("06040000FFFD", "no text"),
        ("07 0400 02 00 01 00", "no text"),
        ("06 0100 00 07 00", "no text"),
    ],
)
def test_damaged_extension_is_refused_with_its_place(memory: str, reason: str) -> None:
    with pytest.raises(BadTagData, match=f"byte 2: .*{reason}"):
        parse_extensions(bytes(2) + bytes.fromhex(memory), 2)


@given(st.sampled_from(sorted(TWO_STRINGS)), st.tuples(FIELD, FIELD))
def test_check_byte_is_written_last_where_it_reads_back(
    kind: int, texts: tuple[str, str]
) -> None:
    fields = dict(zip(TWO_STRINGS[kind], texts, strict=True))

    with suppress(BadTagData):  # it would read as text
        block = encode_extension(kind, fields, xor_last=True)
        (found,) = parse_extensions(block, 0)

        assert {key: value for key, value in found.fields.items() if value} == fields
        assert found.xor == block[-1]


def test_check_byte_that_would_read_as_text_is_not_written_last() -> None:
    with pytest.raises(BadTagData, match="check byte 27 at the end reads as text"):
        encode_extension(3, {"shelf": "Mo"}, xor_last=True)


def test_extension_of_unknown_kind_is_written_from_hex() -> None:
    block = encode_extension(0x64, {"payload": "A106"})

    assert block.hex().upper() == "066400C5A106"


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        (9, {}, "extension 9 is not known"),
        (9, {"payload": 1}, "extension 9 is not known"),
        (9, {"payload": "ABC"}, "'ABC' is not hex"),
        (0x10000, {"payload": ""}, "65536 is not 0 to 65535"),
        (3, {"title": "x"}, "no field title"),
        (4, {"media_format": 1}, "no field media_format"),
        (4, {"title": "a\0b"}, "not printable"),
        (4, {"title": "x" * 124}, "128 bytes, 127 is the most"),
        (1, {"media_format": 7}, "7 is not 0 to 6"),
        (1, {"media_format": "book"}, "'book'"),
    ],
)
def test_extension_that_can_not_be_is_refused(
    kind: int, fields: dict[str, str | int], reason: str
) -> None:
    with pytest.raises(BadTagData, match=reason):
        encode_extension(kind, fields)


@given(
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("shelf", "marc_format", "subsidiary"), FIELD)
    )
)
def test_extension_reads_back(fields: dict[str, str | int | None]) -> None:
    (found,) = parse_extensions(encode_extension(3, fields), 0)

    assert {key: value for key, value in found.fields.items() if value} == fields
