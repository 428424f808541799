"""A disk that lies: it acknowledges flushes and forgets them all the same.

No program can keep what such a disk lost. It can notice: a number that the hub was
told of is never given to something else.
"""

from __future__ import annotations

import random
from pathlib import Path

from tests.powercut import point
from tests.powercut.disk import Disk
from tests.powercut.findings import Findings
from tests.powercut.memory import Memory
from tests.powercut.rounds import Way, cut_once
from tests.powercut.writing import When, work_until_cut

WAY = Way()


def cut_lying_disks(folder: Path, cuts: int, seed: int, *, tell: bool) -> Findings:
    """Work on an honest disk, on one that lies, and go on. `tell`: the hub is heard.

    Numbers that come twice are counted as reused, whenever they do.
    """
    total = Findings()
    dice = random.Random(seed)
    for _ in range(cuts):
        memory = Memory()
        disk = Disk(folder)
        disk.format()
        total.add(cut_once(disk, memory, dice, WAY, 1))
        disk.lying = True
        lied = _work(disk, memory, dice)
        disk.lying = False
        with disk.powered(dice.getrandbits(32)):
            lied.add(memory.check(disk.root, tell=tell))
        total.add(lied)
        total.add(_work(disk, memory, dice))
    return total


def _work(disk: Disk, memory: Memory, dice: random.Random) -> Findings:
    words = (dice.getrandbits(32), WAY.synchronous, WAY.checkpoint_pages)
    when = When(promises=dice.randint(1, WAY.promises))
    return memory.hear(work_until_cut(disk, point, words, dice, when).said)
