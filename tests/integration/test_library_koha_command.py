"""`tongjie hub library run` with a Koha, and what it says of wrong options."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from sync.hub.library.task_log import Kept, keep_by
from tests.integration.hub_world import ITEMS, NOON, County, county, database_url, hub
from tests.integration.koha_world import koha_with_two_doors
from tests.integration.library_commands import invoke, running, status
from tests.integration.library_world import send_a_life
from tests.waiting import eventually

__all__ = ["county", "database_url", "hub"]

BOOK = ITEMS[0]
#: The renewal is not told: this Koha gave the first reader more time than that already.
LIFE = ("lent", "returned", "lent", "returned")


@pytest.fixture
def secrets(tmp_path: Path) -> list[str]:
    """Options that name a file for each of the two doors."""
    (tmp_path / "koha").write_text("hush\n")
    (tmp_path / "sip2").write_text("secret\n")
    koha = ["--koha-secret-file", str(tmp_path / "koha"), "--koha-user", "key"]
    return [*koha, "--password-file", str(tmp_path / "sip2")]


def test_the_command_tells_koha_what_waits_and_ends_on_sigterm(
    county: County, database_url: str, secrets: list[str]
) -> None:
    assert "koha" in invoke("use", "koha", "--database", database_url)
    send_a_life(county, BOOK, NOON)

    with koha_with_two_doors() as doors:
        options = ["--koha", doors.rest.address, "--port", str(doors.sip2.port)]
        with running(database_url, [*options, *secrets]) as worker:
            eventually(lambda: status(database_url)["done"] == 4, "all is told")
            worker.send_signal(signal.SIGTERM)
            output, errors = worker.communicate(timeout=20)

    assert worker.returncode == 0
    assert doors.library.deeds == [(deed, BOOK) for deed in LIFE]
    assert b"hush" not in output + errors


def test_commands_say_what_is_wrong(
    county: County, database_url: str, secrets: list[str]
) -> None:
    with county.hub.database.writing() as conn:
        keep_by(conn, Kept.KOHA)
    run = ["run", "--database", database_url, *secrets]

    no_koha = invoke(*run, "--host", "localhost")
    in_clear = invoke(*run, "--koha", "http://koha.example")
    no_user = invoke(*run[:3], "--koha", "https://koha.example")

    assert "--koha is needed" in no_koha
    assert "is not an https:// address" in in_clear
    assert "--koha needs --koha-user" in no_user
