"""The model at work: a fixed number of examples, the same each time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from structlog.testing import capture_logs

from tests.model import broken
from tests.model.line import State
from tests.model.machine import (
    CardMachine,
    ClockMachine,
    CountyMachine,
    RestoreMachine,
)
from tests.model.running import Effort, run

QUICK = Effort(examples=5, steps=25)

Break = Callable[[], AbstractContextManager[None]]
Story = Callable[[CountyMachine], None]


@pytest.mark.fault("O14", "O17", "O18", "O19", "O46")
def test_bad_lines_and_crashes_lose_nothing_and_double_nothing() -> None:
    run(CountyMachine, QUICK)


@pytest.mark.fault("O25")
def test_a_restored_hub_gets_everything_again_and_all_agree() -> None:
    run(RestoreMachine, QUICK)


@pytest.mark.fault("O29", "O30")
def test_clocks_that_jump_lose_nothing_and_reverse_nothing() -> None:
    run(ClockMachine, QUICK)


@pytest.mark.fault("O10")
def test_cards_put_back_or_cloned_lose_nothing_that_is_left_somewhere() -> None:
    run(CardMachine, QUICK)


def _lost_answer(machine: CountyMachine) -> None:
    machine.take_back(0, ["YL0001"])
    machine.turn_over_a_line(0, State.LOST_ANSWER)


def _line_that_is_cut(machine: CountyMachine) -> None:
    machine.take_back(0, ["YL0001"])
    machine.turn_over_a_line(0, State.CUT_BEFORE_SEND)


def _two_books(machine: CountyMachine) -> None:
    machine.take_back(0, ["YL0001", "YL0002"])


def _restore_that_others_overtake(machine: CountyMachine) -> None:
    """Point 0 pushes the feed past the cursor of point 1 before that one pulls."""
    assert isinstance(machine, RestoreMachine)
    machine.hub_is_backed_up()
    machine.take_back(0, ["YL0002"])
    machine.take_back(0, ["YL0003"])
    machine.take_back(1, ["YL0003"])
    machine.settled()
    machine.hub_is_restored()
    machine.lend(0, "R1", ["YL0001", "YL0004"])
    machine.lend(0, "R2", ["YL0005", "YL0006"])
    machine.points[0].turn()


#: A part with one fault, what shows it, and what the model then says.
BROKEN: list[tuple[Break, Story, str]] = [
    (broken.agent_that_forgets_unanswered_batches, _line_that_is_cut, "never got"),
    (broken.agent_that_trusts_any_answer, _two_books, "never got"),
    (broken.hub_that_forgets_what_it_stored, _lost_answer, "recorded nowhere"),
    (broken.ledger_that_reuses_numbers, _two_books, "lost"),
    (broken.feed_of_one_run, _restore_that_others_overtake, "has None of"),
]
STORIES = dict.fromkeys(story for _, story, _ in BROKEN)


@pytest.mark.parametrize(("fault", "story", "finding"), BROKEN)
def test_the_model_sees_a_broken_part(fault: Break, story: Story, finding: str) -> None:
    with fault(), pytest.raises(AssertionError, match=finding):
        tell(story)


@pytest.mark.fault("O25")
@pytest.mark.parametrize("story", STORIES)
def test_the_same_story_ends_well_with_whole_parts(story: Story) -> None:
    tell(story)


def tell(story: Story) -> None:
    """Let it happen, then heal everything and look. Raises AssertionError."""
    machine = RestoreMachine()
    with capture_logs():
        machine.begin(seed=1)
        story(machine)
        machine.teardown()
