"""Takes a batch in, one event a transaction, and kills itself after some of them.

Arguments: database URL, file with the batch, number of transactions.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from sync.hub.intake.ingest import Sender
from sync.hub.intake.intake import take_in
from sync.hub.intake.wire import read_batch
from sync.hub.store.database import Database
from sync.hub.store.turnstile import Lane
from tests.integration.hub_world import DAY, NOON


def main(url: str, batch: Path, transactions: int) -> None:
    database = Database(url)
    left = transactions

    def count_down(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(database.engine, "begin", count_down)
    ticket = database.turnstile.ticket(Lane.BACKLOG)
    events = read_batch(batch.read_bytes())
    take_in(database, Sender("k1", "A"), events, NOON + 2 * DAY, ticket, short_s=0.0)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
