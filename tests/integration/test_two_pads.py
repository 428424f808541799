"""A point with two pads, driven by the real driver over emulated readers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.emulators.feig import FeigEmulator
from drivers.emulators.hf_field import Fault
from drivers.emulators.pty import Pty
from drivers.emulators.tag import VirtualTag
from drivers.pads.feig import FeigPad
from drivers.tagdata import iso28560_2
from drivers.tagdata.elements import OWNER, PII, SET_INFORMATION, set_text
from drivers.tagdata.layout import compose, image
from kiosk.view import Action, LineState
from tests.integration.dispatcher_point import IN, OUT, MakePoint, Point, states
from tests.integration.kiosk_world import World
from tests.waiting import eventually


@dataclass
class Pads:
    """Two readers side by side, and the point they are plugged into."""

    point: Point
    left: FeigEmulator
    right: FeigEmulator
    folder: Path

    def plug(self) -> None:
        for name in ("left", "right"):
            port = str(self.folder / name)
            self.point.plug(name, FeigPad(FeigPad.Options(port=port)))


@pytest.fixture
def pads(tmp_path: Path, make_point: MakePoint) -> Iterator[Pads]:
    left, right = FeigEmulator(), FeigEmulator()
    lines = [Pty(tmp_path / "left", left.answer), Pty(tmp_path / "right", right.answer)]
    for line in lines:
        line.start()
    point = make_point(stable_rounds=2)
    yield Pads(point, left, right, tmp_path)
    point.stop()
    for line in lines:
        line.stop()


def book_tag(
    number: int, item: str = "B1", *, afi: int = IN, parts: int = 1
) -> VirtualTag:
    elements = {PII: item, OWNER: "CN-1"}
    if parts > 1:
        elements[SET_INFORMATION] = set_text(parts, number)
    return VirtualTag(
        f"E0040150{number:08X}",
        afi=afi,
        dsfid=iso28560_2.DSFID,
        memory=image(compose(elements), 112),
    )


def ready(pads: Pads) -> None:
    """Both pads have been seen empty."""
    pads.plug()
    eventually(lambda: _both_known(pads), "both pads were empty for a while")


def _both_known(pads: Pads) -> bool:
    found = dict(pads.point.pads._pads)
    return {"left", "right"} <= found.keys() and all(
        pad.known for pad in found.values()
    )


def lent_by_barcode(point: Point) -> None:
    point.card()
    point.scan("B1")
    assert point.touch(Action.CONFIRM).accepted
    point.until(lambda view: states(view) == [LineState.OK])
    assert point.touch(Action.HOME).accepted


def test_both_tags_of_a_set_are_disarmed_weeks_after_a_loan_by_barcode(
    pads: Pads, world: World
) -> None:
    ready(pads)
    lent_by_barcode(pads.point)
    one, two = book_tag(1, parts=2), book_tag(2, parts=2)
    stranger = book_tag(3, "B2")

    pads.left.place(one)
    pads.right.place(two)
    pads.right.place(stranger)

    eventually(lambda: (one.afi, two.afi) == (OUT, OUT), "the set is disarmed")
    eventually(lambda: not world.ledger.unhealed_tags(), "and known to be")
    assert (stranger.afi, world.ledger.wishes()) == (IN, {})


def test_a_tag_that_one_pad_can_not_write_is_written_by_the_other(
    pads: Pads, world: World
) -> None:
    ready(pads)
    book = book_tag(1)
    pads.left.fault(Fault.WRITE_FAILS)
    pads.point.card()
    pads.left.place(book)
    pads.point.until(lambda view: view.can_confirm)
    pads.point.touch(Action.CONFIRM)
    pads.point.until(lambda view: states(view) == [LineState.PUT_BACK])
    pads.left.lift(book.uid)
    pads.point.touch(Action.HOME)
    assert book.afi == IN

    pads.right.place(book)

    eventually(lambda: book.afi == OUT, "the other pad disarms it")
    eventually(lambda: not world.ledger.unhealed_tags(), "and known to be")
    assert world.kinds() == ["CHECKOUT", "SESSION_ENDED"]


def test_a_stack_left_behind_before_the_start_counts_once_it_was_lifted(
    pads: Pads, world: World
) -> None:
    left_behind = book_tag(1, "B1")
    pads.left.place(left_behind)
    ready(pads)
    pads.point.card()
    fresh = book_tag(2, "B2")

    pads.left.place(fresh)
    view = pads.point.until(lambda view: view.can_confirm)
    assert [line.key for line in view.books] == ["B2"]

    pads.left.lift(left_behind.uid)
    eventually(lambda: left_behind.uid not in pads.point.pads.present, "it is lifted")
    pads.left.place(left_behind)
    pads.point.until(lambda view: view.can_confirm and view.count == 2)
    assert world.events() == ()
