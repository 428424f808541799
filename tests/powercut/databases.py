"""The other two databases under power cuts: the agent's mirror and the hub's own."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import func, select

from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.hub.county.export import loan_lines
from sync.hub.store import schema
from sync.hub.store.database import Database
from tests.integration.hub_world import fresh_hub, furnish
from tests.integration.store_samples import HUB_PUBLIC
from tests.powercut import ingesting, mirroring
from tests.powercut.disk import Disk
from tests.powercut.findings import Findings
from tests.powercut.writing import When, some_time, work_until_cut

MOST_WRITES = 400
MOST_PROMISES = 40


def cut_mirrors(folder: Path, cuts: int, seed: int) -> Findings:
    """A mirror may forget its last pages, which the hub tells again; never a part of one.

    `lost` therefore counts titles that do not fit the cursor.
    """
    dice = random.Random(seed)
    disk = Disk(folder)
    disk.format()
    total = Findings()
    for number in range(cuts):
        work = work_until_cut(disk, mirroring, (), dice, _when(dice, number))
        found = Findings(cuts=1, acked=len(work.said))
        with disk.powered(dice.getrandbits(32)):
            path = disk.root / "mirror.db"
            with closing(MirrorWriter(path, HUB_PUBLIC)) as mirror:
                cursor = mirror.cursor()
            found.lost = _titles_unlike(path, cursor)
            found.faults = _damage(path)
            found.faults += [p.name for p in disk.root.glob("mirror.damaged-*.db")]
            disk.cut()
        total.add(found)
    return total


def cut_hubs(folder: Path, cuts: int, seed: int) -> Findings:
    """What a hub answered is there after the cut, with its verdict and effect, once."""
    dice = random.Random(seed)
    disk = Disk(folder)
    disk.format()
    with disk.powered(0):
        url = f"sqlite:///{disk.root / ingesting.DATABASE}"
        with fresh_hub(url, disk.root) as hub:
            furnish(hub)
    total = Findings()
    for number in range(cuts):
        words = (dice.getrandbits(32),)
        work = work_until_cut(disk, ingesting, words, dice, _when(dice, number))
        with disk.powered(dice.getrandbits(32)):
            total.add(_hub_findings(disk.root / ingesting.DATABASE, work.said))
            disk.cut()
    return total


def _when(dice: random.Random, number: int) -> When:
    return some_time(dice, MOST_WRITES, MOST_PROMISES, at_write=number % 2 == 0)


def _titles_unlike(path: Path, cursor: int) -> int:
    if cursor == 0:
        return 0
    reader = MirrorReader(path)
    titles = [reader.title(f"T{place}") for place in range(mirroring.TITLES)]
    return sum(title is None or title.title != str(cursor) for title in titles)


def _hub_findings(path: Path, said: list[list[str]]) -> Findings:
    acked = max((int(word) for what, word in said if what == "done"), default=0)
    under_way = int(said[-1][1]) if said and said[-1][0] == "begin" else 0
    events = schema.events.c
    with closing(Database(f"sqlite:///{path}")) as database, database.reading() as conn:
        held, last, judged = conn.execute(
            select(func.count(), func.max(events.seq), func.count(events.verdict))
        ).one()
        loans = [line.event_id for line in loan_lines(conn)]
    last = last or 0
    tail = last - acked if acked else 0
    checkouts = (last + 1) // 2
    return Findings(
        cuts=1,
        acked=sum(int(word) for what, word in said if what == "begin") - under_way,
        lost=max(0, acked - last) + last - held + held - judged,
        losing_cuts=int(acked > last),
        reused=len(loans) - len(set(loans)) + abs(checkouts - len(set(loans))),
        in_doubt=int(tail > 0),
        torn=int(tail not in (0, under_way)),
        faults=_damage(path),
    )


def _damage(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        (verdict,) = connection.execute("PRAGMA integrity_check").fetchone()
    return [] if verdict == "ok" else [str(verdict)]
