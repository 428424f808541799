from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from kiosk.domain.pad import Pad, Patience, blind, fence, observe, recount

PATIENCE = Patience(stable_rounds=3, missed_rounds=3)


def after(rounds: Iterable[str], pad: Pad | None = None) -> Pad:
    """Rounds as strings of one-letter UIDs, on a pad that was empty before."""
    state = pad or Pad(known=True)
    for seen in rounds:
        state = observe(state, list(seen), PATIENCE)
    return state


def test_a_tag_counts_from_the_first_round_that_saw_it() -> None:
    assert after(["A"]).stack == ("A",)


def test_a_stack_is_stable_after_three_equal_rounds() -> None:
    assert not after(["AB", "AB"]).stable(PATIENCE)
    assert after(["AB", "AB", "AB"]).stable(PATIENCE)


def test_one_more_book_makes_the_stack_unstable_again() -> None:
    assert not after(["A", "A", "A", "AB"]).stable(PATIENCE)


def test_a_tag_that_flickers_stays_and_is_gone_after_three_misses() -> None:
    assert after(["AB", "A", "A"]).stack == ("A", "B")
    assert after(["AB", "A", "AB", "A", "A"]).stack == ("A", "B")
    assert after(["AB", "A", "A", "A"]).stack == ("A",)


def test_a_flickering_tag_delays_stability_but_does_not_prevent_it() -> None:
    flicker = after(["AB", "A", "AB", "A"])

    assert not flicker.stable(PATIENCE)
    assert after(["AB"], flicker).stable(PATIENCE)


def test_fenced_tags_do_not_count_until_they_were_lifted() -> None:
    fenced = fence(after(["AB"]))

    assert after(["ABC"], fenced).stack == ("C",)
    lifted = after(["B", "B", "B", "AB"], fenced)
    assert lifted.stack == ("A",)


def test_what_lies_there_at_the_start_is_fenced_until_lifted() -> None:
    left_behind = after(["AB", "AB", "AB"], Pad())

    assert left_behind.stack == ()
    assert after(["ABC"], left_behind).stack == ("C",)
    assert after(["B", "B", "B", "AB"], left_behind).stack == ("A",)


def test_a_tag_that_the_first_round_missed_is_fenced_like_the_others() -> None:
    left_behind = after(["A", "AB", "AB", "AB"], Pad())

    assert left_behind.stack == ()
    assert after(["ABC"], left_behind).stack == ("C",)


def test_a_pad_that_was_empty_at_the_start_counts_what_comes() -> None:
    assert after(["", "", "", "A"], Pad()).stack == ("A",)


def test_a_pad_that_is_lost_and_comes_back_still_knows_what_was_fenced() -> None:
    lost = blind(after(["AB"], fence(after(["A"]))))
    assert lost.stack == ()

    back = after(["B", "AB"], lost)

    assert back.stack == ("B",)
    assert after(["B", "B", "B", "AB"], back).stack == ("B", "A")


def test_counting_again_needs_fresh_rounds() -> None:
    pad = recount(after(["A", "A", "A"]))

    assert not pad.stable(PATIENCE)
    assert after(["A", "A", "A"], pad).stable(PATIENCE)


@given(st.lists(st.frozensets(st.sampled_from("ABCDE")), max_size=40))
def test_a_stable_stack_was_seen_whole_in_the_last_round_it_grew_quieter(
    rounds: list[frozenset[str]],
) -> None:
    pad = Pad(known=True)
    for seen in rounds:
        before = pad
        pad = observe(pad, seen, PATIENCE)
        assert seen <= set(pad.misses)
        if pad.quiet_rounds > before.quiet_rounds > 0:
            assert set(pad.misses) == seen
