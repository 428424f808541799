"""Damaged ledgers: what is set aside, salvaged and begun anew."""

from __future__ import annotations

import shutil
import sqlite3
import struct
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.service.ports import Security, TagState, TagTarget
from kiosk.store.errors import LedgerUnwritable
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_files import LedgerFiles
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.ledger_schema import PAGE_BYTES, Reason
from sync.protocol import AckedThrough, Kind, chain_hash
from tests.integration.broken_ledger import (
    EVENTS,
    closed_ledger,
    killed_ledger,
    salvaged_events,
    zero_page,
)
from tests.integration.ledger_world import path
from tests.integration.store_samples import (
    AT,
    KIOSK,
    ask,
    close,
    fact,
    record_facts,
)

__all__ = ["path"]

pytestmark = pytest.mark.fault("O09")

#: Of a row that spills over, SQLite keeps at least 39 bytes on its leaf page
#: (file format, 1.6); with its header and pointer that is 47.
ROWS_OF_A_PAGE = PAGE_BYTES // 47


def test_header_garbage_is_set_aside_and_every_event_salvaged(path: Path) -> None:
    events = closed_ledger(path)
    with path.open("r+b") as file:
        file.write(b"\xa5" * 100)
    damaged = path.read_bytes()

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.began is Reason.SALVAGED
        assert ledger.opening.salvaged == EVENTS
        assert "not a database" in (ledger.opening.fault or "")
        assert ledger.opening.set_aside == path.with_name("ledger.damaged-1.db")
        assert path.with_name("ledger.damaged-1.db").read_bytes() == damaged
        assert salvaged_events(path, events[0].epoch) == events
        assert ledger.first_break() is None


def test_salvage_begins_a_new_epoch_and_keeps_the_old_one_to_push(path: Path) -> None:
    events = closed_ledger(path)
    zero_page(path, 1)

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        (new,) = ledger.record([fact(100)], AT)

        assert (new.seq, new.epoch == events[0].epoch) == (1, False)
        assert LedgerReader(path).epochs() == (events[0].epoch, new.epoch)
        assert ledger.head().epoch == new.epoch


@pytest.mark.parametrize("place", [0.05, 0.2, 0.4, 0.6, 0.8, 1.0])
def test_zeroed_page_costs_no_more_than_what_lay_in_it(
    path: Path, place: float
) -> None:
    events = closed_ledger(path)
    last_page = path.stat().st_size // PAGE_BYTES
    zero_page(path, max(int(last_page * place), 1))

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        kept = salvaged_events(path, events[0].epoch)

        assert ledger.opening.began is Reason.SALVAGED
        assert all(event in events for event in kept)
        assert len(kept) >= EVENTS - ROWS_OF_A_PAGE


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_truncated_file_gives_what_is_left_of_it(path: Path, share: float) -> None:
    events = closed_ledger(path, 3 * EVENTS)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        kept = salvaged_events(path, events[0].epoch)

        assert ledger.opening.began is Reason.SALVAGED
        assert all(event in events for event in kept)
        # One leaf page names a dozen events; the first pages hold the definitions.
        assert len(kept) >= 3 * EVENTS * share - 30
        assert ledger.head().seq == 0


def test_events_still_in_the_wal_are_salvaged_too(path: Path) -> None:
    events = killed_ledger(path)
    path.write_bytes(b"\xa5" * path.stat().st_size)

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.salvaged == EVENTS
        assert salvaged_events(path, events[0].epoch) == events


def test_judged_events_are_left_in_the_damaged_file(path: Path) -> None:
    """Up to which number the hub has got says nothing of the events themselves."""
    events = closed_ledger(path)
    zero_page(path, 1)
    judged = {event.event_id for event in events[:20:2]}
    last = events[29]
    acked = AckedThrough(epoch=last.epoch, seq=last.seq, hash=last.hash)

    with closing(SqliteLedger(path, KIOSK, acked, final=judged.intersection)) as ledger:
        assert ledger.opening.salvaged == EVENTS - 10
        assert salvaged_events(path, last.epoch) == events[1:20:2] + events[20:]


@pytest.mark.parametrize("acked_count", [EVENTS, 0])
def test_salvaged_ledger_is_sound_at_the_next_start(
    path: Path, acked_count: int
) -> None:
    events = closed_ledger(path)
    zero_page(path, 1)
    last = events[acked_count - 1]
    acked = (
        AckedThrough(epoch=last.epoch, seq=last.seq, hash=last.hash)
        if acked_count
        else None
    )
    judged = {event.event_id for event in events[:acked_count]}
    final = judged.intersection
    with closing(SqliteLedger(path, KIOSK, acked, final=final)) as ledger:
        recorded = record_facts(ledger, 101, 102)

    with closing(SqliteLedger(path, KIOSK, acked, final=final)) as again:
        assert again.opening.began is None
        assert again.head().hash == recorded[-1].hash


def test_tag_states_and_receipts_outlive_a_broken_chain(path: Path) -> None:
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        ledger.record([fact(1)], AT, [TagTarget("E1", "B1", Security.OUT)])
        printed = {ledger.next_receipt() for _ in range(3)}
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE event SET hash = zeroblob(32)")

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert again.opening.salvaged == 0
        assert "not the content that was hashed" in (again.opening.fault or "")
        assert again.unhealed_tags() == (TagState("E1", "B1", Security.OUT, None),)
        assert again.next_receipt() not in printed


def test_receipt_numbers_never_come_back_after_total_loss(path: Path) -> None:
    printed: set[int] = set()
    for _ in range(3):
        with closing(SqliteLedger(path, KIOSK)) as ledger:
            number = ledger.next_receipt()
        assert number not in printed
        printed.add(number)
        path.write_bytes(b"")


def test_salvaged_asks_are_not_withdrawn(path: Path) -> None:
    """The page with their close may be the one that was lost."""
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        asked = ledger.record([ask(1), ask(2)], AT)
        ledger.record([close(1, Kind.CONFIRMED)], AT)
    zero_page(path, 1)

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert again.open_asks() == ()
        assert len(salvaged_events(path, asked[0].epoch)) == 3


def test_damage_after_damage_keeps_both_files(path: Path) -> None:
    first = closed_ledger(path, 5)
    zero_page(path, 1)
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        second = record_facts(ledger, 101, 105)
    zero_page(path, 1)

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert path.with_name("ledger.damaged-1.db").exists()
        assert again.opening.set_aside == path.with_name("ledger.damaged-2.db")
        assert salvaged_events(path, first[0].epoch) == first
        assert salvaged_events(path, second[0].epoch) == second
        assert again.first_break() is None


def leave_building(files: LedgerFiles) -> None:
    """Power went while a new ledger was being built."""
    files.building.write_bytes(b"half a ledger")


def leave_ready(files: LedgerFiles) -> None:
    """Power went between building the new ledger and setting the old one aside."""
    shutil.copy(files.db, files.ready)
    zero_page(files.db, 1)


def leave_only_ready(files: LedgerFiles) -> None:
    """Power went between setting the old one aside and the last renaming."""
    files.db.rename(files.ready)


@pytest.mark.parametrize("leave", [leave_building, leave_ready, leave_only_ready])
def test_replacing_goes_on_after_a_power_cut(
    path: Path, leave: Callable[[LedgerFiles], None]
) -> None:
    events = closed_ledger(path, 3)
    leave(LedgerFiles(path))

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.began is None
        assert salvaged_events(path, events[0].epoch) == events
        assert not LedgerFiles(path).ready.exists()


def test_folder_that_can_not_be_written_is_no_damage(path: Path) -> None:
    closed_ledger(path, 1)
    path.unlink()
    path.mkdir()

    with pytest.raises(LedgerUnwritable):
        SqliteLedger(path, KIOSK)

    assert path.is_dir()


def test_salvaged_events_are_the_ones_that_were_hashed(path: Path) -> None:
    """A page with garbage inside an event's content must not give an event."""
    events = closed_ledger(path)
    content = bytearray(path.read_bytes())
    place = content.index(b'"patron_ref":"P1"')
    struct.pack_into("17s", content, place, b'"patron_ref":"P2"')
    path.write_bytes(content)

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        kept = salvaged_events(path, events[0].epoch)

        assert ledger.opening.salvaged == EVENTS - 1
        assert all(event.hash == chain_hash(event) for event in kept)


def pages_with(path: Path, word: bytes, kind: int) -> list[int]:
    """Offsets of pages of one B-tree kind (their first byte) that hold a word."""
    content = path.read_bytes()
    return [
        start
        for start in range(0, len(content), PAGE_BYTES)
        if content[start] == kind and word in content[start : start + PAGE_BYTES]
    ]


def spoil_index(path: Path, word: bytes) -> None:
    """Write another key into the index entry of a row."""
    index_leaf = 0x0A
    (start,) = pages_with(path, word, index_leaf)
    content = bytearray(path.read_bytes())
    place = content.index(word, start)
    content[place : place + len(word)] = word[::-1]
    path.write_bytes(content)


def test_index_of_epochs_that_misses_a_row_is_noticed(path: Path) -> None:
    """The agent would not find the epoch, nor its events."""
    events = closed_ledger(path)
    spoil_index(path, events[0].epoch.encode())

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.opening.began is Reason.SALVAGED
        assert salvaged_events(path, events[0].epoch) == events


def test_ask_is_closed_though_the_index_of_events_misses_it(path: Path) -> None:
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        ledger.record([ask(1)], AT)
    spoil_index(path, b"ask-1")

    with closing(SqliteLedger(path, KIOSK)) as again:
        (closed,) = again.record([close(1)], AT)

        assert closed.loan_ref == "loan-1"


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE epoch SET before = 1000", "another place"),
        ("UPDATE epoch SET epoch = CAST(x'ff' AS TEXT)", "UTF-8"),
        ("UPDATE subject SET item = CAST(x'ff' AS TEXT)", "UTF-8"),
        ("DELETE FROM epoch", "no epoch"),
        ("DELETE FROM state", "no state"),
        ("DROP TABLE tag", "no such table"),
        ("ALTER TABLE tag DROP COLUMN since", "no such column"),
        ("INSERT INTO open_ask VALUES (999)", "open ask is not there"),
        ("UPDATE epoch SET before = 'x'", "row of epoch makes no sense"),
        ("UPDATE state SET receipts = 'x'", "row of state makes no sense"),
        ("UPDATE state SET receipts = 1 << 62", "row of state makes no sense"),
        ("INSERT INTO trimmed VALUES (1, 3, 'x')", "row of trimmed makes no sense"),
        (
            "INSERT INTO tag VALUES ('E1', 'B1', 'sideways', NULL, 1)",
            "row of tag makes no sense",
        ),
        (
            "INSERT INTO wish VALUES ('B1', 'sideways', 1)",
            "row of wish makes no sense",
        ),
        ("DELETE FROM subject WHERE number = 7", "do not match"),
        ("UPDATE event SET number = number + 1000 WHERE number = 7", "do not match"),
        ("UPDATE subject SET number = 1000 WHERE number = 40", "do not match"),
    ],
)
def test_content_that_makes_no_sense_is_set_aside(
    path: Path, statement: str, fault: str
) -> None:
    events = closed_ledger(path)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(statement)

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert fault in (ledger.opening.fault or "")
        assert salvaged_events(path, events[0].epoch) == events
    with closing(SqliteLedger(path, KIOSK)) as again:
        assert again.opening.fault is None


def test_tag_that_makes_no_sense_is_left_behind(path: Path) -> None:
    targets = [TagTarget(uid, "B1", Security.OUT) for uid in ("E1", "E2")]
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        ledger.record([fact(1)], AT, targets)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE tag SET desired = 'sideways' WHERE uid = 'E1'")
        other.execute("DELETE FROM epoch")

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert [tag.uid for tag in again.unhealed_tags()] == ["E2"]
