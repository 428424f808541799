"""`tongjie hub user|site|audit` from the command line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from sync.hub import cli
from sync.hub.county import passwords
from sync.hub.store import schema
from sync.hub.store.database import Database
from tests.integration.hub_world import County, county, database_url, hub

__all__ = ["county", "database_url", "hub"]

PASSWORD = "seven-green-books"


@pytest.fixture
def furnished(county: County, database_url: str) -> str:
    """The address of a county with sites and kiosks."""
    assert county.k1.site_id == "A"
    return database_url


def run(url: str, *words: str, typed: str | None = None) -> Result:
    runner = CliRunner(env={"TONGJIE_HUB_DATABASE": url})
    return runner.invoke(cli.hub, words, input=typed)


def add(url: str, name: str, *words: str, password: str = PASSWORD) -> Result:
    typed = password + "\n"
    return run(url, "user", "add", name, *words, "--password-file", "-", typed=typed)


def lines(result: Result) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.output.splitlines()]


def stored_password(url: str) -> str:
    database = Database(url)
    with database.reading() as conn:
        found = str(conn.execute(select(schema.users.c.password)).scalar_one())
    database.close()
    return found


def test_account_is_made_listed_changed_and_disabled(
    furnished: str,
) -> None:
    made = add(furnished, "li", "--role", "keeper", "--site", "A", "--json")
    run(furnished, "user", "role", "li", "staff")
    run(furnished, "user", "disable", "li")

    assert lines(made) == [{"user": "li", "role": "keeper", "site": "A"}]
    (line,) = lines(run(furnished, "user", "list", "--json"))
    assert (line["role"], line["site"], line["disabled"]) == ("staff", None, True)
    run(furnished, "user", "disable", "li", "--undo")
    assert "active" in run(furnished, "user", "list").output


def test_password_is_kept_as_argon2id_and_changed(
    furnished: str,
) -> None:
    add(furnished, "li")
    before = stored_password(furnished)
    words = ("user", "passwd", "li", "--password-file", "-")

    done = run(furnished, *words, typed="eight-green-books\n")

    assert done.exit_code == 0
    assert before.startswith("$argon2id$v=19$")
    assert passwords.fits(before, PASSWORD)
    assert passwords.fits(stored_password(furnished), "eight-green-books")
    assert not passwords.fits(before, "eight-green-books")


def test_bad_account_is_refused_with_the_reason(furnished: str) -> None:
    table = [
        ((), "short", "10 to 128"),
        ((), "aaaaaaaabbbb", "different"),
        ((), "i am li xiaoming", "name"),
        ((), "Password123", "guessed"),
        (("--role", "keeper"), PASSWORD, "needs a site"),
        (("--role", "staff", "--site", "A"), PASSWORD, "whole county"),
        (("--role", "town", "--site", "nowhere"), PASSWORD, "nowhere"),
    ]

    for words, password, told in table:
        done = add(furnished, "li", *words, password=password)
        assert (done.exit_code, told in done.output) == (1, True), done.output

    assert run(furnished, "user", "list").output == ""


def test_account_is_not_made_twice_and_an_unknown_one_is_named(
    furnished: str,
) -> None:
    add(furnished, "li")

    assert "already" in add(furnished, "li", password="other-green-books").output
    assert "'wang'" in run(furnished, "user", "disable", "wang").output


def test_sites_are_added_listed_moved_and_given_hours(
    furnished: str,
) -> None:
    words = ("site", "add", "T1", "--name", "四门镇分馆", "--level", "branch")
    run(furnished, *words, "--kind", "township_station", "--parent", "hub")
    run(furnished, "site", "move", "A", "T1", "--reason", "new road")
    run(furnished, "site", "calendar", "T1", "--week", "mon-sun 09:00-17:00")

    entries = {
        str(e["site_id"]): e for e in lines(run(furnished, "site", "list", "--json"))
    }
    assert (entries["A"]["parent"], entries["A"]["depth"]) == ("T1", 2)
    assert "    A 马坪村借阅点" in run(furnished, "site", "list").output
    assert "09:00–17:00" in run(furnished, "site", "list").output
    closed = run(furnished, "site", "close", "A", "--reason", "no money")
    assert closed.exit_code == 1
    assert "k1" in closed.output


def test_every_change_is_in_the_log_and_the_log_is_whole(
    furnished: str,
) -> None:
    add(furnished, "li")
    run(furnished, "enrol-code", "--site", "A")
    run(furnished, "revoke", "k1", "--reason", "stolen")
    known = str(lines(run(furnished, "audit", "check", "--json"))[0]["head"])
    run(furnished, "reinstate", "k1")

    done = [e["what"] for e in lines(run(furnished, "audit", "list", "--json"))]
    assert done == ["device.reinstate", "device.revoke", "device.code", "user.add"]
    whole = run(furnished, "audit", "check", "--known", known)
    assert "4 entries, all there" in whole.output
    other = "3:" + "f" * 64
    assert run(furnished, "audit", "check", "--known", other).exit_code == 1
    about = run(furnished, "audit", "list", "--about", "device:k1").output
    assert "stolen" in about
    assert PASSWORD not in about
