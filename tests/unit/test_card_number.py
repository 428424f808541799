"""Card numbers: vectors in both directions, and the teaching of a mapping."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadOptions
from drivers.codecs.card_number import (
    BadCardNumber,
    NumberRule,
    Order,
    candidates,
    teach,
)
from drivers.codecs.card_number_forms import SPELLINGS, Form
from tests.unit.vectors import vectors_of

VECTORS: dict[str, dict[str, Any]] = {
    vector["id"]: vector for vector in vectors_of("wedge_cards")
}
FORWARD, REVERSED = Order
#: What the vectors call a way to type the UID, and ours.
KINDS = {
    "hex_forward": (Form.HEX, FORWARD),
    "hex_reversed": (Form.HEX, REVERSED),
    "dec10_forward": (Form.DEC10, FORWARD),
    "dec10_reversed": (Form.DEC10, REVERSED),
    "wg26_24bit_dec8": (Form.DEC8, REVERSED),
    "d3_5": (Form.WG26_COMMA, REVERSED),
}
UIDS = [
    (vector["uid_reader_order"], vector[kind], *KINDS[kind])
    for vector in VECTORS.values()
    if "uid_reader_order" in vector
    for kind in KINDS
    if kind in vector
]
RAW = [vector for vector in VECTORS.values() if "raw26" in vector]
UID = "B0864D25"

uids = st.binary(min_size=4, max_size=4).map(lambda uid: uid.hex().upper())


@pytest.mark.parametrize(("uid", "text", "form", "order"), UIDS)
def test_a_uid_is_reported_as_the_vector_says(
    uid: str, text: str, form: Form, order: Order
) -> None:
    assert NumberRule(report=form, report_order=order).number(uid) == text


@pytest.mark.parametrize(
    ("uid", "text", "form", "order"),
    [row for row in UIDS if SPELLINGS[row[2]].size != 3],
)
def test_what_is_typed_gives_the_uid_of_a_reader_that_senses_cards(
    uid: str, text: str, form: Form, order: Order
) -> None:
    assert NumberRule(form, order, report=Form.HEX).number(text) == uid


def test_the_numbers_printed_on_a_card_are_one_card() -> None:
    card = VECTORS["10d-35"]
    forms = {
        Form.DEC10: card["printed"],
        Form.HEX: card["hex_be"],
        Form.WG26_COMMA: card["d3_5"],
        Form.WG26: card["d8"],
    }

    for form, text in forms.items():
        assert NumberRule(Form.DEC10, report=form).number(card["printed"]) == text
    assert (
        NumberRule(Form.WG26, report=Form.WG26_COMMA).number("21302000") == "213,02000"
    )
    assert (
        NumberRule(Form.WG26_COMMA, report=Form.WG26).number("213,02000") == "21302000"
    )


def test_a_reader_that_glues_bytes_and_one_that_turns_them_see_one_card() -> None:
    card = VECTORS["wg34-reversed"]
    glued = card["mfrc522_printed_bytes"].replace(" ", "")
    turned = NumberRule(Form.DEC10, REVERSED, Form.HEX)

    assert turned.number(card["wg34_dec"]) == card["reader_byte_order"]
    assert NumberRule(Form.GLUED, report=Form.HEX).number(glued) == "1EA68671"
    assert NumberRule(report=Form.GLUED).number("1EA68671") == glued
    assert (
        NumberRule(Form.DEC10, report=Form.HEX).number(card["wg34_dec"])
        == card["hex_be"]
    )


@pytest.mark.parametrize("vector", RAW, ids=lambda vector: vector["id"])
def test_wiegand_frames_have_a_facility_and_a_number(vector: dict[str, Any]) -> None:
    rule = NumberRule(Form.WIEGAND26, report=Form.WG26_COMMA)

    facility, number = rule.number(vector["raw26"]).split(",")

    assert (int(facility), int(number)) == (vector["facility"], vector["number"])
    back = NumberRule(Form.WG26_COMMA, report=Form.WIEGAND26)
    assert back.number(f"{facility},{number}").zfill(8) == vector["raw26"]


@pytest.mark.parametrize("vector", RAW, ids=lambda vector: vector["id"])
@pytest.mark.parametrize("bit", [0, 13, 25])
def test_wiegand_frames_with_a_wrong_bit_are_refused(
    vector: dict[str, Any], bit: int
) -> None:
    wrong = f"{int(vector['raw26'], 16) ^ 1 << bit:08X}"

    with pytest.raises(BadCardNumber, match="parity"):
        NumberRule(Form.WIEGAND26, report=Form.DEC8).number(wrong)


def test_as_typed_means_upper_case_without_blanks() -> None:
    assert NumberRule().number(" 3a00127a ") == "3A00127A"


@pytest.mark.parametrize(
    ("rule", "number"),
    [
        (NumberRule(strip_zeros=True), "625837744"),
        (NumberRule(last_digits=6), "837744"),
        (NumberRule(strip_zeros=True, last_digits=6), "837744"),
    ],
)
def test_zeros_and_first_digits_can_be_left_off(rule: NumberRule, number: str) -> None:
    assert rule.number("0625837744") == number


def test_of_zeros_alone_one_is_left() -> None:
    assert NumberRule(strip_zeros=True).number("0000") == "0"


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (Form.HEX, "B0864D"),
        (Form.HEX, "B0864D2G"),
        (Form.HEX, ""),
        (Form.HEX, "B0 86 4D 25"),
        (Form.DEC10, "4294967296"),
        (Form.DEC10, "29615915891"),
        (Form.DEC10, "B0864D25"),
        (Form.DEC10, "\u0662\u0669\u0666"),
        (Form.DEC8, "16777216"),
        (Form.HEX6, "B0864D25"),
        (Form.WG26, "25600000"),
        (Form.WG26, "00065536"),
        (Form.WG26, "7734480"),
        (Form.GLUED, "1111111"),
        (Form.GLUED, "999999999999"),
        (Form.WIEGAND26, "C00451E5"),
        (Form.WIEGAND34, "ABC-DEF"),
    ],
)
def test_what_the_reader_never_types_is_refused_with_its_text(
    form: Form, text: str
) -> None:
    with pytest.raises(BadCardNumber, match=form):
        NumberRule(form, report=form).number(text)


def test_a_uid_of_seven_bytes_fits_no_form_of_four() -> None:
    with pytest.raises(BadCardNumber, match="0463F80A4F5381"):
        NumberRule(report=Form.DEC10).number("0463F80A4F5381")


@pytest.mark.parametrize(
    ("report", "order"),
    [(Form.HEX, FORWARD), (Form.DEC10, FORWARD), (Form.WG26, REVERSED)],
)
def test_a_rule_that_needs_more_than_the_24_bits_typed_is_refused(
    report: Form, order: Order
) -> None:
    with pytest.raises(BadOptions, match="24 bits"):
        NumberRule(Form.DEC8, FORWARD, report, order)


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("order", Order)
def test_the_number_on_file_is_among_the_candidates(form: Form, order: Order) -> None:
    on_file = NumberRule(report=form, report_order=order).number(UID)

    found = candidates("0625837744")

    assert found[on_file].number("0625837744") == on_file


def test_candidates_of_what_is_no_number_are_only_itself() -> None:
    assert set(candidates("reader-7")) == {"READER-7"}


@given(uids, uids, st.sampled_from(Form), st.sampled_from(Order))
def test_two_cards_teach_a_rule_that_holds_for_them(
    first: str, second: str, form: Form, order: Order
) -> None:
    on_file = NumberRule(report=form, report_order=order)

    rules = teach({uid: on_file.number(uid) for uid in (first, second)})

    assert rules
    for rule in rules:
        assert [rule.number(uid) for uid in (first, second)] == [
            on_file.number(uid) for uid in (first, second)
        ]


def test_taught_rules_hold_for_a_card_that_was_not_shown() -> None:
    examples = {"0625837744": "B0864D25", "1498403620": "24D34F59"}

    rules = teach(examples)

    assert {rule.number("0013961168") for rule in rules} == {"D007D500"}


def test_the_last_digits_are_tried_when_no_whole_number_agrees() -> None:
    (rule, *_) = teach({"0625837744": "837744", "1498403620": "403620"})

    assert rule == NumberRule(last_digits=6)


def test_what_no_rule_explains_teaches_nothing() -> None:
    assert teach({"0625837744": "4711"}) == []
    assert teach({"0625837744": "44"}) == []


@given(st.text(max_size=30), st.sampled_from(Form), st.sampled_from(Form))
def test_any_text_is_a_number_or_refused(text: str, typed: Form, report: Form) -> None:
    try:
        assert NumberRule(typed, report=report).number(text)
    except (BadOptions, BadCardNumber):
        return


@given(uids, st.sampled_from([form for form in Form if SPELLINGS[form].size != 3]))
def test_whole_numbers_come_back_from_any_form(uid: str, form: Form) -> None:
    text = NumberRule(report=form).number(uid)
    try:
        assert NumberRule(form, report=Form.HEX).number(text) == uid
    except BadCardNumber:
        assert form is Form.GLUED
