"""A patron card that is laid on the book pad, alone or among books."""

from __future__ import annotations

import pytest

from drivers.api import Tag, TagsOnPad
from drivers.tagdata import iso28560_2
from drivers.tagdata.elements import OWNER, PII, TYPE_OF_USAGE
from drivers.tagdata.layout import compose, image
from kiosk.domain.credentials import digest
from kiosk.domain.session import Manners
from kiosk.domain.values import Credential
from kiosk.view import Action, LineState, Message, Screen
from sync.protocol import CredentialChanged
from tests.integration.dispatcher_point import MakePoint, Point, states, tag
from tests.integration.kiosk_world import COST, READER, World

CARD_UID, NUMBER = "E0040150CAFE0001", "R62990000012345"


def library_card(number: str = NUMBER, uid: str = CARD_UID) -> Tag:
    """A card that the library wrote: usage 80, its number as the identifier."""
    memory = image(compose({PII: number, OWNER: "CN-1", TYPE_OF_USAGE: "80"}), 112)
    return Tag(uid, dsfid=iso28560_2.DSFID, memory=memory)


def known_by(world: World, number: str) -> None:
    world.tell(CredentialChanged(Credential(digest(number, COST), READER.patron_ref)))


def lay(point: Point, *tags: Tag) -> None:
    point.says(TagsOnPad(tags))


def test_a_card_on_the_pad_identifies_by_its_number(point: Point, world: World) -> None:
    known_by(world, NUMBER)

    lay(point, library_card(), tag("B1"))

    view = point.until(lambda view: view.patron is not None)
    assert view.screen is Screen.BORROW
    assert [line.key for line in view.books] == ["B1"]


def test_a_card_without_data_identifies_by_its_uid(point: Point, world: World) -> None:
    known_by(world, CARD_UID)

    lay(point, Tag(CARD_UID, memory=bytes(112)))

    view = point.until(lambda view: view.patron is not None)
    assert view.books == ()


@pytest.mark.fault("O36")
def test_a_card_of_nobody_stays_a_card_among_books(point: Point) -> None:
    lay(point, library_card(), tag("B1"))
    point.settle_down()
    assert point.touch(Action.BORROW).accepted
    view = point.settle_down()

    assert view.patron is None
    assert [line.message for line in view.books] == [Message("E-CARD-ON-PAD"), None]


def test_a_card_that_flickers_is_one_visit(point: Point, world: World) -> None:
    known_by(world, NUMBER)
    lay(point, library_card(), tag("B1"))
    point.until(lambda view: view.can_confirm)
    point.touch(Action.CONFIRM)
    point.on(Screen.DONE)

    lay(point, library_card(), tag("B1"))

    assert point.settle_down().screen is Screen.DONE


def test_a_book_can_be_borrowed_with_the_card_beside_it(
    point: Point, world: World
) -> None:
    known_by(world, NUMBER)
    lay(point, library_card(), tag("B1"))
    point.until(lambda view: view.can_confirm)

    point.touch(Action.CONFIRM)

    point.until(lambda view: states(view) == [LineState.OK])
    assert set(point.table.written) == {"E004B1"}


def test_lifting_the_card_ends_the_visit_where_cards_stay(
    make_point: MakePoint, world: World
) -> None:
    known_by(world, NUMBER)
    point = make_point(manners=Manners(card_stays=True))
    lay(point, library_card())
    point.until(lambda view: view.patron is not None)

    lay(point)

    point.on(Screen.HOME)


def test_two_cards_are_two_visits(point: Point, world: World) -> None:
    known_by(world, NUMBER)
    lay(point, library_card())
    point.until(lambda view: view.patron is not None)
    lay(point)
    point.settle_down()

    lay(point, library_card("R62990000099999", "E0040150CAFE0002"))

    view = point.settle_down()
    assert view.patron is not None
    assert view.books[0].message == Message("E-CARD-ON-PAD")
