"""Old events leave the ledger; what is left can still be checked, pushed and restored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.service.ports import Draft, Moment
from kiosk.service.retention import BATCH, Retention
from kiosk.store.errors import LedgerRefused
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.ledger_schema import Reason, events, subjects
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.agent.outbox import Outbox
from sync.protocol import AckedThrough, Clock, Event, Kind, Outcome
from tests.integration.broken_ledger import salvaged_events, zero_page
from tests.integration.store_samples import (
    AT,
    HUB_PUBLIC,
    KIOSK,
    ask,
    close,
    fact,
    verdict,
)

KEEP = dt.timedelta(days=90)
SYNCED = replace(AT, quality=Clock.SYNCED)


def days_later(days: float, quality: Clock = Clock.SYNCED) -> Moment:
    return replace(AT, wall=AT.wall + dt.timedelta(days=days), quality=quality)


class Keep:
    """A ledger, what the hub said of it, and the rule between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = SqliteLedger(folder / "ledger.db", KIOSK)
        self.hub = MirrorWriter(folder / "mirror.db", HUB_PUBLIC)
        self.reader = LedgerReader(folder / "ledger.db")
        self.mirror = MirrorReader(folder / "mirror.db")
        self.retention = Retention(self.ledger, self.mirror, KEEP)

    def record(self, *drafts: Draft, at: Moment = SYNCED) -> tuple[Event, ...]:
        return self.ledger.record(drafts, at)

    def facts(self, first: int, last: int, at: Moment = SYNCED) -> tuple[Event, ...]:
        return self.record(*(fact(n) for n in range(first, last + 1)), at=at)

    def judged(
        self, events: Sequence[Event], outcome: Outcome = Outcome.ACCEPTED
    ) -> None:
        """The hub holds all up to the last of these, and has judged them."""
        acked = AckedThrough(
            epoch=events[-1].epoch, seq=events[-1].seq, hash=events[-1].hash
        )
        given = [verdict(event, outcome) for event in events]
        self.hub.put_verdicts(given, acked, AT.wall)

    def remove(self, at: Moment) -> int:
        """Remove all that may go; return how many went."""
        total = 0
        while removed := self.retention.remove_some(at):
            total += removed
        return total

    def left(self) -> list[int]:
        epoch = self.ledger.head().epoch
        return [event.seq for event in self.reader.events_after(epoch, 0, 10_000)]

    def close(self) -> None:
        self.ledger.close()
        self.hub.close()


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    return Keep(tmp_path)


def test_old_judged_events_go_and_young_ones_stay(keep: Keep) -> None:
    with closing(keep):
        old = keep.facts(1, 3)
        young = keep.facts(4, 6, at=days_later(30))
        keep.judged((*old, *young))

        assert keep.remove(days_later(100)) == 3

        assert keep.left() == [4, 5, 6]
        assert keep.ledger.first_break() is None
        assert keep.remove(days_later(100)) == 0


def test_many_events_go_in_small_transactions(keep: Keep) -> None:
    with closing(keep):
        keep.judged(keep.facts(1, 2 * BATCH + 10))

        first = keep.retention.remove_some(days_later(100))

        assert first == BATCH
        assert keep.remove(days_later(100)) == BATCH + 9
        assert keep.left() == [2 * BATCH + 10]  # the head stays


def test_nothing_goes_that_the_hub_has_not_judged(keep: Keep) -> None:
    with closing(keep):
        recorded = keep.facts(1, 6)
        keep.judged(recorded[:2])
        keep.judged(recorded[2:3], Outcome.DEFERRED)

        assert keep.remove(days_later(100)) == 2

        assert keep.left() == [3, 4, 5, 6]


def test_a_refused_fact_stays_and_a_refused_ask_goes(keep: Keep) -> None:
    with closing(keep):
        asked = keep.record(ask(1), at=SYNCED)
        closed = keep.record(close(1, Kind.WITHDRAWN), at=SYNCED)
        refused = keep.facts(2, 2)
        more = keep.facts(3, 5)
        keep.judged(asked, Outcome.REFUSED)
        keep.judged(closed)
        keep.judged(refused, Outcome.REFUSED)
        keep.judged(more)

        assert keep.remove(days_later(100)) == 2

        assert keep.left() == [3, 4, 5, 6]


def test_an_open_ask_stays_with_all_behind_it(keep: Keep) -> None:
    with closing(keep):
        keep.judged((*keep.facts(1, 2), *keep.record(ask(3)), *keep.facts(4, 5)))

        assert keep.remove(days_later(100)) == 2

        assert [event.event_id for event in keep.ledger.open_asks()] == ["ask-3"]


@pytest.mark.parametrize("quality", [Clock.GUESSED, Clock.RTC])
def test_nothing_is_old_by_a_clock_that_is_not_sure(keep: Keep, quality: Clock) -> None:
    with closing(keep):
        keep.judged(keep.facts(1, 3))

        assert keep.remove(days_later(100, quality)) == 0
        assert keep.remove(days_later(100)) == 2


def test_a_guessed_date_says_nothing_of_an_events_age(keep: Keep) -> None:
    with closing(keep):
        old = keep.facts(1, 2)
        guessed = keep.facts(3, 4, at=days_later(-9000, Clock.GUESSED))
        keep.judged((*old, *guessed, *keep.facts(5, 6, at=days_later(99))))

        assert keep.remove(days_later(100)) == 2

        assert keep.left() == [3, 4, 5, 6]
        assert keep.remove(days_later(200)) == 3


def test_what_is_left_goes_on_after_a_restart(keep: Keep) -> None:
    with closing(keep):
        keep.judged(keep.facts(1, 20))
        keep.facts(21, 25, at=days_later(95))
        keep.remove(days_later(100))

    again = Keep(keep.folder)
    with closing(again):
        assert again.ledger.opening.began is None
        assert again.left() == [21, 22, 23, 24, 25]
        assert [event.seq for event in again.facts(26, 26)] == [26]
        assert again.ledger.first_break() is None


def test_an_event_missing_behind_the_removed_ones_is_noticed(keep: Keep) -> None:
    """The check must still be able to fail."""
    with closing(keep):
        keep.judged(keep.facts(1, 20))
        keep.facts(21, 25, at=days_later(95))
        keep.remove(days_later(100))
        first = keep.left()[0]
        with keep.ledger._engine.begin() as connection:
            for table in (subjects, events):
                connection.execute(table.delete().where(table.c.number == first))

        assert f"event {first} is missing" in (keep.ledger.first_break() or "")


def test_the_last_event_of_an_epoch_can_not_be_removed(keep: Keep) -> None:
    with closing(keep):
        recorded = keep.facts(1, 3)

        with pytest.raises(LedgerRefused, match="can't be removed"):
            keep.ledger.remove_through(recorded[-1])

        assert keep.left() == [1, 2, 3]


def test_a_trimmed_ledger_is_not_taken_for_one_that_was_rolled_back(keep: Keep) -> None:
    with closing(keep):
        recorded = keep.facts(1, 20)
        keep.judged(recorded)
        keep.remove(days_later(100))

    for held in (recorded[9], recorded[18]):  # restored hubs, and one that stands there
        acked = AckedThrough(epoch=held.epoch, seq=held.seq, hash=held.hash)
        with closing(SqliteLedger(keep.folder / "ledger.db", KIOSK, acked)) as again:
            assert again.opening.began is None


def test_another_event_where_the_ledger_now_starts_is_noticed(keep: Keep) -> None:
    with closing(keep):
        recorded = keep.facts(1, 20)
        keep.judged(recorded)
        keep.remove(days_later(100))
    acked = AckedThrough(epoch=recorded[0].epoch, seq=19, hash="ab" * 32)

    with closing(SqliteLedger(keep.folder / "ledger.db", KIOSK, acked)) as again:
        assert again.opening.began is Reason.BEHIND_HUB


def test_a_damaged_trimmed_ledger_is_salvaged(keep: Keep) -> None:
    with closing(keep):
        keep.judged(keep.facts(1, 20))
        unsent = keep.facts(21, 30, at=days_later(95))
        keep.remove(days_later(100))
    zero_page(keep.folder / "ledger.db", 1)

    with closing(SqliteLedger(keep.folder / "ledger.db", KIOSK)) as again:
        kept = salvaged_events(keep.folder / "ledger.db", unsent[0].epoch)
        assert again.opening.began is Reason.SALVAGED
        assert again.first_break() is None
        assert all(event in kept for event in unsent)


def test_a_restored_hub_is_sent_what_is_left(keep: Keep) -> None:
    with closing(keep):
        recorded = keep.facts(1, 20)
        keep.judged(recorded)
        young = keep.facts(21, 23, at=days_later(95))
        keep.judged((*recorded[19:], *young))
        keep.remove(days_later(100))
        outbox = Outbox(keep.reader, keep.hub)
        outbox.begin(recorded[0].epoch, 23, 23)
        holds = AckedThrough(epoch=recorded[0].epoch, seq=5, hash=recorded[4].hash)

        keep.hub.put_verdicts((), holds, AT.wall)
        outbox.hub_holds(holds)

        assert [event.seq for event in outbox.next_batch(0.0)] == keep.left()
        assert outbox.diverged() == ()


def test_a_rebuilt_mirror_begins_where_the_ledger_begins(
    keep: Keep, tmp_path: Path
) -> None:
    with closing(keep):
        keep.judged(keep.facts(1, 20))
        keep.facts(21, 23, at=days_later(95))
        keep.remove(days_later(100))
        rebuilt = MirrorWriter(tmp_path / "rebuilt.db", HUB_PUBLIC)
        with closing(rebuilt):
            outbox = Outbox(keep.reader, rebuilt)
            batch = outbox.next_batch(0.0)
            assert [event.seq for event in batch] == keep.left()

            rebuilt.skip_removed(keep.reader.removed())
            rebuilt.put_verdicts([verdict(event) for event in batch], None, AT.wall)
            outbox.settle([verdict(event) for event in batch], 0.0)

            assert rebuilt.status().settled_seq == 23
            assert outbox.pending() == 0
