"""`tongjie hub patron|item|rules` from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kiosk.domain.values import Item, ItemState, Site, Title
from sync.hub import cli
from sync.hub.county import catalogue
from sync.hub.county.rulebook import signed_rules
from sync.hub.store.database import Database
from sync.keys import load_key, public_hex, rules_are_genuine


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A county with one site and one book."""
    made = f"sqlite:///{tmp_path / 'hub.db'}"
    init = run(made, "init", "--isil", "CN-629900-1-YLT", "--county-name", "云岭县")
    assert init.exit_code == 0, init.output
    store = Database(made)
    with store.writing() as conn:
        catalogue.put_sites(conn, [Site("A", "马坪村借阅点", "马坪村", "POINT")])
        catalogue.put_titles(conn, [Title("t1", "围城", "钱锺书")])
        book = Item("YL0001", "t1", "BOOK", ItemState.LENDABLE, "CN-1", "A", "A")
        catalogue.put_items(conn, [book])
    store.close()
    return made


def run(url: str, *words: str) -> Result:
    return CliRunner(env={"TONGJIE_HUB_DATABASE": url}).invoke(cli.hub, words)


def lines(url: str, *words: str) -> list[dict[str, Any]]:
    done = run(url, *words, "--json")
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.output.splitlines()]


def test_reader_is_registered_listed_and_shown_masked(url: str) -> None:
    details = ("--name", "张建华", "--type", "ADULT", "--phone", "13800001234")
    lines(url, "patron", "add", "R001", *details, "--home-site", "A")
    child = ("--name", "张小明", "--type", "CHILD", "--guardian", "R001")
    lines(url, "patron", "add", "R002", *child)

    (shown,) = lines(url, "patron", "show", "R001")
    (full,) = lines(url, "patron", "show", "R001", "--full")
    listed = lines(url, "patron", "list", "--text", "张")

    assert (shown["name"], shown["phone"]) == ("张*华", "138****1234")
    assert (full["name"], full["home_site"]) == ("张建华", "A")
    assert [(one["number"], one["guardian"]) for one in listed] == [
        ("R001", None),
        ("R002", "R001"),
    ]


def test_record_of_a_minor_is_shown_in_full_for_a_reason_only(url: str) -> None:
    lines(url, "patron", "add", "R002", "--name", "张小明", "--type", "CHILD")

    refused = run(url, "patron", "show", "R002", "--full")
    shown = lines(url, "patron", "show", "R002", "--full", "--reason", "parents ask")

    assert refused.exit_code == 1
    assert "张小明" not in refused.output
    assert shown[0]["name"] == "张小明"


def test_card_is_lost_replaced_and_found(url: str) -> None:
    lines(url, "patron", "add", "R001", "--name", "张建华", "--type", "ADULT")
    one = ("patron", "credential")

    lines(url, *one, "add", "R001", "04a1b2c3", "--kind", "uid")
    (lost,) = lines(url, *one, "lost", "R001", "04A1B2C3")
    (found,) = lines(url, *one, "found", "R001", "04A1B2C3")
    (replaced,) = lines(url, *one, "replace", "R001", "04A1B2C3", "04D4E5F6")
    missing = run(url, *one, "lost", "R001", "nothing")

    assert _states(lost) == ["active", "lost"]
    assert _states(found) == ["active", "active"]
    assert _states(replaced) == ["active", "active", "replaced"]
    assert missing.exit_code == 1


def test_state_is_set_with_its_reason(url: str) -> None:
    lines(url, "patron", "add", "R001", "--name", "张建华", "--type", "ADULT")

    (shown,) = lines(url, "patron", "state", "R001", "cancelled", "--why", "deceased")

    assert (shown["state"], shown["why"]) == ("cancelled", "deceased")


def test_unknown_reader_and_item_are_named(url: str) -> None:
    for words in (("patron", "show", "R404"), ("item", "show", "R404")):
        done = run(url, *words)

        assert done.exit_code == 1
        assert "R404" in done.output


def test_item_is_found_changed_and_described(url: str) -> None:
    (found,) = lines(url, "item", "search", "围城")
    parts = ("--part", "book", "--part", "disc", "--missing", "disc")
    (shown,) = lines(url, "item", "set", "YL0001", "--state", "damaged", *parts)
    (later,) = lines(url, "item", "set", "YL0001", "--missing", "book")
    wrong = run(url, "item", "set", "YL0001", "--missing", "map")

    assert [one["barcode"] for one in found["items"]] == ["YL0001"]
    assert (shown["state"], shown["parts"]) == ("damaged", 1)
    assert [part["missing"] for part in later["set"]] == [True, False]
    assert wrong.exit_code == 1


def test_rules_are_changed_by_a_file_and_signed_anew(url: str, tmp_path: Path) -> None:
    (rules,) = lines(url, "rules", "show")
    rules["loans"]["ADULT/BOOK"]["periods_days"] = [21, 14]
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(rules))

    assert run(url, "rules", "check", str(file)).exit_code == 0
    (done,) = lines(url, "rules", "put", str(file))
    stale = run(url, "rules", "put", str(file))

    assert done == {"version": 2}
    assert "version: was made from version 1, 2 is in force" in stale.output
    (old,) = lines(url, "rules", "show", "--version", "1")
    assert old["loans"]["ADULT/BOOK"]["periods_days"] == [30, 30]
    assert [one["version"] for one in lines(url, "rules", "versions")] == [1, 2]
    with Database(url).reading() as conn:
        signed = signed_rules(conn)
    assert rules_are_genuine(signed, public_hex(load_key(tmp_path / "hub.key")))


def test_rules_that_do_not_fit_the_county_are_refused(url: str, tmp_path: Path) -> None:
    lines(url, "patron", "add", "R001", "--name", "张建华", "--type", "SENIOR")
    (rules,) = lines(url, "rules", "show")
    del rules["patrons"]["SENIOR"]
    rules["loans"] = {"ADULT/BOOK": {"periods_days": [30]}}
    file = tmp_path / "rules.json"
    file.write_text(json.dumps(rules))

    checked = run(url, "rules", "check", str(file), "--json")
    put = run(url, "rules", "put", str(file))

    named = {fault["path"] for fault in json.loads(checked.output)["faults"]}
    assert named == {"patrons.SENIOR"}
    assert (checked.exit_code, put.exit_code) == (1, 1)
    assert len(lines(url, "rules", "versions")) == 1


def _states(shown: dict[str, Any]) -> list[str]:
    return sorted(card["state"] for card in shown["cards"])
