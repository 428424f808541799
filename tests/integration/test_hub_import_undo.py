"""An import that was a mistake, one that was cut off, and one that was only tried."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select, update

from kiosk.domain.values import Item, ItemState, Site, Title
from sync.hub.cli import hub as hub_command
from sync.hub.county import catalogue
from sync.hub.feed.feedmarks import version
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from tests.integration.hub_world import County, county, database_url, hub

__all__ = ["county", "database_url", "hub"]

HEADING = "barcode,title_id,item_type,state,owner,home_site\n"
SITES = """site_id,name,level,parent
0000,县馆,HUB,
0400,镇馆,BRANCH,0000
0417,村,POINT,0400
"""


@pytest.fixture
def stocked(hub: Hub) -> Hub:
    """Two sites, a title and one copy of it."""
    with hub.database.writing() as conn:
        catalogue.put_sites(
            conn,
            [
                Site("0000", "县图书馆", "县馆", "HUB", isil="CN-629900-1-YLT"),
                Site("0417", "马坪村", "马坪村", "POINT", "0000"),
            ],
        )
        catalogue.put_titles(conn, [Title("t001", "活着", "余华")])
        catalogue.put_items(conn, [copy("YL001")])
    return hub


def copy(barcode: str) -> Item:
    return Item(
        barcode,
        "t001",
        "BOOK",
        ItemState.LENDABLE,
        "CN-629900-1-YLT",
        "0417",
        "0417",
    )


def line(barcode: str, state: str = "lendable") -> str:
    return f"{barcode},t001,BOOK,{state},CN-629900-1-YLT,0417\n"


def written(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def call(url: str, *words: str) -> Result:
    return CliRunner().invoke(
        hub_command, ["import", *words, "--database", url, "--json"]
    )


def taken(url: str, kind: str, file: Path, *more: str) -> dict[str, Any]:
    result = call(url, kind, str(file), *more)
    assert result.exit_code == 0, result.output
    report: dict[str, Any] = json.loads(result.stdout)
    return report


def undone(url: str, run: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(call(url, "undo", run).stdout)
    return report


def rows(hub: Hub, table: Any) -> list[dict[str, Any]]:
    with hub.database.reading() as conn:
        found = conn.execute(select(table).order_by(*table.primary_key.columns))
        return [dict(row) for row in found.mappings()]


def test_undo_withdraws_what_was_made_and_restores_what_was_changed(
    stocked: Hub, database_url: str, tmp_path: Path
) -> None:
    before = rows(stocked, schema.items)
    file = written(tmp_path, HEADING + line("YL001", "破损") + line("YL002"))
    run = taken(database_url, "items", file)["run"]
    assert len(rows(stocked, schema.items)) == 2
    with stocked.database.reading() as conn:
        newest = version(conn)

    report = undone(database_url, run)

    assert (report["withdrawn"], report["restored"]) == (1, 1)
    assert rows(stocked, schema.items) == before
    with stocked.database.reading() as conn:
        assert version(conn) > newest, "kiosks are told"


def test_undo_leaves_what_was_changed_since_and_lists_it(
    stocked: Hub, database_url: str, tmp_path: Path
) -> None:
    file = written(tmp_path, HEADING + line("YL001", "破损") + line("YL002"))
    run = taken(database_url, "items", file)["run"]
    with stocked.database.writing() as conn:
        for barcode in ("YL001", "YL002"):
            catalogue.put_items(conn, [replace(copy(barcode), state=ItemState.LOST)])

    result = call(database_url, "undo", run)

    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["withdrawn"], report["restored"], report["kept_total"]) == (0, 0, 2)
    assert {each["reason"] for each in report["kept"]} == {"was changed since"}
    assert {row["state"] for row in rows(stocked, schema.items)} == {"lost"}


def test_other_fields_may_have_changed_since(
    stocked: Hub, database_url: str, tmp_path: Path
) -> None:
    file = written(tmp_path, HEADING + line("YL001", "破损"))
    run = taken(database_url, "items", file)["run"]
    with stocked.database.writing() as conn:
        moved = update(schema.items).values(current_site="0000")
        conn.execute(moved)

    report = undone(database_url, run)

    assert report["restored"] == 1
    (row,) = rows(stocked, schema.items)
    assert (row["state"], row["current_site"]) == ("lendable", "0000")


def test_undo_keeps_a_copy_that_was_lent_since(
    county: County, database_url: str, tmp_path: Path
) -> None:
    with county.hub.database.writing() as conn:
        catalogue.put_sites(conn, [Site("0417", "马坪村", "马坪村", "POINT", "hub")])
    text = HEADING + "YL991,t1,BOOK,lendable,CN-629900-1-YLT,0417\n"
    run = taken(database_url, "items", written(tmp_path, text))["run"]
    county.send(county.k1.lends("YL991", county.refs["R1"]))

    report = undone(database_url, run)

    assert report["kept"] == [{"kind": "items", "key": "YL991", "reason": "is in use"}]
    assert county.item("YL991") is not None
    assert set(county.open_loans()) == {"YL991"}


def test_undo_of_sites_takes_the_lower_ones_first(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    run = taken(database_url, "sites", written(tmp_path, SITES))["run"]
    assert len(rows(hub, schema.sites)) == 3

    report = undone(database_url, run)

    assert (report["withdrawn"], report["kept_total"]) == (3, 0)
    assert rows(hub, schema.sites) == []


def test_undo_of_patrons_takes_cards_and_their_digests_away(
    hub: Hub, database_url: str, tmp_path: Path
) -> None:
    heading = "number,name,patron_type,state,card_uid,phone\n"
    first = heading + "R629001,张玉华,ADULT,valid,04A1B2C3,139\n"
    kept = taken(database_url, "patrons", written(tmp_path, first))
    before = (rows(hub, schema.patrons), rows(hub, schema.credentials))
    second = heading + "R629001,张华,ADULT,lost,04D4E5F6,\nR629002,李静,ADULT,valid,,\n"
    run = taken(database_url, "patrons", written(tmp_path, second, "b.csv"))["run"]
    assert len(rows(hub, schema.credentials)) == 4

    report = undone(database_url, run)

    assert (report["withdrawn"], report["restored"]) == (1, 1)
    assert (rows(hub, schema.patrons), rows(hub, schema.credentials)) == before
    assert undone(database_url, kept["run"])["withdrawn"] == 1
    assert rows(hub, schema.credentials) == []
    assert rows(hub, schema.search_terms) == []


def test_undo_gives_back_that_a_patron_had_no_home_site(
    stocked: Hub, database_url: str, tmp_path: Path
) -> None:
    heading = "number,name,patron_type,state,home_site,loan_limit\n"
    first = heading + "R629,欧阳明,ADULT,valid,,\n"
    second = heading + "R629,欧阳明,ADULT,valid,0417,3\n"
    taken(database_url, "patrons", written(tmp_path, first))
    before = rows(stocked, schema.patrons)
    run = taken(database_url, "patrons", written(tmp_path, second, "b.csv"))["run"]
    assert rows(stocked, schema.patrons) != before

    undone(database_url, run)

    assert rows(stocked, schema.patrons) == before


def test_undo_twice_does_nothing_more(
    stocked: Hub, database_url: str, tmp_path: Path
) -> None:
    file = written(tmp_path, HEADING + line("YL002"))
    run = taken(database_url, "items", file)["run"]
    undone(database_url, run)

    again = undone(database_url, run)

    assert (again["withdrawn"], again["restored"], again["kept_total"]) == (0, 0, 0)
    assert len(rows(stocked, schema.items)) == 1


def test_runs_are_listed_with_what_became_of_them(
    stocked: Hub, database_url: str, tmp_path: Path
) -> None:
    file = written(tmp_path, HEADING + line("YL002") + line("YL003"))
    run = taken(database_url, "items", file)["run"]

    (listed,) = map(json.loads, call(database_url, "runs").stdout.splitlines())
    undone(database_url, run)
    (after,) = map(json.loads, call(database_url, "runs").stdout.splitlines())

    assert (listed["run"], listed["kind"], listed["left"]) == (run, "items", 2)
    assert listed["report"]["taken"] == 2
    assert listed["undone_at"] is None
    assert after["undone_at"] is not None
    assert [row["what"] for row in rows(stocked, schema.audit_log)] == [
        "import.begin",
        "import.undo",
    ]


@pytest.mark.usefixtures("hub")
def test_unknown_run_is_refused(database_url: str) -> None:
    result = call(database_url, "undo", "20260101-000000-abcd")

    assert result.exit_code == 1
    assert "there is no import run" in result.output


def test_dry_run_says_what_the_real_one_does_and_leaves_no_trace(
    stocked: Hub, database_url: str, tmp_path: Path
) -> None:
    bad = line("YL004").replace("t001", "t999")
    file = written(tmp_path, HEADING + line("YL001", "lost") + line("YL002") + bad)
    before = everything(stocked)

    dry = json.loads(call(database_url, "items", str(file), "--dry-run").stdout)
    after = everything(stocked)
    real = json.loads(call(database_url, "items", str(file)).stdout)

    assert after == before
    assert everything(stocked) != before
    assert (dry.pop("dry_run"), real.pop("dry_run")) == (True, False)
    assert (dry.pop("run"), bool(real.pop("run"))) == ("", True)
    assert dry == real
    assert (real["changed"], real["rejected_total"]) == (2, 1)


def test_killed_import_keeps_what_it_stored_and_goes_on_when_repeated(
    stocked: Hub, database_url: str, tmp_path: Path
) -> None:
    count = 6_000
    text = HEADING + "".join(line(f"YL{n:06d}") for n in range(count))
    file = written(tmp_path, text)
    command = "from sync.hub.cli import hub; hub()"
    words = [sys.executable, "-c", command, "import", "items", str(file)]
    process = subprocess.Popen(
        [*words, "--database", database_url], stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 30
    while stored(stocked) < 1000 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    survived = stored(stocked)
    assert 1000 <= survived < count

    report = taken(database_url, "items", file)

    assert report["changed"] == count + 1 - survived
    assert stored(stocked) == count + 1
    runs = [json.loads(one) for one in call(database_url, "runs").stdout.splitlines()]
    assert sum(run["left"] for run in runs) == count
    assert [run["ended_at"] is None for run in runs] == [False, True]


def everything(hub: Hub) -> dict[str, list[dict[str, Any]]]:
    return {t.name: rows(hub, t) for t in schema.metadata.sorted_tables}


def stored(hub: Hub) -> int:
    with hub.database.reading() as conn:
        return int(
            conn.execute(select(func.count()).select_from(schema.items)).scalar_one()
        )
