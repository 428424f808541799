"""A dispatcher at work over real rooms and databases, and what happens around it."""

from __future__ import annotations

import datetime as dt
import queue
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from drivers.api import (
    CardSeen,
    CodeScanned,
    DeviceEvent,
    Driver,
    PrintOutcome,
    Tag,
    TagsOnPad,
)
from drivers.tagdata import iso28560_2
from drivers.tagdata.elements import OWNER, PII
from drivers.tagdata.layout import compose, image
from kiosk.asking import Asking
from kiosk.contacts import Contacts
from kiosk.dispatcher import Dispatcher
from kiosk.domain.pad import Patience
from kiosk.domain.session import Manners
from kiosk.epoch_desk import EpochDesk
from kiosk.healer import Healer
from kiosk.loan_desk import LoanDesk
from kiosk.messages import (
    DeviceSaid,
    Inbox,
    MirrorChanged,
    Order,
    PrintOrder,
    SlipDone,
    Stop,
    StorageFound,
    TagsWritten,
    WriteOrder,
)
from kiosk.pad_cards import PadCards
from kiosk.pads import PadRoom
from kiosk.presenter import Surroundings
from kiosk.print_desk import PrintDesk
from kiosk.renew_desk import RenewDesk
from kiosk.return_desk import ReturnDesk
from kiosk.rooms import Rooms
from kiosk.runner import DeviceRunner
from kiosk.scribe import Scribe, Writer
from kiosk.service.accounts import Accounts
from kiosk.service.classify import read_stack
from kiosk.service.identification import Identification
from kiosk.service.ports import Moment, Storage
from kiosk.service.renewing import Renewing
from kiosk.service.retention import Retention
from kiosk.signals import Signals
from kiosk.storage_desk import StorageDesk
from kiosk.upkeep import Upkeep
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
    Event,
)
from tests.integration.kiosk_world import (
    CARD,
    HERE,
    World,
)

PATIENCE_S = 5.0
BUDGET_S = 30.0
KEEP = dt.timedelta(days=90)
IN, OUT = 0x07, 0xC2
DOWN = {"pad": "E-READER-DOWN", "scanner": "E-SCANNER-DOWN"}


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
        self.history: list[dict[str, int]] = []

    def order(self, order: Order) -> None:
        assert isinstance(order, WriteOrder)
        if self.hangs:
            self.waiting.append(order)
            return
        self.history.append(dict(order.afis))
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


class Machine:
    """A printer, a lamp or a lock: keeps what it was told, and prints if it can."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.orders: list[Order] = []
        self.outcome = PrintOutcome.PRINTED
        self.hangs = False

    def order(self, order: Order) -> None:
        self.orders.append(order)
        if isinstance(order, PrintOrder) and not self.hangs:
            self._inbox.put(SlipDone(order.ticket, self.outcome))


class Point:
    """A dispatcher at work over real rooms and databases, and what a reader does."""

    def __init__(
        self,
        world: World,
        *,
        budget_s: float = 0.0,
        pad: bool = True,
        stable_rounds: int = 1,
        manners: Manners = Manners(),  # noqa: B008  (frozen)
    ) -> None:
        self.world = world
        self.inbox: Inbox = queue.Queue()
        self.table = Table(self.inbox)
        self.printer = Machine(self.inbox)
        self.lamp = Machine(self.inbox)
        self.lock = Machine(self.inbox)
        self.rings = 0
        self.diverged: tuple[str, ...] = ()
        self.network: tuple[Message, ...] = ()
        self.give_up_reserve: Callable[[], bool] = lambda: False
        self._stable_rounds = stable_rounds
        self._writers: dict[str, Writer] = (
            {"pad": self.table, "other": self.table} if pad else {}
        )
        self._runners: list[DeviceRunner] = []
        self.dispatcher = Dispatcher(
            self.inbox,
            self._rooms(budget_s),
            manners,
            touch_timeout_s=5.0,
        )
        self._thread = threading.Thread(target=self.dispatcher.run, name="dispatcher")

    def start(self, left_behind: Sequence[str] = ()) -> None:
        """Start, with books on the pad that somebody left there before."""
        for _ in range(self._stable_rounds):
            self.lay(*left_behind)
        self._thread.start()

    def plug(self, name: str, driver: Driver) -> None:
        """A real driver of one more pad, on whatever its port leads to."""
        runner = DeviceRunner(name, driver, self.inbox)
        self._writers[name] = runner
        self._runners.append(runner)
        runner.start()

    def stop(self) -> None:
        for runner in self._runners:
            runner.stop()
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

    def lay(self, *barcodes: str, pad: str = "pad") -> None:
        """What lies on the pad from now on."""
        self.says(TagsOnPad(tuple(tag(code) for code in barcodes)), pad)

    def scan(self, barcode: str) -> None:
        """A label under the scanner; until the screen shows its book."""
        self.says(CodeScanned(barcode), "scanner")
        self.until(lambda view: any(line.key == barcode for line in view.books))

    def go_home(self) -> None:
        """Everything is lifted, and the visit is over."""
        self.lay()
        self.settle_down()
        assert self.touch(Action.HOME).accepted

    def card(self, uid: str = CARD) -> None:
        self.says(CardSeen(uid), "card")
        self.until(lambda view: view.patron is not None)

    def touch(self, action: Action, value: str = "") -> TouchAnswer:
        return self.dispatcher.touch(action, self.view.step, value)

    def storage(self, state: Storage) -> None:
        """What the daemon found when it looked at the disk."""
        self.inbox.put(StorageFound(state))

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

    def _rooms(self, budget_s: float) -> Rooms:
        world = self.world
        pads = self.pads = PadRoom(
            Patience(self._stable_rounds, missed_rounds=1),
            lambda tags: read_stack(tags, world.mirror),
        )
        scribe = Scribe(self._writers, pads)
        storage = StorageDesk(world.ledger, self._give_up)
        accounts = Accounts(world.knowledge, HERE)
        asking = partial(
            Asking, world.daybook, hub_answers=lambda: True, budget_s=budget_s
        )
        return Rooms(
            pads=pads,
            scribe=scribe,
            loans=LoanDesk(world.lending, storage, asking()),
            renewals=RenewDesk(Renewing(world.daybook), storage, asking()),
            accounts=accounts,
            returns=ReturnDesk(world.returning, world.custodian, scribe, storage),
            healer=Healer(world.custodian, pads, scribe),
            daybook=world.daybook,
            identification=Identification(world.knowledge, accounts.waiting),
            pad_cards=PadCards(Identification(world.knowledge)),
            printing=PrintDesk({"printer": self.printer}, _say),
            signals=Signals({"lamp": self.lamp}, {"lock": self.lock}),
            contacts=Contacts(world.daybook),
            storage=storage,
            upkeep=Upkeep(Retention(world.ledger, world.mirror, KEEP), world.now),
            epochs=EpochDesk(
                world.ledger, world.mirror, lambda: self.diverged, self._ring
            ),
            surroundings=self._around,
            ring=self._ring,
        )

    def _around(self, down: frozenset[str], _at: Moment) -> Surroundings:
        devices = tuple(Message(DOWN.get(name, name)) for name in sorted(down))
        return Surroundings(SiteLine("马坪村图书服务点"), (*self.network, *devices))

    def _give_up(self) -> bool:
        return self.give_up_reserve()

    def _ring(self) -> None:
        self.rings += 1


def _say(locale: str, message: Message) -> str:
    """Words that show what was said, in place of a catalogue."""
    params = " ".join(str(value) for value in message.params.values())
    return f"{locale} {message.id} {params}".strip()


def tag(barcode: str) -> Tag:
    memory = image(compose({PII: barcode, OWNER: "CN-1"}), 112)
    return Tag(f"E004{barcode}", dsfid=iso28560_2.DSFID, memory=memory)


def states(view: View) -> list[LineState]:
    return [line.state for line in view.books]


class MakePoint(Protocol):
    def __call__(
        self,
        *,
        budget_s: float = ...,
        pad: bool = ...,
        stable_rounds: int = ...,
        manners: Manners = ...,
        left_behind: Sequence[str] = ...,
    ) -> Point: ...
