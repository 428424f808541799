from __future__ import annotations

import json
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kiosk.cli import main
from kiosk.clock import SystemClock
from kiosk.health import Health, save_health
from kiosk.identity import Identity, save_identity
from kiosk.link import Link, boot_id, save_link
from kiosk.service.ports import Security, Storage, TagTarget
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_schema import Reason
from kiosk.store.mirror_writer import MirrorWriter
from sync.protocol import AckedThrough, Event, Outcome
from tests.integration.store_samples import (
    AT,
    HUB_PUBLIC,
    KIOSK,
    NOON,
    fact,
    record_facts,
    verdict,
)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["queue", *arguments])


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def judge(folder: Path, event: Event, outcome: Outcome) -> None:
    with closing(MirrorWriter(folder / "mirror.db", HUB_PUBLIC)) as mirror:
        acked = AckedThrough(epoch=event.epoch, seq=event.seq, hash=event.hash)
        mirror.put_verdicts([verdict(event, outcome)], acked, NOON)


@pytest.fixture
def events(tmp_path: Path) -> tuple[Event, ...]:
    with closing(SqliteLedger(tmp_path / "ledger.db", KIOSK)) as ledger:
        return record_facts(ledger, 1, 4)


def test_without_a_mirror_everything_is_pending(
    tmp_path: Path, events: tuple[Event, ...]
) -> None:
    (status,) = lines(run("status", "--data", str(tmp_path), "--json"))

    assert (status["pending"], status["epoch"], status["seq"]) == (
        4,
        events[0].epoch,
        4,
    )
    assert status["synced_at"] is None
    assert status["oldest_pending_s"] >= 0


def test_event_is_pending_until_it_has_a_final_verdict(
    tmp_path: Path, events: tuple[Event, ...]
) -> None:
    outcomes = [
        Outcome.ACCEPTED,
        Outcome.DEFERRED,
        Outcome.REFUSED,
        Outcome.NEEDS_STAFF,
    ]
    for event, outcome in zip(events, outcomes, strict=True):
        judge(tmp_path, event, outcome)

    (status,) = lines(run("status", "--data", str(tmp_path), "--json"))
    listed = lines(run("list", "--data", str(tmp_path), "--json"))

    assert status["pending"] == status["deferred"] == 1
    assert status["refused"] == status["needs_staff"] == 1
    assert [row["event_id"] for row in listed] == ["fact-2"]


def test_list_masks_the_patron(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "ledger.db", KIOSK)) as ledger:
        ledger.record([fact(1, "B1", "P-000123")], AT)

    as_json = run("list", "--data", str(tmp_path), "--json")
    as_text = run("list", "--data", str(tmp_path))

    assert lines(as_json)[0]["patron_ref"] == "***23"
    assert lines(as_json)[0]["item"] == "B1"
    assert "***23" in as_text.stdout
    assert "P-000123" not in as_json.output + as_text.output


def test_events_of_an_older_epoch_are_listed_first(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "ledger.db", KIOSK)) as ledger:
        (old,) = record_facts(ledger, 1, 1)
        ledger.begin_epoch(Reason.BEHIND_HUB)
        (new,) = record_facts(ledger, 2, 2)

    listed = lines(run("list", "--data", str(tmp_path), "--json"))

    assert [row["epoch"] for row in listed] == [old.epoch, new.epoch]


def test_what_is_stuck_is_what_the_hub_put_off_or_can_not_take(
    tmp_path: Path, events: tuple[Event, ...]
) -> None:
    judge(tmp_path, events[0], Outcome.DEFERRED)
    now_s = time.monotonic()
    save_link(tmp_path, Link(boot_id=boot_id(), at_s=now_s, online=True, held_back=2))
    save_health(tmp_path, Health(ready=True, storage=Storage.LOW))

    (status,) = lines(run("status", "--data", str(tmp_path), "--json"))

    assert (status["deferred"], status["held_back"], status["stuck"]) == (1, 2, 3)
    assert (status["online"], status["storage"]) == (True, "low")


def test_what_an_agent_said_that_fell_silent_does_not_count(
    tmp_path: Path, events: tuple[Event, ...]
) -> None:
    save_link(tmp_path, Link(boot_id="earlier", online=True, held_back=2))

    (status,) = lines(run("status", "--data", str(tmp_path), "--json"))

    assert (status["pending"], status["stuck"]) == (len(events), 0)
    unknown = (status["held_back"], status["online"], status["storage"])
    assert unknown == (None, None, None)


def test_tags_that_are_still_wrong_are_listed_with_their_books(tmp_path: Path) -> None:
    targets = [
        TagTarget("E1", "B1", Security.OUT),
        TagTarget("E2", "B2", Security.OUT),
        TagTarget(None, "B3", Security.IN),
    ]
    with closing(SqliteLedger(tmp_path / "ledger.db", KIOSK)) as ledger:
        ledger.record([fact(1)], AT, targets)
        ledger.note_seen({"E1": Security.IN, "E2": Security.OUT})

    listed = lines(run("tags", "--data", str(tmp_path), "--json"))
    (status,) = lines(run("status", "--data", str(tmp_path), "--json"))

    assert listed == [
        {"item": "B1", "tag": "E1", "desired": "out", "seen": "in", "given_up": False},
        {"item": "B3", "tag": None, "desired": "in", "seen": None, "given_up": False},
    ]
    assert status["unhealed_tags"] == 2
    as_text = run("tags", "--data", str(tmp_path)).stdout.splitlines()
    assert as_text == [
        "B1  E1  shall be out, is in",
        "B3  -  shall be in, is unknown",
    ]


@pytest.mark.parametrize(("item", "other"), [("B1", "B3"), ("B3", "B1")])
def test_the_tags_of_a_book_can_be_given_up(
    tmp_path: Path, item: str, other: str
) -> None:
    targets = [TagTarget("E1", "B1", Security.OUT), TagTarget(None, "B3", Security.IN)]
    save_identity(tmp_path, Identity(KIOSK, "S1", ""))
    with closing(SqliteLedger(tmp_path / "ledger.db", KIOSK)) as ledger:
        ledger.record([fact(1)], AT, targets)
        running = run("tags", "--data", str(tmp_path), "--forget", item)
    given_up = run("tags", "--data", str(tmp_path), "--json", "--forget", item)
    twice = run("tags", "--data", str(tmp_path), "--forget", item)

    assert running.exit_code == 1
    assert [row["item"] for row in lines(given_up)] == [other]
    assert (twice.exit_code, item in twice.output) == (1, True)


def test_queue_works_beside_a_running_kiosk(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "ledger.db", KIOSK)) as ledger:
        record_facts(ledger, 1, 2)

        (status,) = lines(run("status", "--data", str(tmp_path), "--json"))

        assert status["pending"] == 2
        assert [event.seq for event in record_facts(ledger, 3, 3)] == [3]


def test_age_is_told_by_the_clock_since_boot(tmp_path: Path) -> None:
    now = SystemClock().now()
    with closing(SqliteLedger(tmp_path / "ledger.db", KIOSK)) as ledger:
        ledger.record([fact(1)], now)

    (status,) = lines(run("status", "--data", str(tmp_path), "--json"))

    assert 0 <= status["oldest_pending_s"] <= 60


def test_empty_queue_says_so(tmp_path: Path) -> None:
    SqliteLedger(tmp_path / "ledger.db", KIOSK).close()

    result = run("status", "--data", str(tmp_path))

    assert result.exit_code == 0
    assert "pending: 0" in result.stdout
    assert "oldest_pending_s: none" in result.stdout
    assert run("list", "--data", str(tmp_path)).stdout == ""


@pytest.mark.parametrize("command", ["status", "list", "tags"])
def test_folder_without_a_ledger_fails_with_the_reason(
    tmp_path: Path, command: str
) -> None:
    result = run(command, "--data", str(tmp_path))

    assert result.exit_code == 1
    assert "there is no ledger yet" in result.output
    assert list(tmp_path.iterdir()) == []


def test_broken_mirror_is_no_part_of_the_answer(
    tmp_path: Path, events: tuple[Event, ...]
) -> None:
    (tmp_path / "mirror.db").write_bytes(b"not a database" * 1000)

    (status,) = lines(run("status", "--data", str(tmp_path), "--json"))

    assert status["pending"] == len(events)
