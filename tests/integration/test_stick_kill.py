"""SIGKILL anywhere in export, import at the hub and import at the kiosk."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from sync.agent.stick_inbox import StickInbox
from tests.integration.killed import kill_at, lines_of
from tests.integration.stick_world import Point, Town, town

__all__ = ["town"]

ROUNDS = 12


def survive(town: Town, rounds: int, seed: int) -> int:
    """Carry each event with three deaths on the way; return how many there were."""
    point, chance, deaths = town.point(), random.Random(seed), 0
    lengths: list[int] | None = None
    for number in range(rounds):
        point.takes_back(f"YL{1 + number % 8:04d}")
        if lengths is None:
            lengths = _lengths(town, point)
        deaths += _one_way_and_back(town, point, lengths, chance)
        assert point.pending() == 0
        assert town.events() == {event.event_id for event in point.recorded}
        assert not StickInbox(point.folder).waiting()
    return deaths


def _lengths(town: Town, point: Point) -> list[int]:
    """How long each of the three works is; the third as the second one's like."""
    stick = town.stick
    export = lines_of(lambda: point.run("export", str(stick), "--same-disk"))
    take = lines_of(lambda: town.run("import", str(stick), "--answer"))
    apply = lines_of(lambda: point.run("import", str(stick)))
    return [export, take, apply]


def _one_way_and_back(
    town: Town, point: Point, lengths: list[int], chance: random.Random
) -> int:
    stick = town.stick
    at = [chance.randrange(length) for length in lengths]
    deaths = kill_at(at[0], lambda: point.run("export", str(stick), "--same-disk"))
    point.exports(stick)
    deaths += kill_at(at[1], lambda: town.run("import", str(stick), "--answer"))
    answer = Path(town.imports(stick)[-1]["file"])
    deaths += kill_at(at[2], lambda: point.run("import", str(answer)))
    point.imports(answer)
    for file in stick.iterdir():
        file.unlink()
    return deaths


@pytest.mark.slow
@pytest.mark.fault("O01")
def test_nothing_is_lost_or_doubled_by_deaths_on_the_way(town: Town) -> None:
    deaths = survive(town, ROUNDS, seed=7)

    assert deaths > ROUNDS  # most of the works were killed before their end


def test_file_left_by_a_death_is_applied_by_whoever_comes_next(town: Town) -> None:
    point = town.point()
    point.takes_back("YL0001")
    point.exports(town.stick)
    answer = Path(town.imports(town.stick)[-1]["file"])
    StickInbox(point.folder).put(answer)
    answer.unlink()
    point.takes_back("YL0002")
    point.exports(town.stick)
    second = Path(town.imports(town.stick)[-1]["file"])

    point.imports(second)

    assert point.pending() == 0
    assert not StickInbox(point.folder).waiting()
