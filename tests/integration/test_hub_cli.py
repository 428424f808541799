"""`tongjie hub` from the command line, on a database of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kiosk.domain.values import Site
from sync.hub import cli
from sync.hub.county import catalogue
from sync.hub.store.database import Database
from tests.integration.hub_world import (
    MINUTE,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

INIT = ("init", "--isil", "CN-629900-1-YLT", "--county-name", "云岭县")


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database that `init` was run on."""
    made = f"sqlite:///{tmp_path / 'hub.db'}"
    assert run(made, *INIT).exit_code == 0
    return made


def run(url: str, *words: str, typed: str | None = None) -> Result:
    return CliRunner(env={"TONGJIE_HUB_DATABASE": url}).invoke(
        cli.hub, words, input=typed
    )


def test_init_keeps_the_hubs_key_to_its_owner(url: str, tmp_path: Path) -> None:
    assert url.startswith("sqlite")
    assert (tmp_path / "hub.key").stat().st_mode & 0o777 == 0o600


def test_second_init_is_refused(url: str) -> None:
    again = run(url, *INIT)

    assert again.exit_code == 1
    assert "already" in again.output


def test_enrol_code_names_an_unknown_site(url: str) -> None:
    done = run(url, "enrol-code", "--site", "0417")

    assert done.exit_code == 1
    assert "0417" in done.output


def test_enrol_code_is_printed_for_a_known_site(url: str) -> None:
    with Database(url).writing() as conn:
        catalogue.put_sites(conn, [Site("0417", "马坪村借阅点", "马坪村", "point")])

    done = run(url, "enrol-code", "--site", "0417", "--json")

    assert len(json.loads(done.output)["code"]) == 19


WORDS = {"serve": (), "export": ("loans",), "enrol-code": ("--site", "x")}


@pytest.mark.parametrize("command", WORDS)
def test_database_that_was_never_set_up_is_told(tmp_path: Path, command: str) -> None:
    (tmp_path / "empty.db").touch()

    done = run(f"sqlite:///{tmp_path / 'empty.db'}", command, *WORDS[command])

    assert done.exit_code == 1
    assert "hub init" in done.output


@pytest.mark.parametrize("command", WORDS)
def test_mistyped_database_is_told_and_not_made(tmp_path: Path, command: str) -> None:
    done = run(f"sqlite:///{tmp_path / 'no-such.db'}", command, *WORDS[command])

    assert done.exit_code == 1
    assert "no such database" in done.output
    assert not list(tmp_path.iterdir())


def test_loans_are_exported_one_object_a_line(
    county: County, database_url: str
) -> None:
    loan = county.k1.lends("YL0001", county.refs["R1"])
    county.send(loan, county.k1.takes_back("YL0001", NOON + MINUTE))

    lines = run(database_url, "export", "loans", "--json").output.splitlines()

    assert [json.loads(line) for line in lines] == [
        {
            "item": "YL0001",
            "patron": "R1",
            "site": "A",
            "loaned_at": "2026-07-03T04:00:00Z",
            "due_at": "2026-08-02T15:59:00Z",
            "returned_at": "2026-07-03T04:01:00Z",
            "event_id": loan.event_id,
        }
    ]


def test_reservation_is_not_exported_as_a_loan(
    county: County, database_url: str
) -> None:
    county.send(county.k1.asks("YL0001", county.refs["R1"]))

    assert run(database_url, "export", "loans", "--json").output == ""


def test_events_are_exported_with_their_verdicts(
    county: County, database_url: str
) -> None:
    county.send(county.k1.takes_back("YL0001"))

    (line,) = run(database_url, "export", "events", "--json").output.splitlines()

    exported = json.loads(line)
    assert exported["event"]["kind"] == "CHECKIN"
    assert exported["verdict"]["outcome"] == "accepted"
