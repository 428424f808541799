"""A county exported, taken into an empty hub, and exported again."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from sync.hub.county.audit import Actor
from sync.hub.county.item_files import Part, put_parts
from sync.hub.county.patron_files import find
from sync.hub.privacy.consent import Purpose, give, put_text, withdraw
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from tests.integration.hub_world import (
    BACKENDS,
    MINUTE,
    database_url,
    fresh_hub,
    hub,
)
from tests.integration.test_hub_export_all import (
    empty_url,
    export,
    full,
    take,
)
from tests.postgres import Postgres

__all__ = ["database_url", "empty_url", "full", "hub"]

KINDS = (
    "sites",
    "titles",
    "items",
    "item_parts",
    "patrons",
    "consent_texts",
    "consents",
)
PROFILE = '{"address":"马坪村 1 号","seats":12,"foreign_return":"float"}'
CALENDAR = json.dumps(
    {
        "week": [[{"opens": "09:00:00", "closes": "17:00:00"}], *[[]] * 6],
        "special": [{"day": "2026-10-01", "hours": []}],
    },
    separators=(",", ":"),
)
LOST = dt.datetime(2026, 7, 3, 4, 5, 6, tzinfo=dt.UTC)
STAFF = Actor("王芳", "desk")
PARTS = (Part(1, "第1张, CD"), Part(2, "第2张", missing=True), Part(3, '附"图"'))
#: More lines than a row of other tables may take.
LONG_TEXT = "\n\n".join(f"第{number}条" for number in range(1, 13))


@pytest.fixture
def rich(full: Hub) -> Hub:
    """Every field that an import can bring back says something."""
    sites, people, cards = schema.sites, schema.patrons, schema.credentials
    with full.database.writing() as conn:
        conn.execute(
            update(sites)
            .where(sites.c.site_id == "0417")
            .values(
                kind="farmhouse_library",
                state="closed",
                profile=PROFILE,
                calendar=CALENDAR,
            )
        )
        adult = conn.execute(people.select().where(people.c.number == "R630")).one()
        child = people.c.number == "R629"
        ref = conn.execute(people.select().where(child)).one().patron_ref
        conn.execute(
            update(people)
            .where(child)
            .values(
                guardian=adult.patron_ref,
                loan_limit=0,
                home_site="0417",
                state="suspended",
                why="欠书",
                expires_on=dt.date(2027, 1, 2),
            )
        )
        conn.execute(
            update(cards).where(cards.c.text == "R629").values(state="lost", since=LOST)
        )
        more = {"digest": "00" * 16, "patron_ref": ref, "kind": "qr", "text": "QR;9"}
        conn.execute(insert(cards), [more | {"state": "replaced", "since": LOST}])
        child_file = find(conn, "R629")
        put_parts(conn, "YL02", PARTS, STAFF, LOST)
        put_text(conn, LONG_TEXT, "What we keep, and why", STAFF, LOST)
        give(conn, child_file, Purpose.HISTORY, STAFF, LOST + MINUTE)
        withdraw(conn, child_file, Purpose.HISTORY, STAFF, LOST + 2 * MINUTE)
        give(conn, child_file, Purpose.SERVICE, STAFF, LOST + 3 * MINUTE)
        give(conn, find(conn, "R630"), Purpose.SERVICE, STAFF, LOST + 4 * MINUTE)
    return full


@pytest.fixture(params=BACKENDS)
def target_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another county, on each backend; what is read there must be what was written."""
    if request.param == "sqlite":
        yield request.getfixturevalue("empty_url")
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    folder = tmp_path / "target"
    folder.mkdir()
    with postgres.database() as url, fresh_hub(url, folder):
        yield url


def take_all(url: str, folder: Path) -> None:
    for kind in KINDS:
        take(url, kind.replace("_", "-"), folder / f"{kind}.csv")


def differing(one: Path, other: Path) -> set[str]:
    names = [*(f"{kind}.csv" for kind in KINDS), "credentials.csv"]
    contents = {
        name: [
            sorted((folder / name).read_bytes().splitlines()) for folder in (one, other)
        ]
        for name in names
    }
    return {name for name, (first, second) in contents.items() if first != second}


def without(path: Path, column: str) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kept = [name for name in rows[0] if name != column]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, kept, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.usefixtures("rich")
def test_export_of_an_import_is_the_export(
    database_url: str, target_url: str, tmp_path: Path
) -> None:
    out, again = tmp_path / "out", tmp_path / "again"
    export(database_url, out, "--with-readers")

    take_all(target_url, out)

    export(target_url, again, "--with-readers")
    # Rows of cards are in the order of their digests, which each county salts anew.
    assert differing(out, again) == set()


@pytest.mark.usefixtures("rich")
def test_column_that_is_dropped_shows(
    database_url: str, empty_url: str, tmp_path: Path
) -> None:
    out, cut, again = tmp_path / "out", tmp_path / "cut", tmp_path / "again"
    export(database_url, out, "--with-readers")
    export(database_url, cut, "--with-readers")
    without(cut / "sites.csv", "calendar")
    without(cut / "patrons.csv", "guardian")
    without(cut / "item_parts.csv", "missing")
    without(cut / "consents.csv", "given_by")

    take_all(empty_url, cut)

    export(empty_url, again, "--with-readers")
    assert differing(out, again) == {
        "sites.csv",
        "patrons.csv",
        "item_parts.csv",
        "items.csv",  # as many parts as are not missing
        "consents.csv",
    }
