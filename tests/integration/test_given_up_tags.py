"""Books whose tags were given up stay in the keeper's sight, as many as fit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from kiosk.cli.queue_tags import tags
from kiosk.identity import Identity, save_identity
from kiosk.service.ports import Security, TagTarget
from kiosk.store.ledger import SqliteLedger
from kiosk.store.tags import MOST_GIVEN_UP, MOST_WISHES
from sync.keys import public_hex
from tests.integration.store_samples import AT, HUB_KEY, KIOSK


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    save_identity(tmp_path, Identity(KIOSK, "S1", public_hex(HUB_KEY)))
    with closing(SqliteLedger(tmp_path / "ledger.db", KIOSK)) as ledger:
        yield ledger


def wish(ledger: SqliteLedger, *items: str) -> None:
    ledger.record([], AT, [TagTarget(None, item, Security.IN) for item in items])


def books(count: int) -> list[str]:
    return [f"B{number:05d}" for number in range(count)]


def test_what_was_given_up_is_told_the_keeper(
    ledger: SqliteLedger, tmp_path: Path
) -> None:
    """Control: what still waits is not called so."""
    every = books(MOST_WISHES + 2)
    wish(ledger, *every)

    rows = shown(tmp_path)

    assert [row["item"] for row in rows if row["given_up"]] == every[:2]
    assert [row["item"] for row in rows if not row["given_up"]] == every[2:]


def test_no_more_are_kept_than_somebody_could_look_for(ledger: SqliteLedger) -> None:
    every = books(MOST_WISHES + MOST_GIVEN_UP + 3)
    wish(ledger, *every)

    assert list(ledger.given_up()) == every[3 : MOST_GIVEN_UP + 3]


def test_a_book_that_is_dealt_with_again_is_given_up_no_longer(
    ledger: SqliteLedger,
) -> None:
    every = books(MOST_WISHES + 2)
    wish(ledger, *every)

    ledger.record([], AT, [TagTarget("E1", every[0], Security.IN)])

    assert list(ledger.given_up()) == [every[1]]


def test_a_keeper_takes_one_off_the_list(ledger: SqliteLedger, tmp_path: Path) -> None:
    every = books(MOST_WISHES + 2)
    wish(ledger, *every)
    ledger.close()

    rows = shown(tmp_path, "--forget", every[0])

    assert [row["item"] for row in rows if row["given_up"]] == [every[1]]


def shown(folder: Path, *words: str) -> list[dict[str, object]]:
    done = CliRunner().invoke(tags, ["--data", str(folder), "--json", *words])
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line[0] == "{"]
