"""A hub that takes in batches until its power is cut.

    python -m tests.powercut.ingesting FOLDER SEED

Says `begin N` before a batch of N events and `done SEQ`, the last one, once it is
answered. It goes on from what its database holds.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import select

from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.setup import open_hub
from sync.protocol import Event
from tests.integration.hub_world import ITEMS, MINUTE, NOON, County, Kiosk
from tests.powercut.writing import await_word, say

MOST_EVENTS = 6
DATABASE, KEY = "hub.db", "hub.key"


def main(folder: Path, seed: int) -> None:
    dice = random.Random(seed)
    await_word()
    with closing(Database(f"sqlite:///{folder / DATABASE}")) as database:
        hub = open_hub(database, folder / KEY)
        county = County(hub, _refs(database), k1=continued(database))
        while True:
            events = list(_events(county, dice.randint(1, MOST_EVENTS)))
            say("begin", len(events))
            county.send(*events)
            say("done", county.k1.seq)


def continued(database: Database) -> Kiosk:
    """The kiosk that sent what the hub holds, about to send the next."""
    events = schema.events.c
    query = select(events.seq, events.hash).where(events.kiosk_id == "k1")
    with database.reading() as conn:
        last = conn.execute(query.order_by(events.seq.desc()).limit(1)).first()
    kiosk = Kiosk("k1", "A")
    if last is not None:
        kiosk.seq, kiosk.hash = last
    return kiosk


def _events(county: County, count: int) -> Iterator[Event]:
    """Odd numbers lend a book, even ones bring it back."""
    patron_ref = next(iter(county.refs.values()))
    for _ in range(count):
        number = county.k1.seq + 1
        item, at = ITEMS[(number + 1) // 2 % len(ITEMS)], NOON + number * MINUTE
        if number % 2:
            yield county.k1.lends(item, patron_ref, at)
        else:
            yield county.k1.takes_back(item, at)


def _refs(database: Database) -> dict[str, str]:
    people = schema.patrons.c
    with database.reading() as conn:
        rows = conn.execute(select(people.number, people.patron_ref)).all()
    return {row.number: row.patron_ref for row in rows}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
