from __future__ import annotations

import datetime as dt
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import pytest

from drivers.api import (
    CardGone,
    CardSeen,
    CodeScanned,
    DeviceEvent,
    Tag,
    TagsOnPad,
)
from drivers.tagdata import iso28560_2
from drivers.tagdata.elements import OWNER, PII
from drivers.tagdata.layout import compose, image
from kiosk.dispatcher import Dispatcher, Rooms
from kiosk.domain.credentials import digest
from kiosk.domain.pad import Patience
from kiosk.domain.session import Manners
from kiosk.domain.values import Credential, PatronState, Title
from kiosk.healer import RETRY_S, Healer
from kiosk.loan_desk import LoanDesk
from kiosk.messages import (
    DeviceDown,
    DeviceSaid,
    DeviceUp,
    Inbox,
    MirrorChanged,
    Stop,
    TagsWritten,
    WriteOrder,
)
from kiosk.pads import PadRoom
from kiosk.presenter import Surroundings
from kiosk.return_desk import ReturnDesk
from kiosk.scribe import PATIENCE_S as SCRIBE_PATIENCE_S
from kiosk.scribe import Scribe
from kiosk.service.classify import read_stack
from kiosk.service.identification import Identification
from kiosk.service.ports import LedgerError, Moment
from kiosk.store.ledger import SqliteLedger
from kiosk.view import (
    Action,
    LineState,
    Message,
    Screen,
    SiteLine,
    TouchAnswer,
    View,
)
from sync.protocol import (
    CredentialChanged,
    Event,
    Outcome,
    PatronChanged,
    TitleChanged,
)
from tests.integration.kiosk_world import (
    CARD,
    COST,
    DUE,
    OTHER_CARD,
    READER,
    World,
    full_disk,
    read_only,
)
from tests.waiting import eventually

PATIENCE_S = 5.0
BUDGET_S = 30.0
IN, OUT = 0x07, 0xC2


class Table:
    """A pad that writes tags as a real one does, from the other end of the inbox.

    `works` says which tags can be written; `hangs` keeps every answer back.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.works: Callable[[str], bool] = lambda _uid: True
        self.hangs = False
        self.waiting: list[WriteOrder] = []
        self.written: dict[str, int] = {}

    def order(self, order: WriteOrder) -> None:
        if self.hangs:
            self.waiting.append(order)
            return
        seen = {
            uid: afi if self.works(uid) else None for uid, afi in order.afis.items()
        }
        self.written |= {uid: afi for uid, afi in seen.items() if afi is not None}
        self._inbox.put(TagsWritten(order.ticket, seen))

    def wake(self) -> None:
        """Answer what was kept back, and go on as usual."""
        self.hangs = False
        kept, self.waiting = self.waiting, []
        for order in kept:
            self.order(order)


class Point:
    """A dispatcher at work over real rooms and databases, and what a reader does."""

    def __init__(
        self,
        world: World,
        *,
        budget_s: float = 0.0,
        pad: bool = True,
        stable_rounds: int = 1,
    ) -> None:
        self.world = world
        self.inbox: Inbox = queue.Queue()
        self.table = Table(self.inbox)
        self.rings = 0
        self._stable_rounds = stable_rounds
        self.dispatcher = Dispatcher(
            self.inbox,
            self._rooms(budget_s, pad=pad),
            Manners(),
            touch_timeout_s=5.0,
        )
        self._thread = threading.Thread(target=self.dispatcher.run, name="dispatcher")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self.inbox.put(Stop())
            self._thread.join(PATIENCE_S)
            assert not self._thread.is_alive()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    @property
    def view(self) -> View:
        return self.dispatcher.view()

    # What happens at the point ---------------------------------------------------

    def says(self, event: DeviceEvent, device: str = "pad") -> None:
        self.inbox.put(DeviceSaid(device, event))

    def lay(self, *barcodes: str) -> None:
        """What lies on the pad from now on."""
        self.says(TagsOnPad(tuple(tag(code) for code in barcodes)))

    def card(self, uid: str = CARD) -> None:
        self.says(CardSeen(uid), "card")
        self.until(lambda view: view.patron is not None)

    def touch(self, action: Action, value: str = "") -> TouchAnswer:
        return self.dispatcher.touch(action, self.view.step, value)

    def skip(self, seconds: float) -> None:
        """Let time pass for the kiosk."""
        self.world.skip(seconds)
        self.inbox.put(MirrorChanged())

    def settle_down(self) -> View:
        """Wait until all that was put into the inbox has been dealt with."""
        self.dispatcher.touch(Action.STAY, "no step")
        return self.view

    def until(self, seen: Callable[[View], bool]) -> View:
        deadline = time.monotonic() + PATIENCE_S
        view = self.view
        while not seen(view):
            assert time.monotonic() < deadline, view
            view = self.dispatcher.wait(view.revision, 0.05)
        return view

    def on(self, screen: Screen) -> View:
        return self.until(lambda view: view.screen is screen)

    def borrow(self, *barcodes: str) -> None:
        """A card, a stack, and the button."""
        self.card()
        for _ in range(self._stable_rounds):
            self.lay(*barcodes)
        self.until(lambda view: view.can_confirm and view.count == len(barcodes))
        assert self.touch(Action.CONFIRM).accepted

    def asks(self) -> Sequence[Event]:
        self.on(Screen.WORKING)
        return self.world.ledger.open_asks()

    def _rooms(self, budget_s: float, *, pad: bool) -> Rooms:
        world = self.world
        pads = PadRoom(
            Patience(self._stable_rounds, missed_rounds=1),
            lambda tags: read_stack(tags, world.mirror),
        )
        scribe = Scribe({"pad": self.table} if pad else {}, pads)
        return Rooms(
            pads=pads,
            scribe=scribe,
            loans=LoanDesk(world.lending, hub_answers=lambda: True, budget_s=budget_s),
            returns=ReturnDesk(world.returning, world.custodian, scribe),
            healer=Healer(world.custodian, pads, scribe),
            daybook=world.daybook,
            identification=Identification(world.knowledge),
            surroundings=_around,
            ring=self._ring,
        )

    def _ring(self) -> None:
        self.rings += 1


def _around(down: frozenset[str], _at: Moment) -> Surroundings:
    banners = tuple(Message(f"down {name}") for name in sorted(down))
    return Surroundings(SiteLine("马坪村图书服务点"), banners)


def tag(barcode: str) -> Tag:
    memory = image(compose({PII: barcode, OWNER: "CN-1"}), 112)
    return Tag(f"E004{barcode}", dsfid=iso28560_2.DSFID, memory=memory)


def states(view: View) -> list[LineState]:
    return [line.state for line in view.books]


class MakePoint(Protocol):
    def __call__(
        self, *, budget_s: float = ..., pad: bool = ..., stable_rounds: int = ...
    ) -> Point: ...


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = World(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def make_point(world: World) -> Iterator[MakePoint]:
    points: list[Point] = []

    def make(
        *, budget_s: float = 0.0, pad: bool = True, stable_rounds: int = 1
    ) -> Point:
        points.append(
            Point(world, budget_s=budget_s, pad=pad, stable_rounds=stable_rounds)
        )
        points[-1].start()
        return points[-1]

    yield make
    for point in points:
        point.stop()


@pytest.fixture
def point(make_point: MakePoint) -> Point:
    return make_point()


# Borrowing --------------------------------------------------------------------


def test_a_stack_is_lent_recorded_and_disarmed(point: Point, world: World) -> None:
    point.borrow("B1", "B2")

    view = point.until(lambda view: states(view) == [LineState.OK] * 2)
    assert view.headline == Message("borrow.done", {"n": 2, "date": DUE})
    assert view.receipt == "S1-000001"
    assert world.kinds() == ["CHECKOUT", "CHECKOUT"]
    assert point.table.written == {"E004B1": OUT, "E004B2": OUT}
    assert world.ledger.unhealed_tags() == ()
    assert point.rings > 0


def test_a_touch_on_an_old_page_is_not_taken(point: Point) -> None:
    old = point.view.step
    assert point.touch(Action.BORROW).accepted

    answer = point.dispatcher.touch(Action.HOME, old)

    assert not answer.accepted
    assert answer.view.screen is Screen.IDENTIFY


def test_the_same_page_takes_one_touch(point: Point) -> None:
    step = point.view.step

    first = point.dispatcher.touch(Action.LANGUAGE, step, "en")
    second = point.dispatcher.touch(Action.LANGUAGE, step, "zh_Hans")

    assert (first.accepted, second.accepted) == (True, False)
    assert point.view.locale == "en"


def test_a_double_tap_on_confirm_lends_once(point: Point, world: World) -> None:
    point.card()
    point.lay("B1")
    step = point.until(lambda view: view.can_confirm).step

    with ThreadPoolExecutor(4) as taps:
        answers = list(
            taps.map(
                lambda _: point.dispatcher.touch(Action.CONFIRM, step).accepted,
                range(4),
            )
        )

    assert answers.count(True) == 1
    assert world.kinds() == ["CHECKOUT"]


def test_a_book_that_is_scanned_and_laid_down_is_lent_once(
    point: Point, world: World
) -> None:
    point.card()
    point.says(CodeScanned("b1"), "scanner")
    point.until(lambda view: view.count == 1)
    point.lay("B1")
    view = point.until(lambda view: view.can_confirm)
    assert view.count == 1

    point.touch(Action.CONFIRM)

    point.until(lambda view: states(view) == [LineState.OK])
    assert world.kinds() == ["CHECKOUT"]


def test_a_book_lent_by_its_barcode_is_disarmed_once_it_is_laid_down(
    point: Point, world: World
) -> None:
    point.card()
    point.says(CodeScanned("b1"), "scanner")
    point.until(lambda view: view.can_confirm)
    point.touch(Action.CONFIRM)
    point.until(lambda view: states(view) == [LineState.OK])

    point.lay("B1")
    eventually(
        lambda: point.table.written and not world.ledger.unhealed_tags(),
        "the tag is written",
    )

    assert point.table.written == {"E004B1": OUT}
    assert world.kinds() == ["CHECKOUT"]


def test_a_full_disk_leaves_such_a_tag_alone_and_the_loan_stands(
    point: Point, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LedgerError("the disk is full")

    point.card()
    point.says(CodeScanned("b1"), "scanner")
    point.until(lambda view: view.can_confirm)
    point.touch(Action.CONFIRM)
    point.until(lambda view: states(view) == [LineState.OK])

    monkeypatch.setattr(SqliteLedger, "record", fail)
    point.lay("B1")
    point.settle_down()

    assert point.table.written == {}
    assert states(point.view) == [LineState.OK]


def test_figures_are_fresh_after_each_stack(point: Point) -> None:
    point.borrow("B1", "B2")
    point.until(lambda view: states(view) == [LineState.OK] * 2)

    point.lay("B1", "B2", "B3")

    view = point.on(Screen.BORROW)
    assert view.patron is not None
    assert (view.count, view.patron.remaining) == (1, 1)


def test_a_patron_who_has_reached_the_limit_is_told_with_the_next_book(
    point: Point, world: World
) -> None:
    world.on_loan("B9")
    point.borrow("B1", "B2")
    point.until(lambda view: states(view) == [LineState.OK] * 2)

    point.lay("B1", "B2", "B3")

    view = point.on(Screen.BORROW)
    assert view.notice == Message("E-LIMIT", {"n": 3})
    assert not view.can_confirm


# Asking first -----------------------------------------------------------------


def test_an_ask_is_settled_as_soon_as_all_verdicts_are_there(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1", "B2")
    first, second = point.asks()
    world.judge(first, due_on=dt.date(2026, 7, 1))
    point.inbox.put(MirrorChanged())
    assert point.settle_down().screen is Screen.WORKING

    world.judge(second, outcome=Outcome.REFUSED, reason="E-ITEM-REF")
    point.inbox.put(MirrorChanged())

    view = point.until(lambda view: states(view) == [LineState.OK, LineState.REFUSED])
    assert view.headline == Message("borrow.partial", {"ok": 1, "bad": 1})
    assert world.kinds() == ["CHECKOUT", "CHECKOUT", "CONFIRMED", "WITHDRAWN"]


def test_nothing_is_written_to_a_tag_while_the_hub_is_asked(
    make_point: MakePoint,
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    point.asks()

    point.settle_down()

    assert point.table.written == {}
    assert states(point.view) == [LineState.WORKING]


def test_when_the_budget_is_used_up_the_local_rule_decides(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    point.asks()

    point.skip(BUDGET_S)

    point.until(lambda view: states(view) == [LineState.OK])
    assert world.kinds() == ["CHECKOUT", "CONFIRMED"]


def test_the_budget_ends_by_itself(make_point: MakePoint, world: World) -> None:
    point = make_point(budget_s=0.05)

    point.borrow("B1")

    point.until(lambda view: states(view) == [LineState.OK])
    assert world.kinds() == ["CHECKOUT", "CONFIRMED"]


def test_the_budget_ends_although_the_pad_never_stops_talking(
    make_point: MakePoint,
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    point.asks()

    point.world.skip(BUDGET_S)
    point.lay("B1")

    point.until(lambda view: states(view) == [LineState.OK])


def test_a_card_is_not_taken_while_the_hub_is_asked(make_point: MakePoint) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    point.asks()

    point.says(CardSeen(OTHER_CARD), "card")

    view = point.settle_down()
    assert view.screen is Screen.WORKING
    assert view.patron is not None
    assert view.patron.name == "张*华"


def test_an_ask_that_could_not_be_closed_is_withdrawn_before_the_next(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(budget_s=BUDGET_S)
    point.borrow("B1")
    point.asks()
    with read_only(world.ledger):
        point.skip(BUDGET_S)
        point.until(lambda view: states(view) == [LineState.REFUSED])
    point.lay()
    point.touch(Action.HOME)

    point.borrow("B1")

    point.asks()
    assert world.kinds() == ["CHECKOUT", "WITHDRAWN", "CHECKOUT"]


# When the ledger refuses --------------------------------------------------------


def test_a_loan_that_could_not_be_recorded_is_red_and_its_tag_untouched(
    point: Point, world: World
) -> None:
    world.tell(TitleChanged(Title("T1", "长" * 30_000)))

    with full_disk(world.ledger):
        point.borrow("B1")
        view = point.on(Screen.DONE)

    assert states(view) == [LineState.REFUSED]
    assert view.books[0].message == Message("E-STORAGE")
    assert (view.receipt, view.headline) == (None, Message("borrow.none"))
    assert (point.table.written, world.events()) == ({}, ())


def test_after_a_full_disk_the_same_book_can_be_borrowed(
    point: Point, world: World
) -> None:
    world.tell(TitleChanged(Title("T1", "长" * 30_000)))
    with full_disk(world.ledger):
        point.borrow("B1")
        point.on(Screen.DONE)
        point.lay()
        assert point.touch(Action.HOME).accepted

    point.borrow("B1")

    point.until(lambda view: states(view) == [LineState.OK])


def test_a_return_that_could_not_be_recorded_is_red(point: Point, world: World) -> None:
    world.on_loan("B1")
    world.tell(TitleChanged(Title("T1", "长" * 30_000)))

    with full_disk(world.ledger):
        point.touch(Action.RETURN)
        point.lay("B1")
        view = point.until(lambda view: states(view) == [LineState.REFUSED])

    assert view.books[0].message == Message("E-STORAGE")
    assert world.events() == ()
    assert point.alive


# Tags ---------------------------------------------------------------------------


def test_a_tag_that_could_not_be_written_is_tried_again(point: Point) -> None:
    point.table.works = lambda _uid: False
    point.borrow("B1")
    view = point.until(lambda view: states(view) == [LineState.PUT_BACK])
    assert view.put_back == ("乡村医生手册",)

    point.table.works = lambda _uid: True
    point.skip(RETRY_S)

    point.until(lambda view: states(view) == [LineState.OK])
    assert point.table.written == {"E004B1": OUT}


def test_a_book_is_healed_in_a_later_session(point: Point, world: World) -> None:
    point.table.works = lambda _uid: False
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.PUT_BACK])
    point.lay()
    point.touch(Action.HOME)
    point.table.works = lambda _uid: True

    point.lay("B1")

    point.until(lambda _: point.table.written == {"E004B1": OUT})
    point.settle_down()
    assert world.ledger.unhealed_tags() == ()


def test_a_book_lifted_before_its_turn_is_asked_back(point: Point) -> None:
    point.table.hangs = True
    point.borrow("B1")
    point.on(Screen.DONE)

    point.lay()

    view = point.until(lambda view: states(view) == [LineState.PUT_BACK])
    assert view.screen is Screen.DONE


def test_a_pad_that_is_lost_does_not_leave_the_screen_waiting(point: Point) -> None:
    point.table.hangs = True
    point.borrow("B1")
    point.on(Screen.DONE)

    point.inbox.put(DeviceDown("pad"))

    view = point.until(lambda view: states(view) == [LineState.PUT_BACK])
    assert view.banners == (Message("down pad"),)


def test_a_pad_that_never_answers_is_given_up(point: Point) -> None:
    point.table.hangs = True
    point.borrow("B1")
    point.on(Screen.DONE)

    point.skip(SCRIBE_PATIENCE_S)

    point.until(lambda view: states(view) == [LineState.PUT_BACK])


def test_a_point_without_a_writing_pad_does_not_wait_for_one(
    make_point: MakePoint,
) -> None:
    point = make_point(pad=False)

    point.borrow("B1")

    point.until(lambda view: states(view) == [LineState.PUT_BACK])


# Returning ------------------------------------------------------------------------


def test_a_return_is_recorded_once_its_tag_is_armed(point: Point, world: World) -> None:
    world.on_loan("B1")
    point.table.hangs = True
    point.touch(Action.RETURN)
    point.lay("B1")
    point.until(lambda view: states(view) == [LineState.WORKING])
    assert world.events() == ()

    point.table.wake()

    view = point.until(lambda view: states(view) == [LineState.OK])
    assert view.headline == Message("return.done", {"n": 1})
    assert world.kinds() == ["CHECKIN"]
    assert point.table.written == {"E004B1": IN}


def unwritten_loan(point: Point) -> None:
    """A loan whose tag could not be disarmed; the reader took the book along."""
    point.table.works = lambda _uid: False
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.PUT_BACK])
    point.lay()
    point.touch(Action.HOME)
    point.skip(RETRY_S)
    point.settle_down()
    point.table.works = lambda _uid: True


def test_a_return_is_never_green_before_it_is_recorded(
    make_point: MakePoint, world: World
) -> None:
    point = make_point(stable_rounds=2)
    unwritten_loan(point)
    point.table.hangs = True
    point.touch(Action.RETURN)
    point.lay("B1")
    point.lay("B1")
    point.until(lambda view: states(view) == [LineState.WORKING])
    point.table.hangs = False
    healing, arming = point.table.waiting
    assert (healing.afis, arming.afis) == ({"E004B1": OUT}, {"E004B1": IN})

    point.table.order(healing)

    assert states(point.settle_down()) == [LineState.WORKING]
    assert "CHECKIN" not in world.kinds()
    point.table.order(arming)
    point.until(lambda view: states(view) == [LineState.OK])
    assert point.table.written == {"E004B1": IN}


def test_a_book_being_armed_is_not_disarmed_for_its_old_loan(
    point: Point, world: World
) -> None:
    unwritten_loan(point)
    point.table.hangs = True
    point.touch(Action.RETURN)
    point.lay("B1")
    point.until(lambda view: states(view) == [LineState.WORKING])
    point.settle_down()

    point.table.wake()

    point.until(lambda view: states(view) == [LineState.OK])
    point.settle_down()
    assert point.table.written == {"E004B1": IN}
    assert world.ledger.unhealed_tags() == ()


def test_a_pad_that_never_answers_does_not_stop_a_return(
    point: Point, world: World
) -> None:
    world.on_loan("B1")
    point.table.hangs = True
    point.touch(Action.RETURN)
    point.lay("B1")
    point.until(lambda view: states(view) == [LineState.WORKING])

    point.skip(SCRIBE_PATIENCE_S)

    point.until(lambda view: states(view) == [LineState.PUT_BACK])
    assert world.kinds() == ["CHECKIN"]


def test_books_returned_before_a_loan_is_over_keep_their_own_session(
    point: Point, world: World
) -> None:
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])

    point.touch(Action.RETURN)
    point.lay("B1", "B2")
    point.until(lambda view: states(view) == [LineState.OK])
    point.touch(Action.HOME)

    ended = [event for event in world.events() if event.kind == "SESSION_ENDED"]
    assert [event.payload for event in ended] == [
        {"loans": 1, "returns": 0},
        {"loans": 0, "returns": 1},
    ]
    assert ended[0].session_id != ended[1].session_id
    (checkin,) = [event for event in world.events() if event.kind == "CHECKIN"]
    assert (checkin.item, checkin.session_id) == ("B2", None)


# Sessions ---------------------------------------------------------------------------


def test_what_lies_there_when_a_session_ends_does_not_count_until_lifted(
    point: Point, world: World
) -> None:
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])

    point.touch(Action.HOME)
    point.lay("B1")
    assert point.settle_down().headline is None

    point.lay()
    point.lay("B1")
    point.until(lambda view: view.headline == Message("home.books", {"n": 1}))
    assert world.kinds() == ["CHECKOUT", "SESSION_ENDED"]


def test_counting_again_waits_for_a_fresh_round(point: Point) -> None:
    point.card()
    point.lay("B1")
    point.until(lambda view: view.can_confirm)

    assert not point.touch(Action.RECOUNT).view.can_confirm

    point.lay("B1")
    point.until(lambda view: view.can_confirm)


def test_the_same_card_after_a_result_begins_a_new_session(
    point: Point, world: World
) -> None:
    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])

    point.says(CardSeen(CARD), "card")

    view = point.on(Screen.BORROW)
    assert (view.books, view.receipt) == ((), None)
    assert world.kinds() == ["CHECKOUT", "SESSION_ENDED"]


def test_another_card_wipes_what_the_first_reader_saw(point: Point) -> None:
    point.card()
    point.lay("B1")
    point.until(lambda view: view.count == 1)

    point.says(CardSeen(OTHER_CARD), "card")

    view = point.until(lambda view: view.patron is not None and view.count == 0)
    assert view.patron is not None
    assert view.patron.name == "李*"


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (CardSeen("0400FF00"), "E-CARD-UNKNOWN"),
        (CodeScanned("X-UNKNOWN"), "E-ITEM-UNKNOWN"),
        (CodeScanned("9787020002207"), "E-ISBN"),
    ],
)
def test_what_is_not_known_is_said(
    point: Point, event: DeviceEvent, words: str
) -> None:
    point.says(event, "reader")

    point.until(lambda view: view.notice == Message(words))


def test_a_card_that_is_taken_away_from_a_tapping_reader_ends_nothing(
    point: Point,
) -> None:
    point.card()

    point.says(CardGone(), "card")

    assert point.settle_down().patron is not None


def test_devices_that_fail_are_on_every_screen_until_they_are_back(
    point: Point,
) -> None:
    point.inbox.put(DeviceDown("scanner"))
    point.inbox.put(DeviceDown("pad"))
    down = (Message("down pad"), Message("down scanner"))
    point.until(lambda view: view.banners == down)

    point.inbox.put(DeviceUp("scanner"))

    point.until(lambda view: view.banners == (Message("down pad"),))


# When the dispatcher is stuck ----------------------------------------------------------


def test_a_touch_that_nobody_takes_gets_a_page_and_is_forgotten(world: World) -> None:
    point = Point(world)
    point.dispatcher._touch_timeout_s = 0.05

    answer = point.touch(Action.BORROW)

    assert not answer.accepted
    assert answer.view.notice == Message("E-GENERIC")
    point.start()
    point.dispatcher._touch_timeout_s = PATIENCE_S
    assert point.settle_down().screen is Screen.HOME
    point.stop()


def test_a_dispatcher_at_rest_is_not_busy(point: Point) -> None:
    point.settle_down()

    point.until(lambda _: point.dispatcher.busy_s == 0.0)


def test_a_session_whose_end_can_not_be_recorded_ends_all_the_same(
    point: Point, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LedgerError("the disk is full")

    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])
    monkeypatch.setattr(type(world.daybook), "end_session", fail)

    assert point.touch(Action.HOME).view.screen is Screen.HOME


def test_a_code_may_stand_for_a_patron(point: Point, world: World) -> None:
    code = CredentialChanged(Credential(digest("QR-1", COST), READER.patron_ref))
    world.tell(code)

    point.says(CodeScanned("qr-1"), "scanner")

    assert point.on(Screen.BORROW).patron is not None


def test_a_patron_who_may_not_borrow_is_told_why(point: Point, world: World) -> None:
    world.tell(PatronChanged(replace(READER, state=PatronState.LOST)))

    point.card()

    assert point.view.notice == Message("E-CARD-LOST", {"reason": ""})


def test_before_the_first_rules_nobody_is_known(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    world = World(tmp_path / "empty", told=False)
    point = Point(world)
    point.start()

    point.says(CardSeen(CARD), "card")

    point.until(lambda view: view.notice == Message("E-CARD-UNKNOWN"))
    point.stop()
    world.close()
