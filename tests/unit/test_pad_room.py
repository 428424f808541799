from __future__ import annotations

import pytest

from drivers.api import Tag, TagsOnPad
from kiosk.domain.pad import Patience
from kiosk.domain.rules import SecurityRule
from kiosk.domain.session import Book, BookClass, StackChanged
from kiosk.messages import TagsWritten, WriteOrder
from kiosk.pads import PadRoom
from kiosk.scribe import PATIENCE_S, Scribe


def read(tags: list[Tag]) -> tuple[Book, ...]:
    return tuple(Book(tag.uid, BookClass.OWN, uids=(tag.uid,)) for tag in tags)


def round_of(*uids: str) -> TagsOnPad:
    return TagsOnPad(tuple(Tag(uid) for uid in uids))


def empty(room: PadRoom, *pads: str) -> PadRoom:
    """Pads on which nothing lay at the start."""
    for pad in pads or ("pad",):
        for _ in range(2):
            room.saw(pad, round_of())
    return room


def keys(stack: StackChanged | None) -> list[str]:
    assert stack is not None
    return [book.key for book in stack.books]


class Writer:
    """Keeps the orders it gets."""

    def __init__(self) -> None:
        self.orders: list[WriteOrder] = []

    def order(self, order: WriteOrder) -> None:
        self.orders.append(order)


@pytest.fixture
def room() -> PadRoom:
    made = PadRoom(Patience(stable_rounds=2, missed_rounds=2), read)
    return empty(made, "pad", "left", "right")


def test_a_round_that_changes_nothing_says_nothing(room: PadRoom) -> None:
    room.saw("pad", round_of("A"))
    room.saw("pad", round_of("A"))

    assert room.saw("pad", round_of("A")) is None


def test_a_stack_becomes_stable(room: PadRoom) -> None:
    first = room.saw("pad", round_of("A"))
    second = room.saw("pad", round_of("A"))

    assert first is not None
    assert second is not None
    assert (first.stable, second.stable) == (False, True)


def test_several_pads_are_one_table(room: PadRoom) -> None:
    room.saw("left", round_of("A"))

    assert keys(room.saw("right", round_of("B"))) == ["A", "B"]
    assert (room.place_of("A"), room.place_of("B")) == ("left", "right")


def test_a_tag_moved_from_pad_to_pad_is_one_tag(room: PadRoom) -> None:
    room.saw("left", round_of("A"))
    room.saw("right", round_of("A"))

    assert room.place_of("A") == "right"
    assert room.present == {"A"}
    assert keys(room.saw("right", round_of("A", "B"))) == ["A", "B"]


def test_a_lifted_tag_has_no_place(room: PadRoom) -> None:
    room.saw("pad", round_of("A"))
    for _ in range(2):
        room.saw("pad", round_of())

    assert room.place_of("A") is None
    assert room.present == frozenset()


def test_a_lost_pad_shows_nothing(room: PadRoom) -> None:
    room.saw("left", round_of("A"))
    room.saw("right", round_of("B"))

    assert keys(room.lost("left")) == ["B"]
    assert room.lost("left") is None


def test_a_visit_goes_on_when_a_lost_pad_comes_back(room: PadRoom) -> None:
    room.saw("pad", round_of("A"))
    room.lost("pad")

    assert keys(room.saw("pad", round_of("A", "B"))) == ["A", "B"]


def test_what_lay_on_a_lost_pad_when_the_visit_ended_is_nobodys(room: PadRoom) -> None:
    room.saw("pad", round_of("A"))
    room.lost("pad")
    room.fence()

    for _ in range(2):
        room.saw("pad", round_of("A"))

    assert keys(room.saw("pad", round_of("A", "B"))) == ["B"]


def test_what_was_fenced_on_a_pad_that_was_lost_stays_so(room: PadRoom) -> None:
    room.saw("pad", round_of("A"))
    room.fence()
    room.lost("pad")

    assert keys(room.saw("pad", round_of("A", "B"))) == ["B"]


def test_fenced_tags_are_present_and_do_not_count(room: PadRoom) -> None:
    room.saw("pad", round_of("A"))

    assert keys(room.fence()) == []
    assert room.present == {"A"}
    assert keys(room.saw("pad", round_of("A", "B"))) == ["B"]


def test_counting_again_is_unstable_at_once_even_if_one_round_is_enough() -> None:
    room = empty(PadRoom(Patience(stable_rounds=1, missed_rounds=1), read))
    room.saw("pad", round_of("A"))

    again = room.recount()
    fresh = room.saw("pad", round_of("A"))

    assert again is not None
    assert fresh is not None
    assert (again.stable, fresh.stable) == (False, True)


def test_reading_again_finds_what_the_mirror_knows_by_now() -> None:
    titles = {"A": ""}
    room = empty(
        PadRoom(
            Patience(stable_rounds=1, missed_rounds=1),
            lambda tags: tuple(
                Book(tag.uid, BookClass.OWN, title=titles[tag.uid]) for tag in tags
            ),
        )
    )
    room.saw("pad", round_of("A"))
    titles["A"] = "乡村医生手册"
    assert room.saw("pad", round_of("A")) is None

    stack = room.reread()

    assert stack is not None
    assert [book.title for book in stack.books] == ["乡村医生手册"]


@pytest.fixture
def left() -> Writer:
    return Writer()


@pytest.fixture
def right() -> Writer:
    return Writer()


@pytest.fixture
def scribe(room: PadRoom, left: Writer, right: Writer) -> Scribe:
    room.saw("left", round_of("A", "B"))
    room.saw("right", round_of("C"))
    return Scribe({"left": left, "right": right}, room)


def test_a_job_is_split_by_pad_and_done_with_the_last_answer(
    scribe: Scribe, left: Writer, right: Writer
) -> None:
    job = scribe.write({"A": 7, "C": 7, "B": 7}, SecurityRule(), now=0.0)
    (here,), (there,) = left.orders, right.orders
    assert (here.afis, there.afis) == ({"A": 7, "B": 7}, {"C": 7})

    first = scribe.written(TagsWritten(there.ticket, {"C": None}))
    second = scribe.written(TagsWritten(here.ticket, {"A": 7, "B": 7}))

    assert (first, second) == (None, job)
    assert job.seen == {"A": 7, "B": 7, "C": None}


def test_a_job_for_tags_that_lie_nowhere_is_done_at_once(scribe: Scribe) -> None:
    job = scribe.write({"X": 7}, SecurityRule(), now=0.0)

    assert job.done
    assert (job.seen, scribe.deadline) == ({"X": None}, None)


def test_an_answer_to_nothing_is_ignored(scribe: Scribe) -> None:
    assert scribe.written(TagsWritten(99, {"A": 7})) is None


def test_a_job_is_given_up_when_its_time_is_over(scribe: Scribe, left: Writer) -> None:
    job = scribe.write({"A": 7}, SecurityRule(), now=1.0)
    assert scribe.deadline == 1.0 + PATIENCE_S
    assert scribe.overdue(PATIENCE_S) == []

    assert scribe.overdue(1.0 + PATIENCE_S) == [job]

    assert (job.done, job.seen) == (True, {"A": None})
    late = TagsWritten(left.orders[0].ticket, {"A": 7})
    assert scribe.written(late) is None


def test_tags_in_hand_are_known_until_their_job_is_done(
    scribe: Scribe, left: Writer
) -> None:
    scribe.write({"A": 7}, SecurityRule(), now=0.0)
    assert scribe.writing == {"A"}

    scribe.written(TagsWritten(left.orders[0].ticket, {"A": 7}))

    assert scribe.writing == frozenset()
