"""What a kiosk was told of holds, used without a network: loans and returns."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.domain.values import Hold, Patron, Title
from kiosk.store.mirror_writer import MirrorWriter
from kiosk.view import LineState, Message
from sync.protocol import ItemChanged, Removed, TitleChanged
from tests.integration.kiosk_world import (
    ELSEWHERE,
    HERE,
    OTHER,
    READER,
    World,
    book,
    item,
)
from tests.integration.mirror_world import page
from tests.integration.store_samples import AT, HUB_PUBLIC, boot_at

WAITING = Hold("H1", "T9", "", READER.patron_ref, HERE, AT.wall)
DAY = AT.wall.date()
READY = replace(WAITING, copy="W1", copy_site=HERE, keep_until=DAY)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = World(tmp_path)
    copies = [ItemChanged(replace(item(name), title_id="T9")) for name in ("W1", "W2")]
    opened.tell(TitleChanged(Title("T9", "围城")), *copies)
    yield opened
    opened.close()


def lent(world: World, patron: Patron, barcode: str) -> str | None:
    """What the screen says against it."""
    (line,) = world.lending.lend_alone(patron, [book(barcode)], "session").lines
    refused = line.state is LineState.REFUSED
    return line.message.id if refused and line.message else None


def hints(world: World, *barcodes: str) -> list[Message | None]:
    result = world.returning.take_back([book(name) for name in barcodes], {}, None)
    return [line.message for line in result.lines]


def test_copy_that_is_ready_goes_to_its_reader_and_to_nobody_else(
    world: World,
) -> None:
    assert lent(world, OTHER, "W2") is None  # nobody waits yet
    world.tell_holds(READY)

    assert lent(world, OTHER, "W1") == "E-ITEM-HELD"
    assert lent(world, READER, "W1") is None


def test_copy_on_its_way_to_a_reader_is_kept_from_others(world: World) -> None:
    world.tell_holds(replace(READY, site_id=ELSEWHERE, keep_until=None))

    assert lent(world, OTHER, "W1") == "E-ITEM-HELD"


def test_copy_beside_the_one_that_is_ready_may_be_lent(world: World) -> None:
    world.tell_holds(READY)

    assert lent(world, OTHER, "W2") is None


def test_copy_that_nobody_fetched_in_time_is_kept_no_longer(world: World) -> None:
    world.clock(AT.quality, days=1)
    world.tell_holds(READY)

    assert lent(world, OTHER, "W1") is None


def test_reader_who_waits_longer_comes_before_who_waits_here_too(
    world: World,
) -> None:
    world.tell_holds(
        replace(WAITING, hold_id="H2", patron_ref=OTHER.patron_ref), WAITING
    )

    assert lent(world, OTHER, "W1") == "E-ITEM-HELD"
    assert lent(world, READER, "W1") is None


def test_reader_whose_copy_is_ready_has_it_while_another_waits(world: World) -> None:
    world.tell_holds(READY, replace(WAITING, hold_id="H2", patron_ref="P9"))

    assert lent(world, READER, "W1") is None


def test_title_wanted_at_another_site_is_lent_here(world: World) -> None:
    world.tell_holds(replace(WAITING, site_id=ELSEWHERE))

    assert lent(world, OTHER, "W1") is None


def test_hold_that_ended_keeps_nothing(world: World) -> None:
    world.tell_holds(READY)
    world.tell(Removed("hold", "H1"))

    assert lent(world, OTHER, "W1") is None


def test_book_that_comes_back_for_a_reader_goes_on_the_hold_shelf(
    world: World,
) -> None:
    world.tell_holds(WAITING)

    assert hints(world, "W1") == [Message("return.hold")]


def test_book_that_is_wanted_elsewhere_is_for_the_keeper(world: World) -> None:
    world.tell_holds(replace(WAITING, site_id=ELSEWHERE))

    words = Message("return.hold_elsewhere", {"site": "云岭县图书馆"})
    assert hints(world, "W1") == [words]


def test_of_two_books_that_come_back_one_is_for_the_one_who_waits(
    world: World,
) -> None:
    world.tell_holds(WAITING)
    world.on_loan("W1", OTHER)
    world.on_loan("W2", OTHER)

    assert hints(world, "W1", "W2") == [Message("return.hold"), Message("return.ok")]


def test_reader_who_borrowed_it_here_waits_no_more(world: World) -> None:
    world.tell_holds(READY)
    assert lent(world, READER, "W1") is None

    assert hints(world, "W1") == [Message("return.ok")]
    assert lent(world, OTHER, "W1") is None


def test_mirror_that_passed_over_holds_is_pulled_once_more(tmp_path: Path) -> None:
    path = tmp_path / "mirror.db"
    with closing(MirrorWriter(path, HUB_PUBLIC, boot_at)) as writer:
        writer.apply_page(page(7, ItemChanged(item("W1"))))
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript("DROP TABLE hold; PRAGMA user_version = 4;")

    with closing(MirrorWriter(path, HUB_PUBLIC, boot_at)) as writer:
        assert writer.cursor() == 0
    with closing(sqlite3.connect(path)) as raw:
        assert raw.execute("SELECT barcode FROM item").fetchall() == [("W1",)]
