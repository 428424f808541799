"""Work that happens seldom and must be whole: its power is cut at each of its writes."""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Protocol

from tests.powercut.disk import Disk
from tests.powercut.writing import When, work_on, work_until_cut

#: More writes than any of this work takes.
MOST_WRITES = 2_000


class Stage(Protocol):
    """One piece of work: what lies there before, who does it, what must hold after."""

    @property
    def module(self) -> ModuleType: ...

    @property
    def words(self) -> tuple[object, ...]: ...

    def prepare(self, root: Path, /) -> None:
        """Lay the disk out; this is not cut."""

    def check(self, root: Path) -> None:
        """See that the work is whole, now that it was done again after the cut."""


def cut_at_writes(
    folder: Path, stage: Stage, seed: int, writes: Iterable[int] = range(MOST_WRITES)
) -> int:
    """Cut once at each of these writes; return how many cuts fell into the work.

    It ends with the first write that comes after the work was done.
    """
    dice = random.Random(seed)
    cuts = 0
    for number in writes:
        disk = Disk(folder)
        disk.format()
        with disk.powered(0):
            stage.prepare(disk.root)
        work = work_until_cut(disk, stage.module, stage.words, dice, When(write=number))
        with disk.powered(dice.getrandbits(32)):
            work_on(stage.module, disk.root, stage.words)
            stage.check(disk.root)
        if work.done:
            break
        cuts += 1
    return cuts
