"""What a reader may ask for: to see, to be erased, and to agree or not."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select, update

from sync.hub.circulation.former import is_former
from sync.hub.cli import hub as hub_command
from sync.hub.county.audit import Actor, AuditFilter, check, entries
from sync.hub.county.patron_files import PatronFile, patron_file
from sync.hub.privacy.consent import (
    BadConsent,
    Purpose,
    consents_of,
    give,
    put_text,
    without_consent,
)
from sync.hub.privacy.disclosure import disclose, write_zip
from sync.hub.privacy.erase import CannotErase, erase
from sync.hub.store import schema
from sync.protocol import Kind, Outcome, Removed
from tests.integration.hub_world import (
    DAY,
    ITEMS,
    NOON,
    County,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

STAFF = Actor("li", "command")
BOOK = ITEMS[0]


def reader(county: County, number: str = "R1") -> PatronFile:
    with county.hub.database.reading() as conn:
        found = patron_file(conn, county.refs[number])
    assert found is not None
    return found


def lent_and_returned(county: County) -> None:
    lent = county.k1.lends(BOOK, county.refs["R1"], NOON)
    county.send(lent, county.k1.takes_back(BOOK, NOON + DAY))


def erased(county: County) -> None:
    with county.hub.database.writing() as conn:
        erase(conn, reader(county), STAFF, NOON + 2 * DAY)


def everything(county: County, *but: str) -> str:
    """Every table as text."""
    with county.hub.database.reading() as conn:
        return "".join(
            str(tuple(row))  # a Row shows long texts cut
            for table in schema.metadata.sorted_tables
            if table.name not in but
            for row in conn.execute(select(table))
        )


def test_nothing_leads_to_an_erased_reader(county: County) -> None:
    lent_and_returned(county)
    change = {
        "run_id": "r", "seq": 1, "kind": "patrons", "key": "R1",
        "before": '{"name": "张建华"}', "after": "f",
    }  # fmt: skip
    with county.hub.database.writing() as conn:
        conn.execute(insert(schema.import_changes), [change])
    assert "张建华" in everything(county)

    erased(county)

    assert "张建华" not in everything(county)
    assert "'R1'" not in everything(county)
    # The feed tells the kiosks to drop the reference; the log says what was done.
    assert county.refs["R1"] not in everything(county, "feed", "audit_log")


def test_kiosks_are_told_to_drop_an_erased_reader(county: County) -> None:
    before = county.version()

    erased(county)

    told = county.feed(before)
    gone = {change.what for change in told if isinstance(change, Removed)}
    assert gone == {"patron", "credential"}


def test_loans_of_an_erased_reader_stay_as_somebodys(county: County) -> None:
    lent_and_returned(county)

    erased(county)

    (loan,) = county.loans()
    assert is_former(loan["patron_ref"])
    assert loan["returned_at"] == NOON + DAY


def test_reader_with_a_book_at_home_is_not_erased(county: County) -> None:
    county.send(county.k1.lends(BOOK, county.refs["R1"], NOON))
    stored = everything(county)

    with pytest.raises(CannotErase) as refused:
        erased(county)

    assert refused.value.reasons == ("loans",)
    assert everything(county) == stored


def test_reader_who_waits_for_a_book_is_not_erased(county: County) -> None:
    ref = county.refs["R1"]
    county.send(county.k1.event(Kind.HOLD_PLACE, item=BOOK, patron_ref=ref))

    with pytest.raises(CannotErase) as refused:
        erased(county)

    assert refused.value.reasons == ("holds",)


def test_guardian_is_not_erased_before_the_child(county: County) -> None:
    child = schema.patrons.c.number == "R3"
    with county.hub.database.writing() as conn:
        values = {"guardian": county.refs["R1"]}
        conn.execute(update(schema.patrons).where(child).values(**values))

    with pytest.raises(CannotErase) as refused:
        erased(county)

    assert refused.value.reasons == ("wards",)


def test_late_loan_of_an_erased_reader_is_one_of_an_unknown_reader(
    county: County,
) -> None:
    ref = county.refs["R1"]
    erased(county)

    verdict = county.verdict(county.k1.lends(BOOK, ref, NOON), NOON + 3 * DAY)

    assert verdict.outcome is Outcome.NEEDS_STAFF
    assert verdict.reason == "patron_unknown"


def test_erasure_is_proved_without_saying_who_it_was(county: County) -> None:
    lent_and_returned(county)

    erased(county)

    (run,) = county.rows(schema.privacy_runs, "run_id")
    assert run["kind"] == "erasure"
    assert msgspec.json.decode(run["forgotten"])["patrons"] == 1
    with county.hub.database.reading() as conn:
        (entry,) = entries(conn, AuditFilter(what="patron.erase"), 5)
        assert check(conn) is None
    assert entry.reason == run["run_id"]


def test_reader_is_shown_all_that_is_held(county: County) -> None:
    lent_and_returned(county)
    out = io.BytesIO()

    with county.hub.database.reading() as conn:
        write_zip(disclose(conn, reader(county)), out)

    with zipfile.ZipFile(out) as archive:
        held = json.loads(archive.read("patron.json"))
        loans = archive.read("loans.csv").decode("utf-8-sig")
        guide = archive.read("README.txt").decode()
    assert held["patron"][0]["name"] == "张建华"
    assert [card["text"] for card in held["cards"]] == ["R1"]
    (loan,) = csv.DictReader(io.StringIO(loans))
    assert (loan["item"], loan["title"]) == (BOOK, "围城")
    assert "更正" in guide
    assert "erase" in guide


def test_every_table_that_names_readers_is_shown_and_erased() -> None:
    named = {
        str(table.name)
        for table in schema.metadata.sorted_tables
        if "patron_ref" in table.c
    }

    # A new one has to be thought of in `privacy`: purge, erase and disclosure.
    assert named == {
        "cases", "consents", "credentials", "facts", "hold_bars", "holds", "loans",
        "patrons",
    }  # fmt: skip


def test_consent_is_to_the_newest_text_and_asked_again_for_the_next(
    county: County,
) -> None:
    with county.hub.database.writing() as conn:
        with pytest.raises(BadConsent, match="none yet"):
            give(conn, reader(county), Purpose.SERVICE, STAFF, NOON)
        put_text(conn, "一", "one", STAFF, NOON)
        give(conn, reader(county), Purpose.SERVICE, STAFF, NOON)
        assert without_consent(conn, "", 10) == ["R2", "R3"]

        put_text(conn, "二", "two", STAFF, NOON + DAY)
        assert without_consent(conn, "", 10) == ["R1", "R2", "R3"]
        give(conn, reader(county), Purpose.SERVICE, STAFF, NOON + DAY)
        newest, first = consents_of(conn, county.refs["R1"])

    assert (newest.version, newest.withdrawn_at) == (2, None)
    assert (first.version, first.withdrawn_at) == (1, NOON + DAY)


def test_minor_without_a_guardian_can_not_agree(county: County) -> None:
    mine = schema.patrons.c.number == "R3"
    with county.hub.database.writing() as conn:
        put_text(conn, "一", "one", STAFF, NOON)
        conn.execute(update(schema.patrons).where(mine).values(patron_type="CHILD"))
    with county.hub.database.writing() as conn:
        with pytest.raises(BadConsent, match="guardian"):
            give(conn, reader(county, "R3"), Purpose.SERVICE, STAFF, NOON)
        values = {"guardian": county.refs["R1"]}
        conn.execute(update(schema.patrons).where(mine).values(**values))
    with county.hub.database.writing() as conn:
        give(conn, reader(county, "R3"), Purpose.SERVICE, STAFF, NOON)
        (given,) = consents_of(conn, county.refs["R3"])

    assert given.given_by == county.refs["R1"]


def test_commands_do_all_of_it(county: County, tmp_path: Path) -> None:
    lent_and_returned(county)
    texts = (tmp_path / "zh", tmp_path / "en")
    for path in texts:
        path.write_text("我们只登记……", encoding="utf-8")
    zh, en = map(str, texts)

    assert _run(county, "set-retention", "30").exit_code == 0
    assert json.loads(_run(county, "retention", "--json").output) == {"days": 30}
    assert _run(county, "consent", "text", "--zh", zh, "--en", en).exit_code == 0
    assert _run(county, "consent", "agree", "R1").exit_code == 0
    assert _run(county, "consent", "missing").output.split() == ["R2", "R3"]
    shown = json.loads(_run(county, "consent", "show", "R1", "--json").output)
    assert (shown["purpose"], shown["version"]) == ("service", 1)
    told = tmp_path / "R1.zip"
    assert _run(county, "export", "R1", str(told), "--reason", "asked").exit_code == 0
    assert zipfile.is_zipfile(told)
    purged = json.loads(_run(county, "purge", "--json").output)
    assert purged["forgotten"]["loans"] == 1
    assert json.loads(_run(county, "verify", "--json").output)["links"] == {}
    assert _run(county, "erase", "R1", "--yes").exit_code == 0
    kinds = [
        json.loads(line)["kind"]
        for line in _run(county, "proofs", "--json").output.splitlines()
    ]
    assert kinds == ["erasure", "purge"]


def _run(county: County, *words: str) -> Result:
    url = county.hub.database.engine.url.render_as_string(hide_password=False)
    runner = CliRunner(env={"TONGJIE_HUB_DATABASE": url})
    return runner.invoke(hub_command, ["privacy", *words])
