from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk import around, mirror_watch
from kiosk.around import Around, HubLink
from kiosk.bell import Bell, kiosk_bell
from kiosk.config import Role
from kiosk.domain.values import Site
from kiosk.link import Link, boot_id, save_link
from kiosk.messages import Inbox, MirrorChanged
from kiosk.mirror_watch import MirrorWatch
from kiosk.presenter import Surroundings
from kiosk.view import Message, SiteLine
from sync.protocol import Clock, SiteChanged
from tests.integration.kiosk_world import HERE, World

NAME = "云岭县马坪村图书服务点"
ROLES = {"pad": Role.PAD, "card": Role.CARD, "scanner": Role.SCANNER}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = World(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def look(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Around:
    """Surroundings that look afresh every time."""
    monkeypatch.setattr(around, "MAX_AGE_S", -1.0)
    return Around(world.mirror, HubLink(tmp_path), HERE, ROLES, max_books=6)


def online(folder: Path, **changes: object) -> None:
    fresh = {"online": True, "boot_id": boot_id(), "at_s": time.monotonic()}
    save_link(folder, Link(**{**fresh, **changes}))  # type: ignore[arg-type]  # a mapping


def at(look: Around, world: World, *down: str) -> Surroundings:
    return look.at(frozenset(down), world.now())


def test_the_site_is_named_as_soon_as_the_mirror_knows_it(
    look: Around, world: World
) -> None:
    assert at(look, world).site == SiteLine("")

    world.tell(SiteChanged(Site(HERE, NAME, "马坪村", "village", keeper="陈管理员")))

    site = at(look, world).site
    assert (site.name, site.short_name, site.keeper) == (NAME, "马坪村", "陈管理员")


def test_without_a_word_of_the_agent_the_point_is_offline(
    look: Around, world: World
) -> None:
    surroundings = at(look, world)

    assert surroundings.offline
    assert surroundings.banners == (Message("bar.offline"),)


def test_with_a_hub_that_answers_there_is_nothing_to_say(
    look: Around, world: World, tmp_path: Path
) -> None:
    online(tmp_path)

    assert at(look, world) == Surroundings(SiteLine(""), max_books=6)


@pytest.mark.parametrize(
    "changes",
    [{"boot_id": "another"}, {"at_s": -1000.0}, {"revoked": True}, {"online": False}],
)
def test_an_agent_that_says_nothing_useful_counts_as_offline(
    look: Around, world: World, tmp_path: Path, changes: dict[str, object]
) -> None:
    online(tmp_path, **changes)

    assert at(look, world).offline


def test_a_mirror_that_is_too_old_to_lend_by_is_said(
    look: Around, world: World
) -> None:
    world.clock(Clock.RTC, days=8)

    assert at(look, world).banners == (Message("bar.offline_limit", {"n": 7}),)


def test_a_guessed_clock_does_not_know_how_old_the_mirror_is(
    look: Around, world: World
) -> None:
    world.clock(Clock.GUESSED, days=8)

    assert at(look, world).banners == (Message("bar.offline"),)


def test_every_device_that_is_down_is_named_by_its_role(
    look: Around, world: World, tmp_path: Path
) -> None:
    online(tmp_path)

    assert at(look, world, "scanner", "card", "pad").banners == (
        Message("E-CARDREADER-DOWN"),
        Message("E-READER-DOWN"),
        Message("E-SCANNER-DOWN"),
    )


def test_the_files_are_not_read_at_every_view(tmp_path: Path) -> None:
    link = HubLink(tmp_path)
    assert not link.answers()

    online(tmp_path)

    assert not link.answers()


@pytest.fixture
def inbox() -> Inbox:
    return queue.Queue()


def test_a_ring_of_the_agent_is_learnt_from_and_told(
    tmp_path: Path, inbox: Inbox
) -> None:
    learnt: list[str] = []
    watch = MirrorWatch(tmp_path, inbox, lambda: learnt.append("hub time"))
    with closing(Bell(kiosk_bell(tmp_path))) as bell:
        bell.ring()
        told = inbox.get(timeout=5.0)
    watch.stop()

    assert (told, learnt) == (MirrorChanged(), ["hub time"])
    assert not watch.alive


def test_a_ring_that_was_lost_is_made_up_for(
    tmp_path: Path, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror_watch, "LOOK_S", 0.0)
    watch = MirrorWatch(tmp_path, inbox, lambda: None)

    told = inbox.get(timeout=5.0)
    watch.stop()

    assert told == MirrorChanged()
