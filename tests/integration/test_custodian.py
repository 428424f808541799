from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.domain.rules import SecurityRule
from kiosk.service.ports import LedgerError, Security
from kiosk.service.security import afi_of, state_of
from kiosk.store.ledger import SqliteLedger
from tests.integration.kiosk_world import OTHER, READER, World, book, read_only

TAG = "E004B1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = World(tmp_path)
    yield opened
    opened.close()


def lend(world: World) -> None:
    world.lending.lend_alone(READER, [book("B1")], "session")


def test_a_lent_book_is_to_be_disarmed_when_it_is_seen(world: World) -> None:
    lend(world)

    assert world.custodian.wrong({TAG, "E0FF"}) == {TAG: Security.OUT}
    assert world.custodian.wrong({"E0FF"}) == {}


def test_what_was_read_back_ends_the_matter(world: World) -> None:
    lend(world)

    world.custodian.note({TAG: Security.OUT})

    assert world.custodian.wrong({TAG}) == {}


@pytest.mark.parametrize("seen", [None, Security.IN])
def test_a_tag_that_could_not_be_written_stays_wrong(
    world: World, seen: Security | None
) -> None:
    lend(world)

    world.custodian.note({TAG: seen})

    assert world.custodian.wrong({TAG}) == {TAG: Security.OUT}


def test_it_is_healed_weeks_later_if_the_book_is_still_on_loan(world: World) -> None:
    lend(world)
    world.judge(*world.events())
    world.on_loan("B1")

    assert world.custodian.wrong({TAG}) == {TAG: Security.OUT}


def test_a_wish_is_given_up_when_the_book_was_returned_elsewhere(world: World) -> None:
    lend(world)
    world.judge(*world.events())
    world.on_loan("B1")
    world.returned_elsewhere("L-B1")

    assert world.custodian.wrong({TAG}) == {}
    assert world.ledger.unhealed_tags() == ()


def test_a_wish_is_kept_while_its_tag_is_not_there(world: World) -> None:
    lend(world)
    world.judge(*world.events())

    world.custodian.wrong({"E0FF"})

    assert [tag.uid for tag in world.ledger.unhealed_tags()] == [TAG]


def test_a_returned_book_is_not_armed_once_somebody_has_it_again(world: World) -> None:
    world.returning.take_back([book("B1")], {TAG: None}, None)
    world.judge(*world.events())
    world.on_loan("B1", OTHER)

    assert world.custodian.wrong({TAG}) == {}


def test_a_new_loan_wants_the_tag_written_again_whatever_was_seen_before(
    world: World,
) -> None:
    lend(world)
    world.custodian.note({TAG: Security.OUT})
    world.returning.take_back([book("B1")], {TAG: Security.IN}, None)

    world.lending.lend_alone(READER, [book("B1")], "session")

    assert world.custodian.wrong({TAG}) == {TAG: Security.OUT}


def test_a_medium_that_fails_neither_stops_healing_nor_forgets(world: World) -> None:
    lend(world)

    with read_only(world.ledger):
        world.custodian.note({TAG: Security.OUT})

    assert world.custodian.wrong({TAG}) == {TAG: Security.OUT}


def test_a_stale_wish_that_can_not_be_removed_is_not_carried_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_ledger: SqliteLedger, _uids: object) -> None:
        raise LedgerError("the disk is full")

    lend(world)
    world.judge(*world.events())
    monkeypatch.setattr(SqliteLedger, "forget_tags", fail)

    assert world.custodian.wrong({TAG}) == {}


def test_the_county_says_which_values_a_tag_carries(world: World) -> None:
    rule = world.custodian.rule()

    assert (afi_of(Security.IN, rule), afi_of(Security.OUT, rule)) == (0x07, 0xC2)
    assert state_of(0x07, rule) is Security.IN
    assert state_of(0xC2, rule) is Security.OUT


@pytest.mark.parametrize("afi", [None, 0x00, 0xFF])
def test_any_other_value_means_nothing(afi: int | None) -> None:
    assert state_of(afi, SecurityRule()) is None
