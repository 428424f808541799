"""A kiosk is told the names of readers of its own area, masked, and of no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from kiosk.cli import main
from kiosk.domain.values import Site
from sync.hub.county import catalogue, patron_files, sites
from sync.hub.county.patrons import PatronRecord, put_patrons
from sync.hub.store import schema
from sync.hub.store.upgrade import downgrade, upgrade
from sync.protocol import FeedPage, PatronChanged
from tests.integration.desk_world import CLERK
from tests.integration.hub_server import Client, Server, client, server
from tests.integration.hub_world import (
    MINUTE,
    NOON,
    PATRONS,
    County,
    cheap_digests,
    county,
    database_url,
    hub,
)
from tests.integration.stick_world import Town, town

__all__ = ["client", "county", "database_url", "hub", "server", "town"]

#: Two towns with two villages each, and a book bus of the county library.
TREE = (
    Site("T1", "四门镇分馆", "四门镇", "BRANCH", "hub"),
    Site("T2", "上湾镇分馆", "上湾镇", "BRANCH", "hub"),
    Site("V1", "马坪村借阅点", "马坪村", "POINT", "T1"),
    Site("V2", "白水村借阅点", "白水村", "POINT", "T1"),
    Site("V3", "青山村借阅点", "青山村", "POINT", "T2"),
    Site("bus", "流动图书车", "图书车", "POINT", "hub"),
)
#: A reader at home in each of them, and one at home nowhere.
HOMES = ("hub", "T1", "T2", "V1", "V2", "V3", "bus", "")
ALL = frozenset(home for home in HOMES if home)


@pytest.fixture
def towns(county: County) -> County:
    readers = [
        PatronRecord(f"N{home}", "张建华", "ADULT", home_site=home) for home in HOMES
    ]
    with county.hub.database.writing() as conn:
        catalogue.put_sites(conn, TREE)
        put_patrons(conn, readers, cheap_digests(readers))
        found = select(schema.patrons.c.number, schema.patrons.c.patron_ref)
        county.refs = {row.number: row.patron_ref for row in conn.execute(found)}
    return county


def told(county: County, site_id: str, cursor: int = 0) -> dict[str, str]:
    """Home of each reader of whom a kiosk there is told since, and the name told."""
    homes = {county.refs[f"N{home}".upper()]: home for home in HOMES}
    return {
        homes[change.value.patron_ref]: change.value.name
        for change in county.feed(cursor, site_id=site_id)
        if isinstance(change, PatronChanged) and change.value.patron_ref in homes
    }


def known(names: Mapping[str, str]) -> set[str]:
    assert set(names.values()) <= {"", "张*华"}
    return {home for home, name in names.items() if name}


@pytest.mark.fault("O47")
@pytest.mark.parametrize(
    ("site_id", "area"),
    [
        ("V1", {"T1", "V1", "V2"}),
        ("T1", {"T1", "V1", "V2"}),
        ("V3", {"T2", "V3"}),
        ("bus", {"bus"}),
        ("hub", ALL),
        ("nowhere", set()),
    ],
)
def test_kiosk_is_told_the_names_of_its_own_area_alone(
    towns: County, site_id: str, area: set[str]
) -> None:
    names = told(towns, site_id)

    assert known(names) == area
    assert names.keys() == set(HOMES), "it knows all readers, by name or not"


def test_reader_who_moves_is_named_at_the_new_home_and_no_longer_at_the_old(
    towns: County,
) -> None:
    before = towns.version()
    with towns.hub.database.writing() as conn:
        ref = towns.refs["NV1"]
        patron_files.change(conn, ref, {"home_site": "V3"}, CLERK, NOON)

    assert told(towns, "V2", before) == {"V1": ""}
    assert told(towns, "V3", before) == {"V1": "张*华"}


@pytest.mark.fault("O47")
@pytest.mark.parametrize("way", ["moved", "imported"])
def test_village_that_comes_to_another_town_takes_its_readers_names_along(
    towns: County, way: str
) -> None:
    before = towns.version()
    with towns.hub.database.writing() as conn:
        if way == "moved":
            sites.move_site(conn, CLERK, "V1", "T2", NOON + MINUTE)
        else:
            catalogue.put_sites(conn, [replace(TREE[2], parent="T2")])

    assert known(told(towns, "V1", before)) == {"T2", "V1", "V3"}
    assert told(towns, "V2", before)["V1"] == ""
    assert told(towns, "V3", before)["V1"] == "张*华"
    assert "bus" not in told(towns, "hub", before), "what stays is not told again"


def test_change_of_a_site_that_moves_nobody_tells_no_names_again(
    towns: County,
) -> None:
    before = towns.version()

    with towns.hub.database.writing() as conn:
        catalogue.put_sites(conn, TREE)

    assert told(towns, "hub", before) == {}


def test_import_without_a_home_site_leaves_the_one_that_is_known(
    towns: County,
) -> None:
    again = PatronRecord("NV1", "张建华", "SENIOR")
    towns.put_patron(again)

    assert known(told(towns, "V2")) == {"T1", "V1", "V2"}


def test_upgrade_tells_each_reader_anew_so_that_old_names_go(towns: County) -> None:
    database = towns.hub.database
    downgrade(database, "0017")
    before = towns.version()

    upgrade(database)

    assert told(towns, "V3", before).keys() == set(HOMES)
    assert known(told(towns, "V3", before)) == {"T2", "V3"}


@pytest.mark.fault("O47")
def test_feed_on_the_wire_is_that_of_the_signing_device(
    server: Server, client: Client
) -> None:
    homes = {"R1": "A", "R2": "B"}
    with server.database.writing() as conn:
        for number, home in homes.items():
            of_reader = schema.patrons.c.number == number
            conn.execute(update(schema.patrons).where(of_reader).values(home_site=home))

    answer = client.call("GET", "/v1/feed?cursor=0&limit=1000")

    page = msgspec.json.decode(answer.content, type=FeedPage)
    names = {
        change.value.patron_ref: change.value.name
        for change in page.changes
        if isinstance(change, PatronChanged)
    }
    assert (names[server.refs["R1"]], names[server.refs["R2"]]) == ("张*华", "")


@pytest.mark.fault("O47")
def test_stick_brings_the_names_of_the_receivers_area_alone(town: Town) -> None:
    homes = [
        replace(reader, home_site=site)
        for reader, site in zip(PATRONS, ("A", "B"), strict=False)
    ]
    with town.hub.database.writing() as conn:
        put_patrons(conn, homes)
    point = town.point()
    town.imports(point.exports(town.stick))
    point.imports(town.stick)

    readers = [point.mirror().patron(town.county.refs[each]) for each in ("R1", "R2")]
    assert [reader and reader.name for reader in readers] == ["张*华", ""]


def test_table_of_readers_names_their_home_and_a_wrong_one_is_rejected(
    towns: County, database_url: str, tmp_path: Path
) -> None:
    file = tmp_path / "patrons.csv"
    file.write_text(
        "number,name,patron_type,state,home_site\n"
        "NV1,张建华,ADULT,valid,v3\n"
        "NV2,张建华,ADULT,valid,nowhere\n"
        "NT1,张建华,ADULT,valid,\n",
        "utf-8",
    )

    words = ["hub", "import", "patrons", str(file), "--database", database_url]
    done = CliRunner().invoke(main, words)

    homes = {
        row["number"]: row["home_site"] for row in towns.rows(schema.patrons, "number")
    }
    assert (homes["NV1"], homes["NV2"], homes["NT1"]) == ("V3", "V2", "T1")
    assert "line 3, home_site" in done.output
