"""`tongjie hub backup` and `restore` on both databases: all of it, or a clear refusal."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import MetaData, select, text

from sync.hub import cli
from sync.hub.county.patrons import PatronRecord
from sync.hub.feed.feedruns import is_known, newest
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.upgrade import NEWEST, downgrade
from tests.integration.hub_world import (
    County,
    county,
    database_url,
    hub,
)
from tests.postgres import Postgres

__all__ = ["county", "database_url", "hub"]

NEW = PatronRecord("R9", "赵敏", "ADULT")


@pytest.fixture
def elsewhere(
    database_url: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """An empty database of the same kind."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'elsewhere.db'}"
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    with postgres.database() as url:
        yield url


@pytest.fixture
def file(county: County, database_url: str, tmp_path: Path) -> Path:
    """A backup of a county in which a book is on loan."""
    county.send(county.k1.lends("YL0001", county.refs["R1"]))
    made = tmp_path / "hub.backup"
    assert run(database_url, "backup", str(made)).exit_code == 0
    return made


def run(url: str, *words: str, **environment: str) -> Result:
    named = {"TONGJIE_HUB_DATABASE": url, **environment}
    return CliRunner(env=named).invoke(cli.hub, words)


@pytest.mark.fault("O25")
def test_restored_database_holds_every_row(
    file: Path, county: County, database_url: str, elsewhere: str
) -> None:
    done = run(elsewhere, "restore", str(file), "--json")

    assert done.exit_code == 0, done.output
    assert everything(elsewhere) == everything(database_url)
    content = json.loads(done.output)["content"]
    assert content["feed_version"] == county.version()
    assert content["rows"]["loans"] == 1


@pytest.mark.fault("O25")
def test_restored_hub_goes_on_in_another_run(
    file: Path, county: County, database_url: str
) -> None:
    """A cursor of what it forgot must be told from one of the same number to come."""
    county.put_patron(NEW)
    with county.hub.database.reading() as conn:
        forgotten = newest(conn)
    county.hub.database.close()

    done = run(database_url, "restore", str(file), "--replace")
    county.put_patron(NEW)

    assert done.exit_code == 0, done.output
    with county.hub.database.reading() as conn:
        assert newest(conn).version >= forgotten.version
        assert not is_known(conn, forgotten)


def test_hub_that_is_there_stays_unless_it_shall_be_replaced(
    file: Path, county: County, database_url: str
) -> None:
    county.put_patron(NEW)
    county.hub.database.close()
    before = everything(database_url)

    refused = run(database_url, "restore", str(file))
    kept = everything(database_url)
    replaced = run(database_url, "restore", str(file), "--replace")

    assert (refused.exit_code, replaced.exit_code) == (1, 0)
    assert "--replace" in refused.output
    assert kept == before != everything(database_url)


def test_database_of_something_else_is_never_replaced(
    file: Path, elsewhere: str
) -> None:
    other = Database(elsewhere)
    with other.engine.begin() as conn:
        conn.execute(text("CREATE TABLE letters (sender TEXT)"))
    other.close()

    done = run(elsewhere, "restore", str(file), "--replace")

    assert done.exit_code == 1
    assert "something else" in done.output
    assert everything(elsewhere) == {"letters": []}


def test_tables_of_a_newer_hub_do_not_outlast_the_restore(
    file: Path, county: County, database_url: str
) -> None:
    with county.hub.database.engine.begin() as conn:
        conn.execute(text("CREATE TABLE from_the_future (note TEXT)"))
    county.hub.database.close()

    assert run(database_url, "restore", str(file), "--replace").exit_code == 0

    assert "from_the_future" not in everything(database_url)


def spoilt(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


def recounted(content: bytes) -> bytes:
    """The manifest promises a loan more than there is."""

    def change(manifest: dict[str, Any]) -> None:
        manifest["content"]["rows"]["loans"] += 1

    return with_manifest(content, change)


def from_the_future(content: bytes) -> bytes:
    return with_manifest(content, lambda manifest: manifest.update(format=2))


BAD: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "one bit changed": (spoilt, "damaged"),
    "cut off": (lambda content: content[: len(content) // 2], "no backup"),
    "empty": (lambda _: b"", "no backup"),
    "other counts": (recounted, "loans"),
    "newer form": (from_the_future, "form"),
}


@pytest.mark.parametrize("how", BAD)
@pytest.mark.parametrize("words", [("backup", "--check"), ("restore", "--replace")])
def test_bad_backup_is_told_and_nothing_is_touched(
    file: Path, county: County, database_url: str, how: str, words: tuple[str, ...]
) -> None:
    spoil, told = BAD[how]
    file.write_bytes(spoil(file.read_bytes()))
    county.put_patron(NEW)
    county.hub.database.close()
    before = everything(database_url)

    done = run(database_url, *words, str(file))

    assert done.exit_code == 1
    assert told in done.output
    assert everything(database_url) == before


def test_drill_leaves_nothing_behind(
    file: Path, county: County, database_url: str, tmp_path: Path
) -> None:
    before = everything(database_url), databases(county), sorted(tmp_path.iterdir())

    done = run(database_url, "backup", "--check", str(file), "--json")

    assert done.exit_code == 0, done.output
    assert before == (
        everything(database_url),
        databases(county),
        sorted(tmp_path.iterdir()),
    )


def test_backup_of_a_hub_at_work_is_of_one_moment(
    county: County, database_url: str, tmp_path: Path
) -> None:
    """Each loan has its event; that all counts fit together is what the check says."""
    file, enough = tmp_path / "hub.backup", threading.Event()
    seqs: list[int] = []

    def work() -> None:
        while not enough.is_set():
            seqs.append(len(seqs))
            county.send(county.k1.lends("YL0001", county.refs["R1"]))

    worker = threading.Thread(target=work)
    worker.start()
    made = run(database_url, "backup", str(file), "--json")
    enough.set()
    worker.join(10)

    assert made.exit_code == 0, made.output
    rows = json.loads(made.output)["content"]["rows"]
    assert rows["events"] == rows["facts"] <= len(seqs)
    assert run(database_url, "backup", "--check", str(file)).exit_code == 0


def test_backup_of_an_older_schema_becomes_this_versions(
    county: County, database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    downgrade(county.hub.database, "0007")
    assert run(database_url, "backup", str(tmp_path / "old")).exit_code == 0

    done = run(elsewhere, "restore", str(tmp_path / "old"))

    assert done.exit_code == 0, done.output
    assert everything(elsewhere)["alembic_version"] == [(NEWEST,)]


@pytest.mark.usefixtures("county")
def test_private_key_is_in_the_backup_only_if_asked_for(
    database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    key, place = tmp_path / "hub.key", tmp_path / "new" / "hub.key"
    place.parent.mkdir()
    for name, words in {"without": (), "with": ("--with-key",)}.items():
        made = run(
            database_url, "backup", str(tmp_path / name), "--key", str(key), *words
        )
        assert made.exit_code == 0, made.output
    without, within = ((tmp_path / name).read_bytes() for name in ("without", "with"))

    done = run(elsewhere, "restore", str(tmp_path / "with"), "--key", str(place))

    assert done.exit_code == 0, done.output
    assert key.read_bytes() in within
    assert key.read_bytes() not in without
    assert place.read_bytes() == key.read_bytes()
    assert [one.stat().st_mode & 0o777 for one in (place, tmp_path / "with")] == [
        0o600
    ] * 2


@pytest.mark.usefixtures("county")
def test_another_key_is_not_overwritten(
    database_url: str, elsewhere: str, tmp_path: Path
) -> None:
    file, key = str(tmp_path / "file"), str(tmp_path / "hub.key")
    assert run(database_url, "backup", file, "--with-key", "--key", key).exit_code == 0
    other = tmp_path / "other.key"
    other.write_text("another county's")

    done = run(elsewhere, "restore", file, "--key", str(other))

    assert done.exit_code == 1
    assert "another key" in done.output
    assert other.read_text() == "another county's"


def test_backup_overwrites_nothing(file: Path, database_url: str) -> None:
    before = file.read_bytes()

    assert run(database_url, "backup", str(file)).exit_code == 1
    assert file.read_bytes() == before


def test_backup_fits_its_own_kind_of_database_only(
    file: Path, database_url: str, tmp_path: Path
) -> None:
    wrong = f"sqlite:///{tmp_path / 'wrong.db'}"
    if database_url.startswith("sqlite"):
        wrong = "postgresql+psycopg://nobody@127.0.0.1:1/nowhere"

    done = run(wrong, "restore", str(file))

    assert done.exit_code == 1
    assert "can't go into" in done.output


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("county")
def test_missing_program_is_named(database_url: str, tmp_path: Path) -> None:
    done = run(database_url, "backup", str(tmp_path / "file"), PATH=str(tmp_path))

    assert done.exit_code == 1
    assert "pg_dump is missing" in done.output
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_hub_that_still_serves_is_not_replaced(
    file: Path, county: County, database_url: str
) -> None:
    with county.hub.database.reading() as conn:
        conn.execute(select(schema.settings))
        done = run(database_url, "restore", str(file), "--replace")

    assert done.exit_code == 1
    assert "stop the hub" in done.output


def everything(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables but the runs of the feed, which each restore adds to."""
    database, found = Database(url), MetaData()
    with database.engine.connect() as conn:
        found.reflect(conn)
        rows = {
            name: sorted(tuple(row) for row in conn.execute(select(table)))
            for name, table in found.tables.items()
            if name != schema.feed_runs.name
        }
    database.close()
    return rows


def databases(county: County) -> list[str]:
    if not county.hub.database.is_shared:
        return []
    with county.hub.database.reading() as conn:
        names = text("SELECT datname FROM pg_database WHERE datname LIKE '%check%'")
        return list(conn.execute(names).scalars())


def with_manifest(content: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    made = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(content)) as old,
        tarfile.open(fileobj=made, mode="w") as new,
    ):
        for member in old:
            member_file = old.extractfile(member)
            assert member_file is not None
            inside = member_file.read()
            if member.name == "manifest.json":
                manifest = json.loads(inside)
                change(manifest)
                inside = json.dumps(manifest).encode()
                member.size = len(inside)
            new.addfile(member, io.BytesIO(inside))
    return made.getvalue()
