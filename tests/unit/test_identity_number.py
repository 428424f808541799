from __future__ import annotations

import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.identity import (
    check_character,
    fingerprint,
    is_number,
    normalise,
)
from tests.unit.vectors import vectors_of

VECTORS: list[dict[str, Any]] = [
    vector for vector in vectors_of("samv_idcard") if vector.get("kind") == "id-number"
]

seventeen_digits = st.from_regex(r"\A[0-9]{17}\Z")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_the_check_character_of_a_vector_is_judged(vector: dict[str, Any]) -> None:
    assert is_number(vector["value"]) is vector["valid"]


@given(seventeen_digits)
def test_one_check_character_of_eleven_fits(digits: str) -> None:
    fitting = [last for last in "0123456789X" if is_number(digits + last)]

    assert fitting == [check_character(digits)]


@given(seventeen_digits, st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(digits: str, place: int, more: int) -> None:
    changed = str((int(digits[place]) + more) % 10)
    wrong = digits[:place] + changed + digits[place + 1 :]

    assert not is_number(wrong + check_character(digits))


@pytest.mark.parametrize(
    "number",
    [
        "",
        "1101051949123100",
        "11010519491231002x",
        "11010519491231002 ",
        "CAN11010119900",
    ],
)
def test_what_has_not_the_form_of_a_number_is_none(number: str) -> None:
    assert not is_number(number)


def test_the_card_of_2017_has_fifteen_characters_and_no_check() -> None:
    assert is_number("CAN110101199000")


@pytest.mark.parametrize(
    "spelling", ["11010519491231002X", " 110105 19491231 002x ", "11010519491231002x\n"]
)
def test_every_spelling_of_a_number_has_the_same_fingerprint(spelling: str) -> None:
    assert normalise(spelling) == "11010519491231002X"
    assert fingerprint(spelling) == fingerprint("11010519491231002X")


def test_a_fingerprint_is_the_documented_hash() -> None:
    expected = hashlib.sha256(b"tongjie/identity/11010519491231002X").hexdigest()

    assert fingerprint("11010519491231002X") == expected


def test_two_numbers_have_two_fingerprints() -> None:
    assert fingerprint("11010519491231002X") != fingerprint("110101199001010015")
