"""A lending point that lends and takes back until its power is cut.

    python -m tests.powercut.point FOLDER SEED SYNCHRONOUS CHECKPOINT_PAGES

Says `begin N` before a use case that records N events, and `done EPOCH SEQ HASH`,
the end of the chain, when it has returned. `SYNCHRONOUS` other than FULL is for
positive controls; a small `CHECKPOINT_PAGES` makes for many checkpoints.
"""

from __future__ import annotations

import random
import sys
from contextlib import closing
from pathlib import Path

from kiosk import logs
from kiosk.service.ports import Security
from kiosk.service.returning import Returning
from tests.bench.lending_point import STACK, LendingPoint, lending_point
from tests.powercut.writing import await_word, say

PATRONS = 12


def main(folder: Path, seed: int, synchronous: str, checkpoint_pages: int) -> None:
    logs.configure()  # to standard error
    dice = random.Random(seed)
    await_word()
    with lending_point(folder, PATRONS) as point:
        _tune(point, synchronous, checkpoint_pages)
        while True:
            _serve(point, dice.randrange(PATRONS), dice.randint(1, STACK))


def _tune(point: LendingPoint, synchronous: str, checkpoint_pages: int) -> None:
    # Not through SQLAlchemy, which begins a transaction, where this may not be changed.
    with closing(point.ledger._engine.raw_connection().cursor()) as cursor:
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {checkpoint_pages}")


def _serve(point: LendingPoint, patron: int, books: int) -> None:
    """One visit: who has books gives all of them back, who has none borrows."""
    knowledge = point.lending.daybook.knowledge
    stack = point.stack(patron, STACK)
    lent = knowledge.loans_of_items([book.barcode for book in stack])
    brought = [book for book in stack if book.barcode in lent]
    say("begin", len(brought) or books)
    if brought:
        armed = {uid: Security.IN for book in brought for uid in book.uids}
        Returning(point.lending.daybook).take_back(brought, armed, f"S{patron}")
    else:
        point.lend(patron, books)
    head = point.ledger.head()
    say("done", head.epoch, head.seq, head.hash)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
