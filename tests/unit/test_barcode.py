"""What a library barcode says, and what a site may ask of it."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.barcode import (
    CODE39,
    BarcodeRules,
    Code39Check,
    IsbnForm,
    clean,
    code39_check_character,
    library14_check_digit,
    parse_library14,
    strip_codabar_letters,
)
from drivers.codecs.isbn import is_ean13, is_isbn, to_isbn10, to_isbn13
from drivers.codecs.lines import BadBarcode
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("barcodes")
ASKS_EVERYTHING = [
    BarcodeRules(
        codabar_letters_stripped=True,
        library14_checked=True,
        code39_check=check,
        ean13_checked=True,
        isbn=isbn,
    )
    for check in Code39Check
    for isbn in IsbnForm
]
CHECK_DIGITS = BarcodeRules(library14_checked=True, ean13_checked=True)
STRIPPED = BarcodeRules(codabar_letters_stripped=True)
SCAN = st.text(max_size=30) | st.from_regex("[0-9A-DX]{1,15}", fullmatch=True)


def of_symbology(name: str) -> list[Any]:
    return [
        pytest.param(vector, id=vector["id"])
        for vector in VECTORS
        if vector["symbology"] == name
    ]


@pytest.mark.parametrize("vector", of_symbology("Codabar library 14"))
def test_sample_library_number_is_taken_apart(vector: dict[str, Any]) -> None:
    number = parse_library14(vector["value"])

    assert number is not None
    assert number.check_is_right == vector["valid"]
    if vector["expect"]:
        found = {"kind": number.kind, "institution": number.institution}
        assert found == vector["expect"]
        assert library14_check_digit(vector["value"][:-1]) == number.check


@pytest.mark.parametrize("vector", of_symbology("Codabar library 14"))
def test_library_numbers_are_checked_only_when_asked(vector: dict[str, Any]) -> None:
    number = vector["value"]

    assert clean(number) == number
    if vector["valid"]:
        assert clean(number, CHECK_DIGITS) == number
    else:
        with pytest.raises(BadBarcode, match=rf"{number}: check digit .* is right"):
            clean(number, CHECK_DIGITS)


@pytest.mark.parametrize("text", ["45555000012346", "3555500001234", "", "A" * 14])
def test_other_numbers_are_no_library_numbers(text: str) -> None:
    assert parse_library14(text) is None
    assert clean(text, BarcodeRules(library14_checked=True)) == text


def test_a_check_digit_is_computed_for_13_digits_alone() -> None:
    with pytest.raises(BadBarcode, match="'3555' is not 13 digits"):
        library14_check_digit("3555")


@pytest.mark.parametrize("vector", of_symbology("Code 39 mod 43"))
def test_sample_check_character_is_computed_and_asked_for(
    vector: dict[str, Any],
) -> None:
    value, check = vector["value"], vector["check"]

    assert code39_check_character(value) == check
    verify = BarcodeRules(code39_check=Code39Check.VERIFY)
    assert clean(value + check, verify) == value + check
    strip = BarcodeRules(code39_check=Code39Check.STRIP)
    assert clean(value + check, strip) == value
    wrong = CODE39[(CODE39.index(check) + 1) % 43]
    with pytest.raises(BadBarcode, match="check character"):
        clean(value + wrong, verify)


def test_character_outside_code_39_is_named_with_its_place() -> None:
    with pytest.raises(BadBarcode, match="'a' at place 3 of '12a'"):
        code39_check_character("12a")


def test_a_lone_check_character_is_no_code() -> None:
    with pytest.raises(BadBarcode, match="too short"):
        clean("0", BarcodeRules(code39_check=Code39Check.STRIP))


@pytest.mark.parametrize("vector", of_symbology("EAN-13"))
def test_sample_ean_is_known_by_its_check_digit(vector: dict[str, Any]) -> None:
    number = vector["value"]

    assert is_ean13(number) == vector["valid"]
    if vector["valid"]:
        assert clean(number, CHECK_DIGITS) == number
    if "isbn10" in vector:
        assert to_isbn10(number) == vector["isbn10"]
        assert to_isbn13(vector["isbn10"]) == number


@pytest.mark.parametrize("vector", of_symbology("ISBN-10"))
def test_sample_isbn_of_ten_digits_becomes_one_of_thirteen(
    vector: dict[str, Any],
) -> None:
    assert is_isbn(vector["value"]) == vector["valid"]
    assert to_isbn13(vector["value"]) == vector["isbn13"]
    assert (
        clean(vector["value"].lower(), BarcodeRules(isbn=IsbnForm.ISBN13))
        == (vector["isbn13"])
    )


def test_ean_with_a_wrong_digit_is_refused_when_asked() -> None:
    assert clean("9787020002208") == "9787020002208"
    with pytest.raises(BadBarcode, match="9787020002208: wrong EAN-13 check digit"):
        clean("9787020002208", CHECK_DIGITS)


def test_a_number_of_979_has_no_form_of_ten_digits() -> None:
    assert to_isbn10("9791091234566") is None
    shortened = clean("9791091234566", BarcodeRules(isbn=IsbnForm.ISBN10))
    assert shortened == "9791091234566"


@pytest.mark.parametrize("text", ["", "8711218972875", "9787020002208", "978 7", "x"])
def test_what_is_no_isbn_is_not_converted(text: str) -> None:
    with pytest.raises(BadBarcode, match="no ISBN"):
        to_isbn13(text)
    with pytest.raises(BadBarcode, match="no ISBN"):
        to_isbn10(text)
    assert clean(text, BarcodeRules(isbn=IsbnForm.ISBN10)) == text


@pytest.mark.parametrize("vector", of_symbology("Codabar"))
def test_start_and_stop_letter_of_codabar_come_off(vector: dict[str, Any]) -> None:
    assert clean(vector["reader_text"], STRIPPED) == "35555000012346"[:-1] + "9"
    assert clean(vector["reader_text"]) == vector["reader_text"]


@pytest.mark.parametrize(
    ("text", "stripped"),
    [
        ("a123b", "123"),
        ("A1-2$3:4/5.6+B", "1-2$3:4/5.6+"),
        ("AA123BB", "AA123BB"),
        ("A123", "A123"),
        ("123B", "123B"),
        ("AB", "AB"),
        ("E123F", "E123F"),
        ("A123\nB", "A123\nB"),
    ],
)
def test_only_a_framed_codabar_number_loses_letters(text: str, stripped: str) -> None:
    assert strip_codabar_letters(text) == stripped


def test_letters_come_off_before_the_number_is_checked() -> None:
    rules = BarcodeRules(codabar_letters_stripped=True, library14_checked=True)

    assert clean("A35555000012346B", rules) == "35555000012346"
    with pytest.raises(BadBarcode, match="check digit 9, 6 is right"):
        clean("A35555000012349B", rules)


@pytest.mark.parametrize(
    ("text", "symbology", "rules"),
    [
        ("A123B", "]A0", STRIPPED),
        ("35555000012349", "]C0", CHECK_DIGITS),
        ("9787020002208", "]C0", CHECK_DIGITS),
        ("CODE39", "]C0", BarcodeRules(code39_check=Code39Check.VERIFY)),
        ("CODE39", "]A3", BarcodeRules(code39_check=Code39Check.VERIFY)),
        ("080442957X", "]Q3", BarcodeRules(isbn=IsbnForm.ISBN13)),
    ],
)
def test_a_rule_leaves_other_symbologies_alone(
    text: str, symbology: str, rules: BarcodeRules
) -> None:
    assert clean(text, rules, symbology) == text


def test_a_rule_acts_on_its_own_symbology() -> None:
    assert clean("A123B", STRIPPED, "]F0") == "123"
    strip = BarcodeRules(code39_check=Code39Check.STRIP)
    assert clean("159AZH", strip, "]A0") == "159AZ"
    assert clean("9787020002207", BarcodeRules(isbn=IsbnForm.ISBN10), "]E0") == (
        "702000220X"
    )


def test_an_ean_is_never_asked_for_a_code_39_character() -> None:
    strip = BarcodeRules(code39_check=Code39Check.STRIP)

    assert clean("9787020002207", strip) == "9787020002207"


def test_rules_stand_in_a_configuration_as_words() -> None:
    table = {"code39_check": "strip", "isbn": "isbn13", "ean13_checked": True}

    rules = msgspec.convert(table, BarcodeRules, strict=True)

    assert rules.code39_check is Code39Check.STRIP
    assert rules.isbn is IsbnForm.ISBN13
    with pytest.raises(msgspec.ValidationError, match="mod43"):
        msgspec.convert({"mod43": True}, BarcodeRules)


@given(SCAN)
def test_without_rules_every_text_stays(text: str) -> None:
    assert clean(text) == text


@given(
    SCAN, st.sampled_from(ASKS_EVERYTHING), st.sampled_from([None, "]A0", "]E0", "]F0"])
)
def test_a_scan_is_a_code_or_a_bad_barcode(
    text: str, rules: BarcodeRules, symbology: str | None
) -> None:
    with suppress(BadBarcode):
        assert bool(clean(text, rules, symbology)) == bool(text)


@given(
    st.from_regex("[0-9]{13}", fullmatch=True), st.integers(0, 12), st.integers(1, 9)
)
def test_a_misread_digit_is_always_noticed(first: str, place: int, by: int) -> None:
    number = "3" + first[:12]
    good = number + library14_check_digit(number)
    misread = good[:place] + str((int(good[place]) + by) % 10) + good[place + 1 :]

    found = parse_library14(misread)

    assert found is None or not found.check_is_right


@given(st.text(CODE39, min_size=1, max_size=20))
def test_a_code_39_loses_just_the_character_that_was_added(text: str) -> None:
    strip = BarcodeRules(code39_check=Code39Check.STRIP)

    assert clean(text + code39_check_character(text), strip, "]A0") == text


@given(st.from_regex("978[0-9]{9}", fullmatch=True))
def test_isbns_convert_there_and_back(digits: str) -> None:
    numbers = [f"{digits}{last}" for last in range(10)]
    (number,) = filter(is_isbn, numbers)

    shortened = to_isbn10(number)

    assert shortened is not None
    assert to_isbn13(shortened) == number
