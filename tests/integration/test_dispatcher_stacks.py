"""What lies on the pad: whose it is, what is wrong with it, and what is never touched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from drivers.api import Tag, TagsOnPad
from drivers.tagdata import iso28560_2
from drivers.tagdata.elements import OWNER, PII, SET_INFORMATION, TYPE_OF_USAGE
from drivers.tagdata.layout import compose, image
from kiosk.domain.session import BookClass
from kiosk.domain.values import Title
from kiosk.healer import RETRY_S
from kiosk.messages import DeviceDown, DeviceUp
from kiosk.view import Action, LineState, Message
from sync.protocol import TitleChanged
from tests.integration.dispatcher_point import IN, OUT, MakePoint, Point, states, tag
from tests.integration.kiosk_world import World, full_disk


def lay(point: Point, *tags: Tag) -> None:
    point.says(TagsOnPad(tags))


def encoded(uid: str, **elements: str) -> Tag:
    known = {"pii": PII, "owner": OWNER, "set": SET_INFORMATION, "usage": TYPE_OF_USAGE}
    written = {known[name]: value for name, value in elements.items()}
    memory = image(compose(written), 112)
    return Tag(uid, dsfid=iso28560_2.DSFID, memory=memory)


# What a reader left behind -------------------------------------------------------


def test_a_stack_that_lay_there_at_the_start_is_not_lent_to_who_comes_next(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(left_behind=["B1", "B2"], stable_rounds=2)
    point.card()

    point.lay("B1", "B2")
    assert point.settle_down().books == ()
    assert not point.touch(Action.CONFIRM).view.books
    assert world.events() == ()

    point.lay()
    for _ in range(2):
        point.lay("B1", "B2")
    point.until(lambda view: view.can_confirm and view.count == 2)


def test_a_stack_that_lay_there_at_the_start_is_not_returned_by_itself(
    make_point: MakePoint, world: World
) -> None:
    world.on_loan("B1")
    point = make_point(left_behind=["B1"])

    point.touch(Action.RETURN)
    point.lay("B1")
    point.settle_down()

    assert (world.events(), point.table.written) == ((), {})


def test_a_stack_of_a_visit_that_a_restart_cut_off_is_nobodys(
    make_point: MakePoint, world: World
) -> None:
    first = make_point()
    first.card()
    first.lay("B1")
    first.until(lambda view: view.can_confirm)
    first.stop()

    second = make_point(left_behind=["B1"])
    second.card()
    second.lay("B1", "B2")

    view = second.until(lambda view: view.count > 0)
    assert [line.key for line in view.books] == ["B2"]
    assert world.events() == ()


def test_a_fenced_stack_stays_so_when_the_pad_is_lost_in_between(point: Point) -> None:
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])
    point.touch(Action.HOME)

    point.inbox.put(DeviceDown("pad"))
    point.inbox.put(DeviceUp("pad"))
    point.lay("B1")

    assert point.settle_down().headline is None


@pytest.mark.fault("O32")
def test_a_visit_goes_on_after_its_pad_was_lost(point: Point, world: World) -> None:
    point.card()
    point.lay("B1")
    point.until(lambda view: view.can_confirm)

    point.inbox.put(DeviceDown("pad"))
    point.until(lambda view: view.count == 0)
    point.inbox.put(DeviceUp("pad"))
    point.lay("B1")

    point.until(lambda view: view.can_confirm and view.count == 1)
    point.touch(Action.CONFIRM)
    point.until(lambda view: states(view) == [LineState.OK])
    assert world.kinds() == ["CHECKOUT"]


# Each class has its own words -----------------------------------------------------

TWIN = replace(tag("B1"), uid="E004F0")
ODD = {
    BookClass.DUPLICATE: (tag("B1"), TWIN),
    BookClass.FOREIGN: (encoded("E004F1", pii="X1", owner="CN-9"),),
    BookClass.BLANK: (Tag("E004F2", memory=bytes(112)),),
    BookClass.CARD: (encoded("E004F3", pii="R1", owner="CN-1", usage="80"),),
    BookClass.UNREADABLE: (Tag("E004F4", memory=bytes.fromhex("C0FFEE00") * 28),),
    BookClass.INCOMPLETE: (encoded("E004F5", pii="B3", owner="CN-1", set="0201"),),
}


@pytest.mark.parametrize("odd", ODD, ids=lambda kind: kind.name.lower())
def test_what_is_no_book_is_named_and_the_book_beside_it_is_lent(
    point: Point, world: World, odd: BookClass
) -> None:
    point.card()
    lay(point, *ODD[odd], tag("B2"))
    view = point.until(lambda view: view.can_confirm)

    wrong = [line.message.id for line in view.books if line.message]
    assert wrong == [odd.value] * len(ODD[odd])

    point.touch(Action.CONFIRM)
    point.until(lambda view: LineState.OK in states(view))
    point.settle_down()
    assert [event.item for event in world.events()] == ["B2"]
    assert point.table.written == {"E004B2": OUT}


def test_every_class_has_words_of_its_own() -> None:
    assert set(ODD) == {kind for kind in BookClass if not kind.circulates}
    assert len({kind.value for kind in ODD}) == len(ODD)


@pytest.mark.parametrize("odd", ODD, ids=lambda kind: kind.name.lower())
def test_what_is_no_book_is_not_taken_back_nor_armed(
    point: Point, world: World, odd: BookClass
) -> None:
    world.on_loan("B1")
    world.on_loan("B3")
    point.touch(Action.RETURN)

    lay(point, *ODD[odd])
    point.settle_down()

    assert (world.events(), point.table.written) == ((), {})


def test_a_set_is_lent_once_its_missing_part_is_there(
    point: Point, world: World
) -> None:
    point.card()
    first, second = (
        encoded(f"E004{n}", pii="B3", owner="CN-1", set=f"020{n}") for n in (1, 2)
    )
    lay(point, first)
    view = point.until(lambda view: len(view.books) == 1)
    assert view.books[0].message == Message("E-SET", {"n": 1})
    assert not view.can_confirm

    lay(point, first, second)
    point.until(lambda view: view.can_confirm)
    point.touch(Action.CONFIRM)

    point.until(lambda view: states(view) == [LineState.OK])
    assert world.kinds() == ["CHECKOUT"]
    assert point.table.written == {"E0041": OUT, "E0042": OUT}


# Writes that fail ------------------------------------------------------------------


def test_a_write_that_failed_is_made_good_on_another_pad(
    point: Point, world: World
) -> None:
    point.lay(pad="other")
    point.table.works = lambda _uid: False
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.PUT_BACK])
    point.go_home()
    point.skip(RETRY_S)
    point.settle_down()

    point.table.works = lambda _uid: True
    point.lay("B1", pad="other")

    point.until(lambda _: point.table.written == {"E004B1": OUT})
    point.settle_down()
    assert world.ledger.unhealed_tags() == ()


def test_a_stack_lifted_in_the_middle_is_healed_book_by_book(
    point: Point, world: World
) -> None:
    point.table.works = lambda uid: uid == "E004B1"
    point.borrow("B1", "B2")
    point.until(lambda view: set(states(view)) == {LineState.OK, LineState.PUT_BACK})
    point.go_home()
    assert [state.uid for state in world.ledger.unhealed_tags()] == ["E004B2"]
    point.skip(RETRY_S)
    point.settle_down()
    point.table.works = lambda _uid: True

    point.lay("B2")

    point.until(lambda _: point.table.written == {"E004B1": OUT, "E004B2": OUT})


# A return that could not be recorded -----------------------------------------------


@contextmanager
def nothing_fits(world: World) -> Iterator[None]:
    world.tell(TitleChanged(Title("T1", "长" * 30_000)))
    with full_disk(world.ledger):
        yield


def returned(point: Point, *tags: Tag) -> None:
    point.touch(Action.RETURN)
    lay(point, *tags)
    point.until(lambda view: states(view) == [LineState.REFUSED] * len(tags))


def test_a_failed_return_disarms_again_only_what_it_armed(
    point: Point, world: World
) -> None:
    world.on_loan("B1")
    world.on_loan("B2")
    out, armed = replace(tag("B1"), afi=OUT), replace(tag("B2"), afi=IN)

    with nothing_fits(world):
        returned(point, out, armed)
        point.until(lambda _: point.table.written["E004B1"] == OUT)
        point.settle_down()

    assert point.table.history == [
        {"E004B1": IN, "E004B2": IN},
        {"E004B1": OUT},
    ]
    assert world.events() == ()


def test_a_tag_whose_state_was_not_seen_is_not_guessed_at(
    point: Point, world: World
) -> None:
    world.on_loan("B1")

    with nothing_fits(world):
        returned(point, tag("B1"))
        point.settle_down()

    assert point.table.history == [{"E004B1": IN}]


def test_a_book_lent_here_is_disarmed_again_though_it_was_lifted_too_soon(
    point: Point, world: World
) -> None:
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])
    point.go_home()
    with nothing_fits(world):
        returned(point, replace(tag("B1"), afi=None))
    point.lay()
    point.settle_down()

    point.lay("B1")

    point.until(lambda _: point.table.written["E004B1"] == OUT)
