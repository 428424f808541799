"""What readers agreed to, by tables: taken, tried, refused and taken back."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from sync.hub.county.audit import Actor
from sync.hub.county.patron_files import PatronFile, find
from sync.hub.privacy.consent import Purpose, give, put_text, withdraw
from sync.hub.privacy.disclosure import disclose
from sync.hub.privacy.erase import erase
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from tests.integration.hub_world import MINUTE, NOON, database_url, hub
from tests.integration.test_hub_export_all import content, full, run

__all__ = ["database_url", "full", "hub"]

STAFF = Actor("王芳", "desk")
TEXTS = "version,since,zh,en\n"
CONSENTS = (
    "consent_id,patron_ref,purpose,version,given_at,taken_by,given_by,"
    "withdrawn_at,withdrawn_by\n"
)
ONE, OTHER = "1" * 32, "2" * 32
NOBODY = "0" * 32


@pytest.fixture
def asked(full: Hub) -> Hub:
    """Readers who can agree to the first version."""
    with full.database.writing() as conn:
        put_text(conn, "本馆保存", "What we keep", STAFF, NOON)
    return full


def adult(hub: Hub) -> PatronFile:
    with hub.database.reading() as conn:
        return find(conn, "R630")


def row(consent_id: str, ref: str, *rest: str) -> str:
    """`rest`: given_by, withdrawn_at and withdrawn_by."""
    said = (consent_id, ref, "history", "1", "2026-07-03T04:01:00Z", "王芳")
    return ",".join((*said, *(rest or ("", "", "")))) + "\n"


def taken(url: str, kind: str, folder: Path, text: str, *more: str) -> dict[str, Any]:
    file = folder / f"{kind}.csv"
    file.write_text(text, encoding="utf-8")
    done = run("import", kind, str(file), "--database", url, "--json", *more)
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def consents(url: str, folder: Path, rows: Sequence[str], *more: str) -> dict[str, Any]:
    return taken(url, "consents", folder, CONSENTS + "".join(rows), *more)


def undone(url: str, report: dict[str, Any]) -> dict[str, Any]:
    done = run("import", "undo", report["run"], "--database", url, "--json")
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def why(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["column"], each["reason"]) for each in report["rejected"]]


def test_bad_rows_are_listed_with_their_reason_and_the_rest_is_taken(
    asked: Hub, database_url: str, tmp_path: Path
) -> None:
    ref = adult(asked).patron_ref
    rows = (
        row(ONE, ref),
        row("7", ref),
        row("3" * 32, NOBODY),
        row("4" * 32, ref, NOBODY, "", ""),
        row("5" * 32, ref, ref, "", ""),
        row("6" * 32, ref, "", "2026-07-03T04:02:00Z", ""),
        row("7" * 32, ref, "", "2026-07-03T04:00:00Z", "王芳"),
        row("8" * 32, ref).replace("history,1", "history,2"),
        row("9" * 32, ref).replace("history", "fun"),
        row("a" * 32, ref).replace("04:01:00Z", "04:01:00"),
    )

    report = consents(database_url, tmp_path, rows)

    assert report["taken"] == 1
    assert why(report) == [
        ("consent_id", "is no id that a hub made"),
        ("patron_ref", "there is no such patron in the hub"),
        ("given_by", "there is no such patron in the hub"),
        ("given_by", "is the reader"),
        ("withdrawn_by", "belongs to withdrawn_at"),
        ("withdrawn_at", "is before given_at"),
        ("version", "there is no such text in the hub"),
        ("purpose", "is not one of service, history"),
        ("given_at", "is no time like 2026-07-03T04:05:06Z"),
    ]
    assert [each["consent_id"] for each in content(database_url, schema.consents)] == [
        ONE
    ]


def test_dry_run_writes_no_consent(
    asked: Hub, database_url: str, tmp_path: Path
) -> None:
    rows = [row(ONE, adult(asked).patron_ref)]

    tried = consents(database_url, tmp_path, rows, "--dry-run")

    assert (tried["taken"], tried["changed"]) == (1, 1)
    assert content(database_url, schema.consents) == []


@pytest.mark.parametrize("consent_id", [ONE, OTHER])
def test_older_file_never_undoes_a_withdrawal(
    asked: Hub, database_url: str, tmp_path: Path, consent_id: str
) -> None:
    reader = adult(asked)
    consents(database_url, tmp_path, [row(ONE, reader.patron_ref)])
    with asked.database.writing() as conn:
        withdraw(conn, reader, Purpose.HISTORY, STAFF, NOON + 5 * MINUTE)

    report = consents(database_url, tmp_path, [row(consent_id, reader.patron_ref)])

    assert why(report) == [("withdrawn_at", "the reader withdrew on 2026-07-03")]
    (kept,) = content(database_url, schema.consents)
    assert kept["withdrawn_at"] == NOON + 5 * MINUTE


def test_consent_given_again_after_a_withdrawal_is_taken(
    asked: Hub, database_url: str, tmp_path: Path
) -> None:
    ref = adult(asked).patron_ref
    first = row(OTHER, ref, "", "2026-07-03T04:01:30Z", "王芳")
    again = row(ONE, ref).replace("04:01:00Z", "04:01:30Z")

    consents(database_url, tmp_path, [first])
    report = consents(database_url, tmp_path, [again])

    assert (report["taken"], report["rejected_total"]) == (1, 0)


def test_id_of_another_readers_consent_is_refused(
    asked: Hub, database_url: str, tmp_path: Path
) -> None:
    consents(database_url, tmp_path, [row(ONE, adult(asked).patron_ref)])
    with asked.database.reading() as conn:
        child = find(conn, "R629").patron_ref

    report = consents(database_url, tmp_path, [row(ONE, child)])

    assert why(report) == [("consent_id", "is another reader's already")]


def test_undo_takes_consents_back_and_texts_only_when_nobody_agreed(
    full: Hub, database_url: str, tmp_path: Path
) -> None:
    text = TEXTS + '1,2026-07-03T04:00:00Z,"第一条\n第二条",What we keep\n'
    texts = taken(database_url, "consent-texts", tmp_path, text)
    agreed = consents(database_url, tmp_path, [row(ONE, adult(full).patron_ref)])

    assert [each["reason"] for each in undone(database_url, texts)["kept"]] == [
        "is in use"
    ]
    assert undone(database_url, agreed)["withdrawn"] == 1
    assert content(database_url, schema.consents) == []
    assert undone(database_url, texts)["withdrawn"] == 1
    assert content(database_url, schema.consent_texts) == []


def test_undo_gives_back_a_consent_that_the_file_ended(
    asked: Hub, database_url: str, tmp_path: Path
) -> None:
    ref = adult(asked).patron_ref
    consents(database_url, tmp_path, [row(ONE, ref)])
    ended = row(ONE, ref, "", "2026-07-03T04:02:00Z", "王芳")
    report = consents(database_url, tmp_path, [ended])
    assert content(database_url, schema.consents)[0]["withdrawn_by"] == "王芳"

    assert undone(database_url, report)["restored"] == 1
    assert content(database_url, schema.consents)[0]["withdrawn_at"] is None


@pytest.mark.usefixtures("asked")
def test_version_that_says_something_else_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    text = "1,2026-07-03T04:00:00Z,{},What we keep\n"
    same = taken(
        database_url, "consent-texts", tmp_path, TEXTS + text.format("本馆保存")
    )
    other = taken(
        database_url, "consent-texts", tmp_path, TEXTS + text.format("本馆不保存")
    )

    assert (same["taken"], same["changed"]) == (1, 0)
    assert why(other) == [("version", "is another text in the hub")]
    assert content(database_url, schema.consent_texts)[0]["zh"] == "本馆保存"


def test_what_a_file_overwrote_of_consents_is_disclosed_and_forgotten(
    asked: Hub, database_url: str, tmp_path: Path
) -> None:
    reader = adult(asked)
    with asked.database.writing() as conn:
        give(conn, reader, Purpose.HISTORY, STAFF, NOON + MINUTE)
        given = conn.execute(select(schema.consents.c.consent_id)).scalar_one()
    ended = row(given, reader.patron_ref, "", "2026-07-03T04:02:00Z", "王芳")
    consents(database_url, tmp_path, [ended])

    with asked.database.reading() as conn:
        (shown,) = disclose(conn, reader)["imports"]
    with asked.database.writing() as conn:
        erase(conn, reader, STAFF, NOON + dt.timedelta(days=1))

    assert "withdrawn_at" in shown["before"]
    assert content(database_url, schema.import_changes) == []
