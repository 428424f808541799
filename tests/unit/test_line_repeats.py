"""Which sights of codes are new scans."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.repeats import Repeats


def test_code_that_comes_again_soon_is_the_same_scan() -> None:
    repeats = Repeats(1.0)

    assert repeats.new(["A"], 0.0) == ["A"]
    assert repeats.new(["A"], 0.9) == []


def test_time_counts_from_the_last_sight() -> None:
    repeats = Repeats(1.0)
    seen = [repeats.new(["A"], now) for now in (0.0, 0.9, 1.8, 2.9)]

    assert seen == [["A"], [], [], ["A"]]


def test_code_behind_another_one_counts_again() -> None:
    repeats = Repeats(1.0)

    assert [repeats.new([code], 0.0) for code in "ABA"] == [["A"], ["B"], ["A"]]


def test_codes_seen_together_do_not_end_each_other() -> None:
    repeats = Repeats(1.0)
    sights = [["A", "B"], ["A"], ["B", "A"], ["B"], [], ["A", "B"]]

    assert [repeats.new(codes, 0.1) for codes in sights] == [["A", "B"], *[[]] * 5]


def test_same_code_twice_at_once_is_one() -> None:
    assert Repeats(0.0).new(["A", "B", "A"], 0.0) == ["A", "B"]


def test_nothing_is_the_same_when_suppression_is_off() -> None:
    repeats = Repeats(0.0)

    assert [repeats.new(["A"], 0.0) for _ in range(3)] == [["A"]] * 3


@given(st.lists(st.tuples(st.integers(0, 30), st.floats(0, 2)), max_size=200))
def test_little_is_remembered(sights: list[tuple[int, float]]) -> None:
    repeats, now = Repeats(1.0), 0.0

    for code, later in sights:
        now += later
        repeats.new([str(code)], now)

    assert len(repeats._seen_at) <= 1
