"""The turnstile in front of the database: one at a time, a reader's ask first."""

from __future__ import annotations

import threading
import time

import pytest

from sync.hub.store.turnstile import Lane, Ticket, TurnMissed, Turnstile
from tests.waiting import eventually

PATIENCE_S = 30


def test_one_thread_is_inside_at_a_time() -> None:
    turnstile = Turnstile()
    inside, most = 0, 0

    def pass_often() -> None:
        nonlocal inside, most
        for _ in range(200):
            with turnstile.passing(turnstile.ticket(Lane.SHORT), PATIENCE_S):
                inside += 1
                most = max(most, inside)
                inside -= 1

    run_all([threading.Thread(target=pass_often) for _ in range(8)])

    assert most == 1


def test_an_ask_goes_before_every_backlog_that_came_earlier() -> None:
    turnstile = Turnstile()

    order = order_of(turnstile, [Lane.BACKLOG] * 3 + [Lane.SHORT] + [Lane.BACKLOG])

    assert order == [3, 0, 1, 2, 4]


def test_a_batch_keeps_its_place_between_its_turns() -> None:
    turnstile = Turnstile()
    first, second = (turnstile.ticket(Lane.BACKLOG) for _ in range(2))
    passed: list[str] = []

    with turnstile.passing(turnstile.ticket(Lane.SHORT), PATIENCE_S):
        threads = [
            several_turns(turnstile, second, "second", passed),
            several_turns(turnstile, first, "first", passed),
        ]
        eventually(lambda: len(turnstile._waiting) == 2, "two who wait")
    join_all(threads)

    assert passed[0] == "first"
    assert sorted(passed) == ["first"] * 3 + ["second"] * 3


def test_who_is_not_called_in_time_gives_up_and_leaves_the_line() -> None:
    turnstile = Turnstile()

    with (
        turnstile.passing(turnstile.ticket(Lane.SHORT), PATIENCE_S),
        pytest.raises(TurnMissed, match=r"0\.01 s"),
        turnstile.passing(turnstile.ticket(Lane.SHORT), 0.01),
    ):
        pass

    with turnstile.passing(turnstile.ticket(Lane.BACKLOG), PATIENCE_S):
        assert turnstile._waiting == []


def test_a_failure_inside_opens_the_turnstile_again() -> None:
    turnstile = Turnstile()

    with (
        pytest.raises(ZeroDivisionError),
        turnstile.passing(turnstile.ticket(Lane.SHORT), PATIENCE_S),
    ):
        raise ZeroDivisionError

    with turnstile.passing(turnstile.ticket(Lane.SHORT), PATIENCE_S):
        pass


def order_of(turnstile: Turnstile, lanes: list[Lane]) -> list[int]:
    """Let threads line up one after another; return the order in which they pass."""
    passed: list[int] = []

    def go(number: int, ticket: Ticket) -> None:
        with turnstile.passing(ticket, PATIENCE_S):
            passed.append(number)

    threads = []
    with turnstile.passing(turnstile.ticket(Lane.SHORT), PATIENCE_S):
        for number, lane in enumerate(lanes):
            thread = threading.Thread(target=go, args=(number, turnstile.ticket(lane)))
            thread.start()
            threads.append(thread)
            eventually(
                lambda count=number + 1: len(turnstile._waiting) == count, "a line"
            )
    join_all(threads)
    return passed


def several_turns(
    turnstile: Turnstile, ticket: Ticket, name: str, passed: list[str]
) -> threading.Thread:
    def go() -> None:
        for _ in range(3):
            with turnstile.passing(ticket, PATIENCE_S):
                passed.append(name)

    thread = threading.Thread(target=go)
    thread.start()
    return thread


def hold(turnstile: Turnstile, ticket: Ticket, seconds: float) -> None:
    with turnstile.passing(ticket, PATIENCE_S):
        time.sleep(seconds)


def compute_until(stop: threading.Event) -> None:
    while not stop.is_set():
        sum(range(1000))


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    join_all(threads)


def join_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
