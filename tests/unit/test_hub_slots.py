"""Slots at the hub's door: who comes in, and that the others come one after another."""

from __future__ import annotations

import heapq
import random

import pytest

from sync.agent.backoff import slot_s
from sync.hub.door.slots import (
    BATCH_COST,
    FORGET_S,
    LONGEST_S,
    MAX_INSIDE,
    ROOM_S,
    Slots,
    told_s,
    work,
)

NOW_S = 1000.0
#: Events of a batch that fills the room by itself.
LARGE = 400


def test_nobody_waits_while_there_is_room() -> None:
    slots = Slots()

    for number in range(5):
        assert slots.wait_s(f"k{number}", 3, NOW_S) == 0
        slots.enter(f"k{number}", 3, NOW_S)


def test_a_large_batch_comes_into_an_empty_room() -> None:
    assert Slots().wait_s("k1", 100_000, NOW_S) == 0


def test_the_number_inside_is_bounded_however_small_the_batches() -> None:
    slots = measured(1e-9)
    for number in range(MAX_INSIDE):
        slots.enter(f"k{number}", 1, NOW_S)

    assert slots.wait_s("late", 1, NOW_S) > 0


def test_slots_follow_each_other_at_the_measured_pace() -> None:
    slots = full(measured(0.01))

    waits = [slots.wait_s(f"k{number}", 96, NOW_S) for number in range(10)]

    assert waits == sorted(waits)
    assert waits[-1] - waits[0] == pytest.approx(9 * 0.01 * (96 + BATCH_COST), rel=0.2)


def test_who_comes_too_early_keeps_the_slot() -> None:
    slots = full(measured(0.1))
    first = slots.wait_s("k1", 10, NOW_S)
    slots.wait_s("k2", 10, NOW_S)

    assert slots.wait_s("k1", 10, NOW_S + 3) == first - 3


def test_who_comes_in_its_slot_goes_before_newcomers() -> None:
    slots = full(measured(0.01))
    told = slots.wait_s("patient", 5, NOW_S)
    for number in range(50):
        slots.wait_s(f"k{number}", 50, NOW_S)
    slots.leave(LARGE, NOW_S)
    slots.enter("somebody", 20, NOW_S)

    assert slots.wait_s("newcomer", 5, NOW_S + told) > 0
    assert slots.wait_s("patient", 5, NOW_S + told) == 0


def test_who_finds_it_full_in_its_slot_gets_another_one() -> None:
    slots = full(measured(0.01))
    told = slots.wait_s("patient", 5, NOW_S)
    newcomers = [slots.wait_s(f"k{n}", 100, NOW_S) for n in range(50)]

    again = slots.wait_s("patient", 5, NOW_S + told)

    assert told + again == pytest.approx(max(newcomers), abs=3)


def test_of_a_rush_without_nonces_only_so_many_repeat_at_once_as_find_room() -> None:
    slots = measured(0.01)

    waits = [slots.wait_to_repeat_s(f"k{n}", 6, NOW_S) for n in range(100)]

    at_once = sum(wait == 0 for wait in waits)
    assert 1 <= at_once <= ROOM_S / (0.01 * work(6)) + 2
    assert waits == sorted(waits)


def test_who_repeats_at_once_goes_before_newcomers() -> None:
    slots = measured(0.01)
    for number in range(100):
        slots.wait_to_repeat_s(f"k{number}", 6, NOW_S)
    slots.enter("somebody", 5, NOW_S)

    assert slots.wait_s("newcomer", 6, NOW_S) > 0
    assert slots.wait_s("k0", 6, NOW_S) == 0


def test_no_slot_is_beyond_the_longest_wait() -> None:
    slots = full(measured(10.0))

    waits = [slots.wait_s(f"k{number}", 200, NOW_S) for number in range(20)]

    assert max(waits) <= LONGEST_S


def test_saying_no_makes_later_slots_later() -> None:
    quick, slow = full(measured(0.01)), full(measured(0.01))
    for slots in (quick, slow):
        slots.wait_s("k1", 10, NOW_S)
    for _ in range(3000):
        slow.turned_away()

    assert slow.wait_s("k2", 10, NOW_S) > quick.wait_s("k2", 10, NOW_S) + 25


def test_a_slot_that_was_not_taken_is_forgotten() -> None:
    slots = full(measured(0.01))
    for number in range(100):
        slots.wait_s(f"k{number}", 10, NOW_S)

    slots.wait_s("much later", 10, NOW_S + LONGEST_S + FORGET_S)

    assert len(slots._told) == 1


def test_the_pace_follows_what_batches_take() -> None:
    slots = measured(0.01)
    slots = busy(slots, 300, work(10) * 0.03)

    assert slots.pace_s == pytest.approx(0.03, rel=0.02)


def test_time_in_which_nobody_is_inside_counts_for_nobody() -> None:
    slots = measured(0.01)
    for number in range(300):
        slots.enter("k1", 10, NOW_S + 100 * number)
        slots.leave(10, NOW_S + 100 * number + 0.01 * work(10))

    assert slots.pace_s == pytest.approx(0.01, rel=0.02)


def test_a_rush_of_refusals_does_not_change_the_pace() -> None:
    slots = measured(0.01)
    slots.enter("k1", 10, NOW_S)
    slots.turned_away()
    slots.leave(10, NOW_S + 60)

    assert slots.pace_s == pytest.approx(0.01, rel=0.02)


@pytest.mark.parametrize("wait_s", [0.0, 0.4, 1.0, 59.0, 900.0, 5000.0])
def test_with_what_it_adds_a_kiosk_comes_about_when_it_is_meant_to(
    wait_s: float,
) -> None:
    meant_s = min(max(wait_s, 1.0), LONGEST_S)
    comes_s = [slot_s(told_s(wait_s), chance) for chance in (0.0, 0.999)]

    assert comes_s[0] <= meant_s + 0.5
    assert comes_s[1] >= min(meant_s, 900) - 0.5


@pytest.mark.parametrize("wrong", [0.9, 1.0, 1.1])
def test_a_herd_drains_near_the_ideal_rate(wrong: float) -> None:
    """A thousand kiosks in 5 s, 30 ms each; `wrong`: how far off the first pace is."""
    drain_s, requests = drain(kiosks=1000, each_s=0.03, believed=wrong)

    assert drain_s <= 1.25 * 1000 * 0.03 + 5
    assert requests <= 2.5 * 1000


def full(slots: Slots) -> Slots:
    """Somebody is inside, and takes all the room."""
    slots.enter("large", LARGE, NOW_S)
    return slots


def measured(pace_s: float) -> Slots:
    return busy(Slots(), 300, pace_s * work(10))


def busy(slots: Slots, batches: int, each_s: float) -> Slots:
    """Batches of ten events went through it one after another."""
    now_s = NOW_S - batches * each_s
    for _ in range(batches):
        slots.enter("k0", 10, now_s)
        now_s += each_s
        slots.leave(10, now_s)
    return slots


def drain(kiosks: int, each_s: float, believed: float) -> tuple[float, int]:
    """Play a herd against one server; seconds until all were served, and requests."""
    chance = random.Random(7)
    slots = measured(each_s * believed / work(3))
    coming = [(chance.random() * 5, number) for number in range(kiosks)]
    heapq.heapify(coming)
    inside: list[float] = []
    requests, served_s = 0, 0.0
    while coming or inside:
        if inside and (not coming or inside[0] <= coming[0][0]):
            served_s = inside.pop(0)
            slots.leave(3, served_s)
            continue
        now_s, number = heapq.heappop(coming)
        requests += 1
        wait_s = slots.wait_s(str(number), 3, now_s)
        if wait_s:
            slots.turned_away()
            again_s = now_s + slot_s(wait_s, chance.random())
            heapq.heappush(coming, (again_s, number))
        else:
            slots.enter(str(number), 3, now_s)
            inside.append(max([now_s, *inside[-1:]]) + each_s)
    return served_s, requests
