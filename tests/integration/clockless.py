"""A point that lends one book by its local rule; to be run under a false clock.

    python -m tests.integration.clockless FOLDER BARCODE

Prints, as JSON, what the reader is told and what all clocks said of the loan.
"""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path

from sqlalchemy import create_engine, text

from kiosk.assembly import new_id
from kiosk.clock import SystemClock
from kiosk.domain.session import Book, BookClass
from kiosk.domain.values import Patron, PatronState
from kiosk.identity import load_identity
from kiosk.service.daybook import Daybook
from kiosk.service.knowledge import Knowledge
from kiosk.service.lending import Lending
from kiosk.store.ledger import SqliteLedger
from kiosk.store.mirror import MirrorReader


def main(folder: Path, barcode: str) -> None:
    identity = load_identity(folder)
    assert identity is not None
    mirror = MirrorReader(folder / "mirror.db")
    clock = SystemClock(synchronised=lambda: False, rtc=Path("/nonexistent"))
    clock.learn(mirror.hub_time())
    at = clock.now()
    with closing(SqliteLedger(folder / "ledger.db", identity.kiosk_id)) as ledger:
        knowledge = Knowledge(ledger, mirror)
        daybook = Daybook(knowledge, identity.site_id, lambda: at, new_id)
        result = Lending(daybook).lend_alone(
            _an_adult(folder, mirror), [Book(barcode, BookClass.OWN, barcode)], "S-1"
        )
    words = result.lines[0].message
    told = {
        "told": words and words.id,
        "wall": at.wall.isoformat(),
        "quality": at.quality.value,
        "boottime_ns": at.monotonic_ns,
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _an_adult(folder: Path, mirror: MirrorReader) -> Patron:
    """The first whose books are due in a month; children and guests have less."""
    engine = create_engine(f"sqlite:///{folder / 'mirror.db'}")
    with engine.connect() as conn:
        query = text("SELECT patron_ref FROM patron ORDER BY patron_ref")
        refs: list[str] = list(conn.execute(query).scalars())
    engine.dispose()
    patrons = filter(None, map(mirror.patron, refs))
    sought = ("ADULT", PatronState.VALID)
    return next(one for one in patrons if (one.patron_type, one.state) == sought)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
