from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.domain.session import Book, Visitor
from kiosk.domain.values import PatronState
from kiosk.service.identification import Identification, Unknown
from kiosk.view import Message
from sync.protocol import PatronChanged
from tests.integration.kiosk_world import CARD, READER, World, book


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = World(tmp_path)
    yield opened
    opened.close()


def card(world: World, uid: str = CARD) -> Visitor | Unknown:
    return Identification(world.knowledge).card(uid, world.now())


def code(world: World, text: str) -> Visitor | Book | Unknown:
    return Identification(world.knowledge).code(text, world.now())


def test_a_card_in_any_spelling_is_its_patron_with_what_is_left(world: World) -> None:
    world.on_loan("B1")

    for spelling in (CARD, CARD.lower(), f" {CARD} ", "０４Ａ１Ｂ２Ｃ３"):
        assert card(world, spelling) == Visitor(READER, remaining=2)


def test_books_lent_here_a_moment_ago_count_already(world: World) -> None:
    world.lending.lend_alone(READER, [book("B1"), book("B2")], "session")

    assert card(world) == Visitor(READER, remaining=1)


def test_a_card_that_nobody_registered_is_unknown(world: World) -> None:
    assert card(world, "FFFFFFFF") is Unknown.CARD


def test_a_patron_who_may_not_borrow_is_told_why_and_that_nothing_is_left(
    world: World,
) -> None:
    lost = replace(READER, state=PatronState.LOST)
    world.tell(PatronChanged(lost))

    found = card(world)

    assert isinstance(found, Visitor)
    assert (found.refusal, found.remaining) == (
        Message("E-CARD-LOST", {"reason": ""}),
        0,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9787506365437", Unknown.ISBN),
        ("978-7-5063-6543-7", Unknown.ISBN),
        ("YL9999999999", Unknown.ITEM),
        ("<b>", Unknown.ITEM),
    ],
)
def test_a_code_that_helps_nobody_is_named(
    world: World, text: str, expected: Unknown
) -> None:
    assert code(world, text) is expected


@pytest.mark.fault("O36")
def test_a_label_is_a_book_and_a_card_number_a_patron(world: World) -> None:
    label, number = code(world, " b1 "), code(world, CARD)

    assert isinstance(label, Book)
    assert (label.barcode, label.title) == ("B1", "乡村医生手册")
    assert isinstance(number, Visitor)


def test_before_the_hub_has_told_anything_nobody_is_known(tmp_path: Path) -> None:
    fresh = World(tmp_path, told=False)

    assert card(fresh) is Unknown.CARD
    fresh.close()
