"""From keys to codes: vectors, keyboards of three countries, and the habits of wedges."""

from __future__ import annotations

import string
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs.keymap import KEYMAPS, Country
from drivers.codecs.keys import BadTyping, Key, KeyAssembler
from drivers.emulators.wedge import Habit, Wedge
from tests.unit.vectors import vectors_of

VECTORS: list[dict[str, Any]] = [
    vector for vector in vectors_of("wedge_cards") if "events" in vector
]
ENTER, KEYPAD_ENTER, TAB = 28, 96, 15
A, SHIFT, RIGHT_SHIFT, CTRL, ALT, CAPS, F1, NUM_LOCK = 30, 42, 54, 29, 56, 58, 59, 69
UP, DOWN, REPEAT = 0, 1, 2
ISBN = "9787020002207"
MIXED = "CN-440100-1-GT:A_b/9"

events = st.lists(st.tuples(st.integers(0, 767), st.integers(0, 2)), max_size=60)


def typed(keys: list[Key], assembler: KeyAssembler | None = None) -> list[Any]:
    """What the keys gave, and at last a silence."""
    assembler = assembler or KeyAssembler()
    gave = chain.from_iterable(assembler.feed(key, value) for key, value in keys)
    return [*gave, *assembler.flush()]


def tap(*codes: int) -> list[Key]:
    return [(code, value) for code in codes for value in (DOWN, UP)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_vector_gives_its_text_at_the_last_key(vector: dict[str, Any]) -> None:
    assembler = KeyAssembler()
    *keys, enter, _ = map(tuple, vector["events"])

    assert not any(assembler.feed(*key) for key in keys)
    assert assembler.feed(*enter) == [vector["text"]]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_the_emulated_wedge_presses_the_keys_of_the_vector(
    vector: dict[str, Any],
) -> None:
    habit = Habit.KEYPAD if "keypad" in vector["id"] else Habit.SHIFT

    keys = Wedge(habit=habit).keys(vector["text"])

    assert [list(key) for key in keys] == vector["events"]


@pytest.mark.parametrize("habit", Habit)
@pytest.mark.parametrize("country", Country)
def test_country_and_habit_do_not_matter_when_the_country_is_known(
    country: Country, habit: Habit
) -> None:
    keys = Wedge(country, habit).keys(MIXED)

    assert typed(keys, KeyAssembler(country=country)) == [MIXED]


@pytest.mark.parametrize("country", Country)
def test_every_key_of_a_country_types_its_character(country: Country) -> None:
    keymap = KEYMAPS[country]
    every = "".join({*keymap.plain.values(), *keymap.shifted.values()} - {" "})

    keys = Wedge(country).keys(every)

    assert typed(keys, KeyAssembler(country=country)) == [every]


@pytest.mark.parametrize("country", Country)
def test_a_country_has_every_letter_and_digit_once(country: Country) -> None:
    keys = [*KEYMAPS[country].plain.values(), *KEYMAPS[country].shifted.values()]

    for character in string.ascii_letters + string.digits + "-./:$%+*":
        assert keys.count(character) == 1


def test_a_german_wedge_read_as_american_swaps_y_and_z() -> None:
    assert typed(Wedge(Country.GERMAN).keys("XYZ-1")) == ["XZY/1"]


@pytest.mark.parametrize(
    ("country", "text"),
    [(Country.GERMAN, "a@b\\c|d~[e]{f}"), (Country.FRENCH, "a@b\\c|d#[e]{f}")],
)
def test_alt_gr_types_the_third_character_of_a_key(country: Country, text: str) -> None:
    assert typed(Wedge(country).keys(text), KeyAssembler(country=country)) == [text]


@pytest.mark.parametrize(
    "ends",
    [(ENTER,), (KEYPAD_ENTER,), (TAB,), (), (ENTER, ENTER), (ENTER, TAB)],
    ids=str,
)
def test_what_ends_a_code_does_not_matter(ends: tuple[int, ...]) -> None:
    assert typed(Wedge(ends=ends).keys(ISBN)) == [ISBN]


def test_enter_before_a_code_and_ctrl_j_behind_it_are_nothing() -> None:
    line_feed = [(CTRL, DOWN), *tap(36), (CTRL, UP)]

    keys = [*tap(ENTER), *Wedge().keys(ISBN), *line_feed, *Wedge().keys(MIXED)]

    assert typed(keys) == [ISBN, MIXED]


def test_held_keys_count_once() -> None:
    keys = [(A, DOWN), (A, REPEAT), (A, REPEAT), (A, UP), *Wedge().keys("BC")]

    assert typed(keys) == ["aBC"]


def test_either_shift_makes_capitals_until_both_are_up() -> None:
    keys = [
        (SHIFT, DOWN),
        (RIGHT_SHIFT, DOWN),
        *tap(A),
        (SHIFT, UP),
        *tap(A),
        (RIGHT_SHIFT, UP),
        *tap(A, ENTER),
    ]

    assert typed(keys) == ["AAa"]


def test_caps_lock_turns_letters_and_shift_turns_them_back() -> None:
    shifted = [(SHIFT, DOWN), *tap(A, 2), (SHIFT, UP)]

    assert typed([*tap(CAPS, A, 2), *shifted, *tap(CAPS, A, ENTER)]) == ["A1a!a"]


def test_caps_lock_that_is_put_back_behind_the_end_stays_off_for_the_next() -> None:
    keys = [*tap(CAPS, A, A, A, ENTER, CAPS), *tap(A, A, A, ENTER)]

    assert typed(keys) == ["AAA", "aaa"]


def test_silence_lets_go_of_what_a_lost_key_left_held() -> None:
    assembler = KeyAssembler()
    typed([(SHIFT, DOWN), *tap(CAPS, A, A, A)], assembler)

    assert typed(tap(A, A, A), assembler) == ["aaa"]


def test_num_lock_is_nothing() -> None:
    assert typed([*tap(NUM_LOCK), *Wedge(habit=Habit.KEYPAD).keys(ISBN)]) == [ISBN]


@pytest.mark.parametrize(
    ("code", "character"),
    [("65", "A"), ("065", "A"), ("0065", "A"), ("0233", "é"), ("130", "é")],
)
def test_alt_and_a_number_type_a_character(code: str, character: str) -> None:
    keypad = dict(
        zip("7894561230", (71, 72, 73, 75, 76, 77, 79, 80, 81, 82), strict=True)
    )
    keys = [(ALT, DOWN), *tap(*(keypad[digit] for digit in code)), (ALT, UP)]

    assert typed([*tap(A, A), *keys]) == [f"aa{character}"]


def test_alt_and_thirteen_ends_a_code() -> None:
    end = [(ALT, DOWN), *tap(82, 79, 81), (ALT, UP)]

    assert typed([*tap(A, A, A), *end, *tap(A, A, A)]) == ["aaa", "aaa"]


@pytest.mark.parametrize(
    "keys",
    [
        tap(A, F1, A, A),
        [*tap(A, A, A), (CTRL, DOWN), *tap(A)],
        [*tap(A, A, A), (ALT, DOWN), *tap(A)],
        [*tap(A, A, A), (ALT, DOWN), *tap(79, 79), (ALT, UP)],
        [*tap(A, A, A), (ALT, DOWN), *tap(81, 81, 81), (ALT, UP)],
        [*tap(A, A, A), (ALT, DOWN), *tap(82, 82, 82, 77, 76), (ALT, UP)],
        [*tap(A, A, A), (ALT, DOWN), *tap(77, 76)],
        tap(A, A),
        tap(57, 57, 57),
        tap(A) * 257,
    ],
    ids=[
        "function key",
        "ctrl",
        "alt and a letter",
        "control character",
        "number too large",
        "number too long",
        "number without an end",
        "too short",
        "blank",
        "too long",
    ],
)
@pytest.mark.fault("O35")
def test_what_is_no_code_is_one_error_and_the_next_code_is_read(
    keys: list[Key],
) -> None:
    assembler = KeyAssembler()

    said = typed(keys, assembler)

    assert [type(each) for each in said] == [BadTyping]
    assert typed(Wedge().keys(ISBN), assembler) == [ISBN]


def test_lost_keys_spoil_the_code_that_they_were_part_of_and_no_other() -> None:
    assembler = KeyAssembler()
    for key in tap(A, A, A):
        assembler.feed(*key)

    assembler.lose()

    assert [type(said) for said in assembler.feed(ENTER, DOWN)] == [BadTyping]
    assert typed(Wedge().keys(ISBN), assembler) == [ISBN]


@pytest.mark.parametrize(("length", "kind"), [(2, BadTyping), (3, str), (6, BadTyping)])
@pytest.mark.fault("O35")
def test_lengths_are_kept(length: int, kind: type) -> None:
    (said,) = typed(tap(A) * length, KeyAssembler(min_length=3, max_length=5))

    assert isinstance(said, kind)


def test_a_code_is_pending_from_its_first_key_to_its_last() -> None:
    assembler = KeyAssembler()
    pending = [assembler.pending]
    for key in (SHIFT, A, A, A, ENTER):
        assembler.feed(key, DOWN)
        pending.append(assembler.pending)

    assert pending == [False, False, True, True, True, False]


@given(events)
def test_random_keys_give_texts_and_errors_and_leave_nothing_behind(
    keys: list[Key],
) -> None:
    assembler = KeyAssembler()

    for each in typed(keys, assembler):
        assert isinstance(each, BadTyping) or each.isprintable()

    assert not assembler.pending
    assert typed(Wedge().keys(ISBN), assembler) == [ISBN]


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=3))
def test_any_text_survives_any_habit(text: str) -> None:
    for habit in Habit:
        assert typed(Wedge(habit=habit).keys(text[:256])) == [text[:256]]
