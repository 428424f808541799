"""A card that was rolled back or cloned: nothing lost, nothing doubled, by itself."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from kiosk.service.ports import Draft
from kiosk.store.ledger_schema import Reason
from sync.protocol import Kind
from tests.integration.card_world import Card, card, held_ids
from tests.integration.hub_world import County, county, database_url, hub
from tests.integration.store_samples import AT

__all__ = ["county", "database_url", "hub"]


@pytest.mark.fault("O10")
@pytest.mark.parametrize("mirror_too", [True, False])
@pytest.mark.parametrize("heartbeat", [True, False])
def test_rolled_back_card_goes_on_while_running(
    county: County, tmp_path: Path, *, mirror_too: bool, heartbeat: bool
) -> None:
    with card(tmp_path / "card", county.hub) as device:
        device.record(3)
        device.contact()
        _forget_four(device, tmp_path / "image", mirror_too=mirror_too)
        if not heartbeat:
            _meet_quietly(device)

        device.record(6)
        device.contact(heartbeat=heartbeat)

        assert device.diverged == ()
        assert device.agent.pending == 0
        assert sorted(held_ids(county.hub)) == sorted(set(device.recorded))
        assert device.ledger.first_break() is None
    assert "event_conflict" not in county.cases()


def test_without_recording_anew_it_would_stay_in_conflict(
    county: County, tmp_path: Path
) -> None:
    with card(tmp_path / "card", county.hub) as device:
        _forget_four(device, tmp_path / "image")
        device.record(2)

        device.agent.turn()

        assert len(device.diverged) == 1
        assert len(held_ids(county.hub)) == 4


def test_ask_that_waits_goes_along_and_gets_its_verdict(
    county: County, tmp_path: Path
) -> None:
    with card(tmp_path / "card", county.hub) as device:
        _forget_four(device, tmp_path / "image")

        ask = device.ask()
        device.contact()

        assert ask.event_id in device.mirror.verdicts([ask.event_id])
        (still_open,) = device.ledger.open_asks()
        assert still_open.event_id == ask.event_id
        assert still_open.epoch != ask.epoch
        close = Draft("close", Kind.WITHDRAWN, refers_to=ask.event_id)
        device.ledger.record([close], AT)
        device.contact()
        assert device.agent.pending == 0


def test_events_whose_answer_was_lost_count_once(
    county: County, tmp_path: Path
) -> None:
    with card(tmp_path / "card", county.hub) as device:
        device.record(2)
        device.contact()
        device.save(tmp_path / "image")
        device.record(2)
        device.contact()
        device.roll_back(tmp_path / "image")
        _meet_quietly(device)
        device.record(5)
        device.way.lose = 1

        device.contact(heartbeat=False)

        assert sorted(held_ids(county.hub)) == sorted(set(device.recorded))
        assert device.agent.pending == 0


@pytest.mark.fault("O09", "O10")
def test_rolled_back_card_that_is_damaged_as_well_loses_nothing(
    county: County, tmp_path: Path
) -> None:
    with card(tmp_path / "card", county.hub) as device:
        device.record(3)
        device.contact()
        _forget_four(device, tmp_path / "image")
        device.record(2)
        device.agent.turn()
        acked = device.mirror.acked()
        assert acked is not None
        assert acked.seq >= device.ledger.head().seq

        device.damage()
        device.contact()

        assert device.ledger.opening.began is Reason.SALVAGED
        assert sorted(held_ids(county.hub)) == sorted(device.recorded)
        assert device.agent.pending == 0
        assert device.diverged == ()


@pytest.mark.fault("O17")
@pytest.mark.parametrize("seed", range(3))
def test_whatever_it_is_rolled_back_to_nothing_is_lost_or_doubled(
    county: County, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    with card(tmp_path / "card", county.hub) as device:
        device.save(tmp_path / "image-0")
        images = 1
        known: set[str] = set()
        for _ in range(18):
            match chance.choice(
                ("record", "record", "contact", "save", "back", "start", "damage")
            ):
                case "record":
                    device.record(chance.randint(1, 5))
                case "contact":
                    device.way.lose = chance.randint(0, 1)
                    device.contact(heartbeat=chance.random() < 0.5)
                case "save":
                    device.save(tmp_path / f"image-{images}")
                    images += 1
                case "back":
                    image = tmp_path / f"image-{chance.randrange(images)}"
                    device.roll_back(image, mirror_too=chance.random() < 0.5)
                case "start":
                    device.restart()
                case "damage":
                    device.damage()
                    assert known <= set(held_ids(county.hub)) | device.ids()
            known = set(held_ids(county.hub)) | device.ids()
        device.way.lose = 0
        for _ in range(3):
            device.contact()

        held = held_ids(county.hub)
        assert known <= set(held)
        assert len(held) == len(set(held))
        assert device.agent.pending == 0
        assert device.diverged == ()
        assert device.ledger.first_break() is None
    assert "event_conflict" not in county.cases()


def test_two_clones_both_get_all_in_and_are_told_apart_from_a_roll_back(
    county: County, tmp_path: Path
) -> None:
    with card(tmp_path / "one", county.hub) as one:
        one.record(3)
        one.contact()
        one.save(tmp_path / "copy")
        shutil.copytree(tmp_path / "copy", tmp_path / "two")
        with card(tmp_path / "two", county.hub) as two:
            for _ in range(3):
                for device in (one, two):
                    device.record(2)
                    device.contact()

            every = {*one.recorded, *two.recorded}
            assert one.agent.pending == two.agent.pending == 0
            assert one.ledger.head().epoch != two.ledger.head().epoch
    held = held_ids(county.hub)
    assert sorted(held) == sorted(every)
    assert _about_cards(county) == ["card_cloned"]


def test_rolled_back_card_alone_is_not_called_a_clone(
    county: County, tmp_path: Path
) -> None:
    with card(tmp_path / "card", county.hub) as device:
        _forget_four(device, tmp_path / "image")
        device.record(1)
        for _ in range(3):
            device.contact()
    assert _about_cards(county) == ["card_rolled_back"]


def _forget_four(device: Card, image: Path, *, mirror_too: bool = True) -> None:
    """Put the card back to before its last four events, which the hub has."""
    device.save(image)
    device.record(4)
    device.contact()
    device.roll_back(image, mirror_too=mirror_too)


def _meet_quietly(device: Card) -> None:
    """The agent has had its first heartbeat, so that only a push can find out."""
    device.agent._pulse._due_s = device.time.now_s + 10_000


def _about_cards(county: County) -> list[str]:
    return [kind for kind in county.cases() if kind.startswith("card_")]
