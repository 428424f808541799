"""A book that was dealt with by its barcode alone: its tags are put right once seen."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from drivers.api import Tag, TagsOnPad
from drivers.tagdata import iso28560_2
from drivers.tagdata.elements import OWNER, PII, SET_INFORMATION, set_text
from drivers.tagdata.layout import compose, image
from kiosk.domain.rules import SecurityMode, SecurityRule
from kiosk.service.ports import LedgerError, Security, TagState, TagTarget
from kiosk.store.ledger import SqliteLedger
from kiosk.store.tags import MOST_WISHES
from kiosk.view import Action, LineState
from sync.keys import sign_rules
from sync.protocol import RulesChanged
from tests.integration.dispatcher_point import IN, OUT, MakePoint, Point, states, tag
from tests.integration.kiosk_world import (
    OTHER,
    READER,
    RULES,
    World,
    book,
    read_only,
    scanned,
)
from tests.integration.store_samples import AT, HUB_KEY, KIOSK, fact


def lend_by_barcode(world: World, item: str = "B1") -> None:
    world.lending.lend_alone(READER, [scanned(item)], "session")


def find(world: World, *uids: str, item: str = "B1") -> None:
    world.custodian.find(lambda: [book(item, *uids)])


# What is kept --------------------------------------------------------------------


def test_a_loan_by_barcode_wishes_its_unseen_tags_disarmed(world: World) -> None:
    lend_by_barcode(world)

    assert world.ledger.wishes() == {"B1": Security.OUT}
    assert world.ledger.unhealed_tags() == ()


def test_a_loan_that_is_not_recorded_wishes_nothing(world: World) -> None:
    with read_only(world.ledger), pytest.raises(LedgerError):
        lend_by_barcode(world)
    world.ledger.reopen()

    assert (world.ledger.wishes(), world.events()) == ({}, ())


def test_a_loan_with_its_tag_there_wishes_nothing_more(world: World) -> None:
    world.lending.lend_alone(READER, [book("B1")], "session")

    assert world.ledger.wishes() == {}


def test_the_last_word_on_an_item_is_the_only_one(world: World) -> None:
    world.lending.lend_alone(READER, [book("B1")], "session")
    world.returning.take_back([scanned("B1")], {}, None)
    assert world.ledger.wishes() == {"B1": Security.IN}
    assert world.ledger.unhealed_tags() == ()

    world.lending.lend_alone(READER, [book("B1")], "session")
    assert world.ledger.wishes() == {}
    assert [state.desired for state in world.ledger.unhealed_tags()] == [Security.OUT]


def test_a_county_without_gates_wishes_nothing(world: World) -> None:
    rules = replace(RULES, version=4, security=SecurityRule(mode=SecurityMode.NONE))
    world.tell(RulesChanged(sign_rules(HUB_KEY, rules)))

    lend_by_barcode(world)

    assert world.ledger.wishes() == {}


def test_books_without_tags_never_fill_the_list_of_wishes(world: World) -> None:
    wished = [TagTarget(None, f"N{n}", Security.OUT) for n in range(MOST_WISHES + 2)]
    for n, target in enumerate(wished):
        world.ledger.record([fact(n, target.item)], AT, [target])

    kept = [target.item for target in wished[2:]]
    assert list(world.ledger.wishes()) == kept


def test_wishes_outlive_a_restart_and_a_damaged_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    wish = {"B1": Security.OUT}
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        ledger.record([fact(1)], AT, [TagTarget(None, "B1", Security.OUT)])
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        assert ledger.wishes() == wish
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE event SET hash = zeroblob(32)")

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert again.opening.fault is not None
        assert again.wishes() == wish


# What a sight of the tag does ----------------------------------------------------


def test_a_tag_that_is_found_takes_over_the_wish(world: World) -> None:
    lend_by_barcode(world)

    find(world, "E1")

    assert world.ledger.unhealed_tags() == (TagState("E1", "B1", Security.OUT, None),)
    assert world.ledger.wishes() == {}


def test_a_set_that_is_found_takes_it_over_with_all_its_tags(world: World) -> None:
    lend_by_barcode(world)

    find(world, "E1", "E2")

    assert world.custodian.wrong({"E1", "E2"}) == {
        "E1": Security.OUT,
        "E2": Security.OUT,
    }


def test_a_tag_of_another_item_is_left_alone(world: World) -> None:
    lend_by_barcode(world)

    find(world, "E2", item="B2")

    assert world.ledger.unhealed_tags() == ()
    assert world.ledger.wishes() == {"B1": Security.OUT}


def test_a_wish_is_given_up_when_the_book_was_returned_elsewhere(world: World) -> None:
    lend_by_barcode(world)
    world.judge(*world.events())
    world.on_loan("B1")
    world.returned_elsewhere("L-B1")

    find(world, "E1")

    assert (world.ledger.wishes(), world.ledger.unhealed_tags()) == ({}, ())


def test_a_returned_book_that_was_lent_elsewhere_is_not_armed(world: World) -> None:
    world.returning.take_back([scanned("B1")], {}, None)
    world.judge(*world.events())
    world.on_loan("B1", OTHER)

    find(world, "E1")

    assert (world.ledger.wishes(), world.ledger.unhealed_tags()) == ({}, ())


def test_what_can_not_be_stored_is_found_once_more(world: World) -> None:
    lend_by_barcode(world)
    with read_only(world.ledger):
        find(world, "E1")
    world.ledger.reopen()

    find(world, "E1")

    assert [state.uid for state in world.ledger.unhealed_tags()] == ["E1"]


# At the point --------------------------------------------------------------------


def borrow_by_barcode(point: Point, item: str = "B1") -> None:
    point.card()
    point.scan(item)
    assert point.touch(Action.CONFIRM).accepted
    point.until(lambda view: states(view) == [LineState.OK])


def test_its_tag_is_disarmed_in_a_later_session_on_another_pad(
    point: Point, world: World
) -> None:
    point.lay(pad="other")
    borrow_by_barcode(point)
    point.go_home()

    point.lay("B1", pad="other")

    point.until(lambda _: point.table.written == {"E004B1": OUT})
    point.settle_down()
    assert (world.ledger.unhealed_tags(), world.ledger.wishes()) == ((), {})
    assert world.kinds() == ["CHECKOUT", "SESSION_ENDED"]


def test_its_tag_is_disarmed_by_the_process_that_comes_after(
    make_point: MakePoint,
) -> None:
    first = make_point()
    borrow_by_barcode(first)
    first.stop()

    second = make_point(left_behind=["B1"])

    second.until(lambda _: second.table.written == {"E004B1": OUT})
    assert second.settle_down().headline is None


def test_a_book_returned_by_its_barcode_is_armed_when_it_is_seen(
    point: Point, world: World
) -> None:
    world.on_loan("B1")
    point.touch(Action.RETURN)
    point.scan("B1")
    point.until(lambda view: states(view) == [LineState.OK])
    point.go_home()

    point.lay("B1")

    point.until(lambda _: point.table.written == {"E004B1": IN})
    point.settle_down()
    assert world.kinds() == ["CHECKIN", "SESSION_ENDED"]


def test_a_return_of_a_book_lent_by_barcode_leaves_it_armed(
    point: Point, world: World
) -> None:
    borrow_by_barcode(point)
    point.go_home()

    point.touch(Action.RETURN)
    point.lay("B1")

    point.until(lambda view: states(view) == [LineState.OK])
    point.settle_down()
    assert point.table.written == {"E004B1": IN}
    assert (world.ledger.unhealed_tags(), world.ledger.wishes()) == ((), {})


def test_a_tag_that_tells_its_item_only_later_is_found(point: Point) -> None:
    borrow_by_barcode(point)
    point.go_home()

    point.says(TagsOnPad((Tag("E004B1"),)))
    point.settle_down()
    assert point.table.written == {}
    point.lay("B1")

    point.until(lambda _: point.table.written == {"E004B1": OUT})


def part(number: int, item: str = "B1", uid: str = "") -> Tag:
    elements = {PII: item, OWNER: "CN-1", SET_INFORMATION: set_text(2, number)}
    memory = image(compose(elements), 112)
    return Tag(uid or f"E004{item}{number}", dsfid=iso28560_2.DSFID, memory=memory)


def test_a_set_is_disarmed_once_all_its_parts_are_there(point: Point) -> None:
    borrow_by_barcode(point)
    point.go_home()

    point.says(TagsOnPad((part(1),)))
    point.settle_down()
    assert point.table.written == {}
    point.says(TagsOnPad((part(1), part(2))))

    point.until(lambda _: point.table.written == {"E004B11": OUT, "E004B12": OUT})


def test_two_tags_that_both_say_they_are_it_are_left_alone(point: Point) -> None:
    borrow_by_barcode(point)
    point.go_home()

    twin = Tag("E004F0", dsfid=iso28560_2.DSFID, memory=tag("B1").memory)
    point.says(TagsOnPad((tag("B1"), twin)))
    point.settle_down()
    assert point.table.written == {}

    point.lay("B1")
    point.until(lambda _: point.table.written == {"E004B1": OUT})


def test_a_book_of_which_nothing_is_known_here_is_left_alone(
    point: Point, world: World
) -> None:
    borrow_by_barcode(point)
    point.go_home()
    world.on_loan("B2", OTHER)

    point.lay("B1", "B2", "B3")

    point.until(lambda _: "E004B1" in point.table.written)
    point.settle_down()
    assert point.table.written == {"E004B1": OUT}
