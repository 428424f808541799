"""A batch taken in by several short transactions, so that others get their turn.

Each event is stored, judged and answered within one of them. When the process
dies between two, the kiosk gets no answer and sends the batch again: what was
taken in has its verdict, and the rest is new.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence

from sync.hub.intake.ingest import Ingested, Sender, ingest
from sync.hub.intake.wire import Received
from sync.hub.store.database import Database
from sync.hub.store.turnstile import Ticket
from sync.protocol import Verdict

#: A transaction takes in no further event this long after its first one, or as long
#: as that one took with all that was read for it, if that is more.
SHORT_S = 0.03
#: Nor more than these; repeats take no time worth mentioning.
SHORT_EVENTS = 50


def take_in(
    database: Database,
    sender: Sender,
    batch: Sequence[Received],
    now: dt.datetime,
    ticket: Ticket,
    short_s: float = SHORT_S,
) -> Ingested:
    """Store and judge a batch in order, whoever else writes in between."""
    taken = Ingested((), None)
    verdicts: list[Verdict] = []
    while len(verdicts) < len(batch):
        with database.writing(ticket) as conn:
            rest = batch[len(verdicts) :][:SHORT_EVENTS]
            taken = ingest(conn, sender, rest, now, time_up(short_s))
        verdicts += taken.verdicts
    return Ingested(tuple(verdicts), taken.acked_through)


def time_up(
    short_s: float, clock: Callable[[], float] = time.monotonic
) -> Callable[[], bool]:
    """Counts from the first question: what all events share is read by then.

    Where reading it took longer, so may the rest: a slow machine would else read
    much for few events, and become slower still.
    """
    begun_s = clock()
    ends_s: list[float] = []

    def is_up() -> bool:
        now_s = clock()
        ends_s.append(now_s + max(short_s, now_s - begun_s if short_s else 0.0))
        return now_s >= ends_s[0]

    return is_up
