from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from kiosk.service.ports import Head, Security, TagState, TagTarget
from kiosk.store.errors import (
    LedgerRefused,
    LedgerTooNew,
)
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.ledger_schema import Reason
from sync.protocol import GENESIS_HASH, Event, Kind, Mode, canonical, chain_hash
from tests.integration.ledger_world import ledger, path, wal_bytes
from tests.integration.store_samples import (
    AT,
    KIOSK,
    ask,
    close,
    fact,
    kill,
    record_facts,
)

__all__ = ["ledger", "path"]


def test_first_event_is_number_one_and_follows_the_genesis_hash(
    ledger: SqliteLedger,
) -> None:
    (event,) = ledger.record([fact(1)], AT)

    assert (event.seq, event.prev_hash, event.kiosk_id) == (1, GENESIS_HASH, KIOSK)
    assert (event.occurred_at, event.boot_id) == (AT.wall, AT.boot_id)
    assert (event.monotonic_ns, event.clock) == (AT.monotonic_ns, AT.quality)


def test_events_of_one_call_and_of_later_ones_form_one_chain(
    ledger: SqliteLedger,
) -> None:
    first, second = ledger.record([fact(1), fact(2)], AT)
    (third,) = ledger.record([fact(3)], AT)

    assert [first.seq, second.seq, third.seq] == [1, 2, 3]
    assert (second.prev_hash, third.prev_hash) == (first.hash, second.hash)
    assert all(event.hash == chain_hash(event) for event in (first, second, third))
    assert ledger.head() == Head(third.epoch, 3, third.hash)


def test_empty_ledger_has_seq_zero_and_the_genesis_hash(ledger: SqliteLedger) -> None:
    head = ledger.head()

    assert (head.seq, head.hash) == (0, GENESIS_HASH)


def test_what_is_returned_is_what_is_read_back(
    path: Path, ledger: SqliteLedger
) -> None:
    odd = replace(fact(1), payload={"title": "红楼梦", "parts": (1, 2), "none": None})

    (event,) = ledger.record([odd], AT)

    assert LedgerReader(path).events_after(event.epoch, 0, 10) == (event,)
    assert canonical(msgspec.json.decode(msgspec.json.encode(event), type=Event)) == (
        canonical(event)
    )


def test_reopened_ledger_goes_on_in_the_same_epoch(path: Path) -> None:
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        (first,) = ledger.record([fact(1)], AT)

    with closing(SqliteLedger(path, KIOSK)) as again:
        (second,) = again.record([fact(2)], AT)

        assert again.opening.began is None
    assert (second.epoch, second.seq, second.prev_hash) == (first.epoch, 2, first.hash)


def test_killed_ledger_goes_on_in_the_same_epoch(path: Path) -> None:
    ledger = SqliteLedger(path, KIOSK)
    events = record_facts(ledger, 1, 5)
    kill(ledger)

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert again.opening.began is None
        assert again.head() == Head(events[-1].epoch, 5, events[-1].hash)


def test_events_of_a_failed_call_did_not_happen(ledger: SqliteLedger) -> None:
    with pytest.raises(LedgerRefused, match="ask-9"):
        ledger.record([fact(1), close(9)], AT, [TagTarget("E1", "B1", Security.OUT)])

    (event,) = ledger.record([fact(2)], AT)
    assert event.seq == 1
    assert ledger.tag_states(["E1"]) == {}


def test_same_event_id_is_refused(ledger: SqliteLedger) -> None:
    ledger.record([fact(1)], AT)

    with pytest.raises(LedgerRefused, match="event_id"):
        ledger.record([fact(1)], AT)


def test_ledger_works_on_after_a_refusal(ledger: SqliteLedger) -> None:
    record_facts(ledger, 1, 2)
    with pytest.raises(LedgerRefused):
        ledger.record([close(1)], AT)

    assert [event.seq for event in record_facts(ledger, 3, 4)] == [3, 4]


def test_ask_stays_open_until_it_is_closed(ledger: SqliteLedger) -> None:
    asked = ledger.record([ask(1), ask(2, "B2")], AT)
    assert ledger.open_asks() == asked

    ledger.record([close(1)], AT)

    assert ledger.open_asks() == asked[1:]


@pytest.mark.parametrize("kind", [Kind.CONFIRMED, Kind.WITHDRAWN])
def test_close_names_item_patron_and_loan_of_its_ask(
    ledger: SqliteLedger, kind: Kind
) -> None:
    ledger.record([ask(1, "B7", "P7")], AT)

    (closed,) = ledger.record([close(1, kind)], AT)

    assert (closed.item, closed.patron_ref, closed.loan_ref) == ("B7", "P7", "loan-1")
    assert closed.mode is Mode.FACT


def test_close_keeps_what_its_draft_says(ledger: SqliteLedger) -> None:
    ledger.record([ask(1)], AT)

    (closed,) = ledger.record([replace(close(1), loan_ref="loan-new")], AT)

    assert (closed.item, closed.loan_ref) == ("B1", "loan-new")


def test_ask_is_never_closed_twice(ledger: SqliteLedger) -> None:
    ledger.record([ask(1)], AT)
    ledger.record([close(1)], AT)

    with pytest.raises(LedgerRefused, match="no open ask"):
        ledger.record([replace(close(1, Kind.WITHDRAWN), event_id="again")], AT)


def test_two_closes_of_an_ask_in_one_call_are_refused(ledger: SqliteLedger) -> None:
    ledger.record([ask(1)], AT)
    again = replace(close(1, Kind.WITHDRAWN), event_id="again")

    with pytest.raises(LedgerRefused, match="no open ask"):
        ledger.record([close(1), again], AT)

    assert [event.event_id for event in ledger.open_asks()] == ["ask-1"]


def test_a_stack_is_closed_in_one_call(ledger: SqliteLedger) -> None:
    ledger.record([ask(n, f"B{n}") for n in range(1, 11)], AT)

    closed = ledger.record([close(n) for n in range(10, 1, -1)], AT)

    assert [event.item for event in closed] == [f"B{n}" for n in range(10, 1, -1)]
    assert [event.item for event in ledger.open_asks()] == ["B1"]


def test_an_ask_may_be_closed_in_the_call_that_makes_it(ledger: SqliteLedger) -> None:
    _, closed = ledger.record([ask(1), close(1)], AT)

    assert closed.loan_ref == "loan-1"
    assert ledger.open_asks() == ()


def test_events_of_several_items_come_in_one_order(ledger: SqliteLedger) -> None:
    drafts = [fact(1, "B1"), fact(2, "B2"), fact(3, "B3"), fact(4, "B1")]
    events = ledger.record(drafts, AT)

    found = ledger.events_of_items(["B3", "B1"], 0)

    assert found == (events[0], events[2], events[3])
    assert ledger.events_of_items(["B1"], 1) == (events[3],)
    assert ledger.events_of_items([], 0) == ()


@pytest.mark.parametrize("refers_to", [None, "fact-1", "unknown"])
def test_close_of_anything_but_an_open_ask_is_refused(
    ledger: SqliteLedger, refers_to: str | None
) -> None:
    ledger.record([fact(1)], AT)

    with pytest.raises(LedgerRefused, match="no open ask"):
        ledger.record([replace(close(1), refers_to=refers_to)], AT)


def test_open_asks_survive_a_restart(path: Path) -> None:
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        asked = ledger.record([ask(1)], AT)

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert again.open_asks() == asked


def test_events_of_item_and_patron_come_in_order_after_a_seq(
    ledger: SqliteLedger,
) -> None:
    events = ledger.record(
        [fact(1, "B1", "P1"), fact(2, "B2", "P1"), ask(3, "B1", "P2")], AT
    )
    closed = ledger.record([close(3)], AT)

    assert ledger.events_of_item("B1", 0) == (events[0], events[2], *closed)
    assert ledger.events_of_item("B1", 1) == (events[2], *closed)
    assert ledger.events_of_patron("P1", 0) == events[:2]
    assert ledger.events_of_patron("P2", 3) == closed
    assert ledger.events_of_item("B9", 0) == ()


def test_events_of_older_epochs_are_not_part_of_the_view(ledger: SqliteLedger) -> None:
    record_facts(ledger, 1, 3)
    ledger.begin_epoch(Reason.BEHIND_HUB)

    (event,) = ledger.record([fact(4)], AT)

    assert ledger.events_of_item("B1", 0) == (event,)
    assert (event.seq, event.prev_hash) == (1, GENESIS_HASH)


def test_new_epoch_gives_up_open_asks(ledger: SqliteLedger) -> None:
    ledger.record([ask(1)], AT)

    ledger.begin_epoch(Reason.BEHIND_HUB)

    assert ledger.open_asks() == ()


def test_tag_is_unhealed_until_it_is_seen_as_desired(ledger: SqliteLedger) -> None:
    ledger.record([fact(1)], AT, [TagTarget("E1", "B1", Security.OUT)])
    assert ledger.unhealed_tags() == (TagState("E1", "B1", Security.OUT, None),)

    ledger.note_seen({"E1": Security.IN, "unknown": Security.IN})
    assert ledger.unhealed_tags() == (TagState("E1", "B1", Security.OUT, Security.IN),)

    ledger.note_seen({"E1": Security.OUT})
    assert ledger.unhealed_tags() == ()
    assert ledger.tag_states(["E1", "unknown"]) == {
        "E1": TagState("E1", "B1", Security.OUT, Security.OUT)
    }


def test_new_target_forgets_what_was_seen_before(ledger: SqliteLedger) -> None:
    """Lent here, returned and armed elsewhere, lent here again: it must be disarmed."""
    ledger.record([fact(1)], AT, [TagTarget("E1", "B1", Security.OUT)])
    ledger.note_seen({"E1": Security.OUT})

    ledger.record([fact(2)], AT, [TagTarget("E1", "B1", Security.OUT)])

    assert ledger.unhealed_tags() == (TagState("E1", "B1", Security.OUT, None),)


def test_unhealed_tags_come_oldest_first(ledger: SqliteLedger) -> None:
    for number, uid in enumerate(["E3", "E1", "E2"]):
        ledger.record([fact(number)], AT, [TagTarget(uid, "B1", Security.OUT)])

    assert [tag.uid for tag in ledger.unhealed_tags()] == ["E3", "E1", "E2"]


def test_forgotten_tags_are_gone(ledger: SqliteLedger) -> None:
    targets = [TagTarget(uid, "B1", Security.OUT) for uid in ("E1", "E2")]
    ledger.record([], AT, targets)

    ledger.forget_tags(["E1", "unknown"])

    assert [tag.uid for tag in ledger.unhealed_tags()] == ["E2"]


def test_tag_seen_as_before_writes_nothing(path: Path, ledger: SqliteLedger) -> None:
    ledger.record([fact(1)], AT, [TagTarget("E1", "B1", Security.OUT)])
    ledger.note_seen({"E1": Security.OUT})
    before = wal_bytes(path)

    ledger.note_seen({"E1": Security.OUT})

    assert wal_bytes(path) == before


def test_receipts_count_on_over_restarts(path: Path) -> None:
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert [ledger.next_receipt(), ledger.next_receipt()] == [1, 2]

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert again.next_receipt() == 3


def test_threads_that_share_a_ledger_leave_one_chain(ledger: SqliteLedger) -> None:
    def work(first: int) -> None:
        record_facts(ledger, first, first + 9)

    threads = [threading.Thread(target=work, args=(100 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ledger.head().seq == 40
    assert ledger.first_break() is None


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        (
            "UPDATE event SET body = replace(body, 'P1', 'P2') WHERE number = 3",
            "event 3",
        ),
        ("UPDATE event SET hash = zeroblob(32) WHERE number = 3", "event 3"),
        ("DELETE FROM event WHERE number = 3", "event 3"),
        ("DELETE FROM event WHERE number = 1", "event 1"),
        ("UPDATE event SET number = 99 WHERE number = 5", "event 99"),
    ],
)
def test_tampered_row_is_found(
    path: Path, ledger: SqliteLedger, statement: str, found: str
) -> None:
    record_facts(ledger, 1, 5)
    assert ledger.first_break() is None

    with closing(sqlite3.connect(path)) as other, other:
        other.execute("PRAGMA foreign_keys = OFF")
        other.execute(statement)

    assert found in (ledger.first_break() or "")


def test_event_with_a_matching_hash_in_the_wrong_place_is_found(
    path: Path, ledger: SqliteLedger
) -> None:
    events = record_facts(ledger, 1, 3)
    forged = msgspec.structs.replace(events[1], patron_ref="P2")
    digest = bytes.fromhex(chain_hash(forged))

    with closing(sqlite3.connect(path)) as other, other:
        change = "UPDATE event SET body = ?, hash = ? WHERE number = 2"
        other.execute(change, (canonical(forged), digest))

    assert "event 3: it does not follow" in (ledger.first_break() or "")


def test_ledger_of_a_newer_program_is_left_alone(path: Path) -> None:
    SqliteLedger(path, KIOSK).close()
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA user_version = 99")
    before = path.read_bytes()

    with pytest.raises(LedgerTooNew, match="99"):
        SqliteLedger(path, KIOSK)

    assert path.read_bytes() == before
    with pytest.raises(LedgerTooNew, match="99"):
        LedgerReader(path).head()


def test_other_kiosk_id_begins_a_new_epoch_with_what_was_not_judged(
    path: Path,
) -> None:
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        judged, waiting = ledger.record([fact(1), fact(2)], AT)

    with closing(
        SqliteLedger(path, "K-2", final=lambda _ids: {judged.event_id})
    ) as again:
        (last,) = again.record([fact(3)], AT)

        assert again.opening.began is Reason.OTHER_KIOSK
    anew = LedgerReader(path).events_after(last.epoch, 0, 10)
    assert [event.event_id for event in anew] == [waiting.event_id, last.event_id]
    assert {event.kiosk_id for event in anew} == {"K-2"}
