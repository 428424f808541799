"""A mirror that is emptied, broken, missing or replaced."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.service.ports import MirrorStatus
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.keys import sign_rules
from sync.protocol import (
    PatronChanged,
    RulesChanged,
)
from tests.integration.mirror_world import acked, event, page, path, reader, writer
from tests.integration.store_samples import (
    HUB_KEY,
    HUB_PUBLIC,
    NOON,
    patron,
    rules,
    verdict,
)

__all__ = ["path", "reader", "writer"]


def test_emptied_mirror_keeps_rules_and_verdicts(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    signed = sign_rules(HUB_KEY, rules())
    writer.apply_page(page(3, PatronChanged(patron()), RulesChanged(signed)))
    writer.put_verdicts([verdict(event(1), feed_version=3)], acked(1), NOON)
    assert reader.status().settled_seq == 1

    writer.empty()

    status = reader.status()
    assert (status.cursor, status.synced_at) == (0, None)
    assert (status.epoch, status.settled_seq) == ("e1", 0)
    assert reader.patron("P1") is None
    assert reader.rules() == rules()
    assert reader.final(["e1-1"]) == {"e1-1"}


def test_reopened_mirror_goes_on_at_its_cursor(path: Path) -> None:
    with closing(MirrorWriter(path, HUB_PUBLIC)) as writer:
        writer.apply_page(page(9, PatronChanged(patron())))

    with closing(MirrorWriter(path, HUB_PUBLIC)) as again:
        assert again.cursor() == 9


def damage_header(path: Path) -> None:
    path.write_bytes(b"\xa5" * 100 + path.read_bytes()[100:])


def damage_page(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(4096) + content[8192:])


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10_000])


def drop_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TABLE feed")


@pytest.mark.parametrize("damage", [damage_header, damage_page, truncate, drop_table])
def test_damaged_mirror_is_set_aside_and_begun_anew(
    path: Path, damage: Callable[[Path], None]
) -> None:
    with closing(MirrorWriter(path, HUB_PUBLIC)) as writer:
        writer.apply_page(page(9, PatronChanged(patron())))
    damage(path)
    reader = MirrorReader(path)
    assert reader.status().cursor in (0, 9)

    with closing(MirrorWriter(path, HUB_PUBLIC)) as again:
        assert again.cursor() == 0
        assert path.with_name("mirror.damaged-1.db").exists()
        again.apply_page(page(2, PatronChanged(patron("P2"))))

    assert reader.patron("P2") == patron("P2")
    assert reader.patron("P1") is None


def test_reader_of_a_missing_mirror_knows_nothing(reader: MirrorReader) -> None:
    assert reader.rules() is None
    assert reader.item("B1") is None
    assert reader.patron_by_digest("ab") is None
    assert reader.loans_of("P1") == ()
    assert reader.verdicts(["e"]) == {}
    assert reader.acked() is None
    assert reader.hub_time() is None
    assert reader.status() == MirrorStatus(0, None)


def test_reader_of_a_broken_mirror_knows_nothing(
    path: Path, reader: MirrorReader
) -> None:
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)

    assert reader.item("B1") is None
    assert reader.status() == MirrorStatus(0, None)


def test_reader_of_a_mirror_still_without_tables_knows_nothing(
    path: Path, reader: MirrorReader
) -> None:
    path.write_bytes(b"")

    assert reader.item("B1") is None
    assert reader.status() == MirrorStatus(0, None)


def test_reader_follows_a_mirror_that_was_replaced(
    path: Path, reader: MirrorReader
) -> None:
    with closing(MirrorWriter(path, HUB_PUBLIC)) as writer:
        writer.apply_page(page(1, PatronChanged(patron("P1"))))
    assert reader.patron("P1") == patron("P1")
    path.unlink()

    with closing(MirrorWriter(path, HUB_PUBLIC)) as writer:
        writer.apply_page(page(1, PatronChanged(patron("P2"))))

        assert reader.patron("P1") is None
        assert reader.patron("P2") == patron("P2")


@pytest.mark.fault("O09")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE feed SET synced_at = 'noon'",
        "UPDATE feed SET hub_time = 'noon'",
        "UPDATE told SET told_at = 'noon'",
        "UPDATE progress SET settled_seq = 'x'",
        "UPDATE verdict SET outcome = 'sideways'",
        "UPDATE verdict SET body = 7",
        "UPDATE rules SET body = x'7b'",
    ],
)
def test_content_that_makes_no_sense_says_nothing_and_is_set_aside(
    path: Path, statement: str
) -> None:
    with closing(MirrorWriter(path, HUB_PUBLIC)) as writer:
        signed = sign_rules(HUB_KEY, rules())
        writer.apply_page(page(3, RulesChanged(signed)))
        writer.put_verdicts([verdict(event(1), feed_version=3)], acked(1), NOON)
        writer.mark_synced(NOON)
    with closing(sqlite3.connect(path)) as other, other:
        assert other.execute(statement).rowcount > 0

    kiosk = MirrorReader(path)
    for look in (kiosk.status, kiosk.settled, kiosk.hub_time, kiosk.rules):
        look()
    kiosk.verdicts(["e1-1"])
    kiosk.count_outcomes()

    with closing(MirrorWriter(path, HUB_PUBLIC)) as again:
        assert again.cursor() == 0
    assert path.with_name("mirror.damaged-1.db").exists()
