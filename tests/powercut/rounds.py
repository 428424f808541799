"""Rounds of work and power cut at one point, on one disk after another."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from tests.powercut import point
from tests.powercut.disk import Disk
from tests.powercut.findings import Findings
from tests.powercut.memory import Memory
from tests.powercut.writing import some_time, work_until_cut

#: Cuts before a disk is changed for a new one: the first falls into a first start.
CUTS_A_DISK = 8
#: The first start is done after about so many writes and flushes.
FIRST_START_WRITES = 400


@dataclass(frozen=True, slots=True)
class Way:
    """How a point writes, and how far it gets at most before its power goes."""

    synchronous: str = "FULL"
    checkpoint_pages: int = 4000
    promises: int = 20
    writes: int = 600

    @property
    def waits(self) -> bool:
        """One that does not wait for the disk causes too few writes to count them."""
        return self.synchronous == "FULL"


def cut_points(folder: Path, cuts: int, seed: int, way: Way = Way()) -> Findings:
    """Cut the power of a point so many times. A loss ends the use of that disk."""
    total = Findings()
    dice = random.Random(seed)
    while total.cuts < cuts:
        disk = Disk(folder)
        disk.format()
        memory = Memory()
        for number in range(min(CUTS_A_DISK, cuts - total.cuts)):
            found = cut_once(disk, memory, dice, way, number)
            total.add(found)
            if not found.clean:
                break
    return total


def cut_once(
    disk: Disk, memory: Memory, dice: random.Random, way: Way, number: int
) -> Findings:
    """Let the point work until its power is cut, then see what is left.

    Cut `number` of a disk is at a write when it is even, the first one in a first start.
    """
    when = some_time(
        dice,
        way.writes if number else FIRST_START_WRITES,
        way.promises,
        at_write=number % 2 == 0 and way.waits,
    )
    words = (dice.getrandbits(32), way.synchronous, way.checkpoint_pages)
    work = work_until_cut(disk, point, words, dice, when)
    found = memory.hear(work.said)
    with disk.powered(dice.getrandbits(32)):
        found.add(memory.check(disk.root, tell=dice.random() < 0.5))
        disk.cut()
    return found
