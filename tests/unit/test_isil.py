"""The ISIL coding, against published samples and itself."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.tagdata import isil
from drivers.tagdata.errors import BadTagData
from tests.unit.vectors import vectors_of

VECTORS = [
    pytest.param(vector, id=vector["id"])
    for vector in vectors_of("iso15962_compaction")
    if vector["scheme"] == "isil"
]
CODES = st.text("ABYZabyz0189-:/", max_size=20)


@pytest.mark.parametrize("vector", VECTORS)
def test_sample_is_read_as_published(vector: dict[str, Any]) -> None:
    assert isil.decode(bytes.fromhex(vector["hex"])) == vector["text"]


@pytest.mark.parametrize("vector", VECTORS)
def test_sample_is_written_as_published(vector: dict[str, Any]) -> None:
    written = isil.encode(vector["text"])

    same = written.hex().upper() == vector["hex"]
    assert same is not vector.get("decode_only", False)


def test_lone_letter_among_digits_is_shifted() -> None:
    # 30 latch digits, 1, 2, -, 13 shift upper, C, -, 3 and padding
    bits = "1111000010010101011010001110100011111111"

    assert isil.encode("12-C-3") == int(bits, 2).to_bytes(5, "big")


def test_letters_after_digits_are_latched() -> None:
    # 30 latch digits, 1, 2, -, 12 latch upper, C, D and padding
    bits = "11110000100101010110000011001001"

    assert isil.encode("12-CD") == int(bits, 2).to_bytes(4, "big")


def test_shift_holds_for_one_character_only() -> None:
    # A, 29 shift, b, C
    bits = "000011110100010000111111"

    assert isil.decode(int(bits, 2).to_bytes(3, "big")) == "AbC"


def test_latch_holds_until_the_next_one() -> None:
    # A, 28 latch, b, c, 28 latch, D and padding
    bits = "00001111000001000011111000010011"

    assert isil.decode(int(bits, 2).to_bytes(4, "big")) == "AbcD"


def test_shift_before_a_latch_is_refused() -> None:
    # 29 shift to lower case, 28 latch
    bits = "1110111100111111"

    with pytest.raises(BadTagData, match="EF3F"):
        isil.decode(int(bits, 2).to_bytes(2, "big"))


def test_other_characters_are_refused() -> None:
    assert not isil.can_encode("CN_1")
    with pytest.raises(BadTagData, match="'_'"):
        isil.encode("CN_1")


def test_nothing_is_nothing() -> None:
    assert isil.encode("") == b""
    assert isil.decode(b"") == ""


@given(CODES)
def test_what_is_written_reads_back(text: str) -> None:
    assert isil.can_encode(text)
    assert isil.decode(isil.encode(text)) == text


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        text = isil.decode(data)
    except BadTagData:
        return
    assert isil.can_encode(text)
