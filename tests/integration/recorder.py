"""A kiosk in a loop: records until it is killed and prints what was acknowledged.

    python -m tests.integration.recorder FOLDER

Each line on standard output is the event_id, seq and hash of an event that
`record` has returned; whoever reads it has been told that it is safe.
"""

from __future__ import annotations

import sys
import uuid
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from kiosk import logs
from kiosk.service.ports import Security, TagTarget
from kiosk.store.ledger import SqliteLedger
from tests.integration.store_samples import AT, KIOSK, fact


def main(folder: Path) -> None:
    logs.configure()  # to standard error
    with closing(SqliteLedger(folder / "ledger.db", KIOSK)) as ledger:
        for number in range(1_000_000):
            drafts = [
                replace(fact(number), event_id=str(uuid.uuid4())) for _ in range(2)
            ]
            target = TagTarget(f"E{number % 50}", "B1", Security.OUT)
            for event in ledger.record(drafts, AT, [target]):
                sys.stdout.write(f"{event.event_id} {event.seq} {event.hash}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
