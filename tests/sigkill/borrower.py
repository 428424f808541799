"""A point without a screen: lends and takes back until it is killed.

    python -m tests.sigkill.borrower FOLDER SITE SEED PATRON_REF…

Reads what the agent wrote into the mirror, rings the agent, and says `done EPOCH SEQ
HASH`, the end of the chain, after each use case that has returned.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from kiosk import logs
from kiosk.bell import Bell, agent_bell
from kiosk.clock import SystemClock
from kiosk.domain.session import Book, BookClass
from kiosk.domain.values import Patron
from kiosk.identity import load_identity
from kiosk.service.daybook import Daybook
from kiosk.service.knowledge import Knowledge
from kiosk.service.lending import Lending
from kiosk.service.ports import Security
from kiosk.service.returning import Returning
from kiosk.store.ledger import SqliteLedger
from kiosk.store.mirror import MirrorReader
from tests.bench.lending_point import new_id
from tests.integration.hub_world import ITEMS
from tests.powercut.writing import say
from tests.waiting import eventually

#: Between two visits, so that the hub keeps up.
PAUSE_S = 0.01


def main(folder: Path, site: str, seed: int, patron_refs: Sequence[str]) -> None:
    logs.configure()  # to standard error
    dice = random.Random(seed)
    identity = load_identity(folder)
    assert identity is not None
    mirror = MirrorReader(folder / "mirror.db")
    with (
        closing(SqliteLedger(folder / "ledger.db", identity.kiosk_id)) as ledger,
        closing(Bell(agent_bell(folder))) as bell,
    ):
        eventually(lambda: mirror.rules() is not None, "the agent has pulled the rules")
        knowledge = Knowledge(ledger, mirror)
        daybook = Daybook(knowledge, site, SystemClock().now, new_id)
        daybook.withdraw_open_asks()
        while True:
            _visit(daybook, mirror.patron(dice.choice(patron_refs)), dice)
            head = ledger.head()
            say("done", head.epoch, head.seq, head.hash)
            bell.ring()
            time.sleep(PAUSE_S)


def _visit(daybook: Daybook, patron: Patron | None, dice: random.Random) -> None:
    """Bring back what is lent; else borrow it, with or without asking first."""
    barcode = dice.choice(ITEMS)
    uid = f"E004{barcode}"
    book = Book(barcode, BookClass.OWN, barcode, uids=(uid,))
    lending, session = Lending(daybook), new_id(daybook.now())
    if daybook.knowledge.loan_of(barcode) is not None:
        Returning(daybook).take_back([book], {uid: Security.IN}, session)
    elif patron is None:
        return
    elif dice.random() < 0.5:
        lending.lend_alone(patron, [book], session)
    else:
        asked = lending.ask(patron, [book], session)
        event_ids = [plan.ask.event_id for plan in asked if plan.ask]
        verdicts = daybook.knowledge.mirror.verdicts(event_ids)
        lending.settle(asked, verdicts, session)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4:])
