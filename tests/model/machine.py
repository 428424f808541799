"""The model: what may happen to two points and their hub, in any order.

Every rule is something that happens in a county. After each one the ledgers are
looked at; `settled` and the end heal everything and hold the whole against
`truths`. What is lost with a card or a disk that was put back is not expected to
arrive: it is counted as lost only if some ledger, or the hub, still had it.
"""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import tempfile
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from sync.agent.errors import HubError
from sync.hub.feed.feedmarks import version
from sync.protocol import Clock, Event
from tests.integration.hub_world import ITEMS
from tests.model import truths
from tests.model.county import POINTS, ModelHub, TrueTime
from tests.model.line import State
from tests.model.point import Point

#: Turns of every agent until all is said.
_ROUNDS = 8
#: Memory where there is some as a folder: no power goes off here, so nothing need last.
_MEMORY = Path("/dev/shm")  # noqa: S108  (a folder of its own is made in it)
FAST = _MEMORY if os.access(_MEMORY, os.W_OK) else None
WHICH = st.integers(0, 1)
#: Few books and readers, so that they meet.
BOOKS = st.lists(st.sampled_from(ITEMS[:3]), min_size=1, max_size=2, unique=True)
READERS = st.sampled_from(["R1", "R2"])
_YEARS, _HOURS = dt.timedelta(days=3650), dt.timedelta(hours=1)
JUMPS = st.sampled_from([-_YEARS, -_HOURS, dt.timedelta(0), _HOURS, _YEARS])


class CountyMachine(RuleBasedStateMachine):
    """Bad lines and crashes. Point 0 is at A, point 1 at B."""

    hub_type: type[ModelHub] = ModelHub
    point_type: type[Point] = Point

    @initialize(seed=st.integers(0, 1 << 32))
    def begin(self, seed: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tongjie-model-", dir=FAST))
        self.hub = self.hub_type(self.folder / "hub", TrueTime())
        self.refs = {row["number"]: row["patron_ref"] for row in self.hub.patrons()}
        self.points = [
            self.point_type(self.folder / kiosk_id, kiosk_id, site, self.hub, seed + n)
            for n, (kiosk_id, site) in enumerate(POINTS)
        ]
        self.rng = random.Random(seed)
        self.ever: dict[str, Event] = {}
        self.confirmed: set[str] = set()
        self.places: dict[tuple[str, str, int], str] = {}
        self.forked: set[str] = set()
        self.backup: Path | None = None
        self.images: dict[int, Path] = {}
        for point in self.points:
            point.turn()

    # Readers ----------------------------------------------------------------------

    @rule(which=WHICH, reader=READERS, books=BOOKS)
    def lend(self, which: int, reader: str, books: list[str]) -> None:
        self.points[which].lend(self.refs[reader], books)

    @rule(which=WHICH, reader=READERS, books=BOOKS)
    def ask(self, which: int, reader: str, books: list[str]) -> None:
        self.points[which].ask(self.refs[reader], books)

    @rule(which=WHICH, in_time=st.booleans())
    def close_asks(self, which: int, in_time: bool) -> None:  # noqa: FBT001
        self.points[which].close_asks(in_time=in_time)

    @rule(which=WHICH, books=BOOKS)
    def take_back(self, which: int, books: list[str]) -> None:
        self.points[which].take_back(books)

    @rule(which=WHICH, books=BOOKS)
    def note_tag(self, which: int, books: list[str]) -> None:
        self.points[which].note_tag(books[0])

    # The network --------------------------------------------------------------------

    @rule(which=WHICH)
    def turn(self, which: int) -> None:
        self.points[which].turn()

    @rule(which=WHICH, state=st.sampled_from(State))
    def turn_over_a_line(self, which: int, state: State) -> None:
        self.points[which].line.state = state
        self.points[which].turn()
        self.points[which].line.state = State.UP

    @rule(which=WHICH, pick=st.integers(0, 1 << 16), times=st.integers(1, 3))
    def replay(self, which: int, pick: int, times: int) -> None:
        """A request of earlier is sent again by somebody on the line."""
        line = self.points[which].line
        if not line.captured:
            return
        number = pick % len(line.captured)
        if number not in line.answered:
            line.deliver(line.captured[number])  # it counts now, at most once
        before = self.hub.effects()
        for _ in range(times):
            line.deliver(line.captured[number])
        assert self.hub.effects() == before, "a replay had an effect"

    @rule(which=WHICH, book=st.sampled_from(ITEMS[:3]))
    def overtake(self, which: int, book: str) -> None:
        """The events of one book, with what must go before them, come in first."""
        point = self.points[which]
        lane = _lane(point.events(), book)
        for epoch in dict.fromkeys(event.epoch for event in lane):
            own = [event for event in lane if event.epoch == epoch]
            for start in range(0, len(own), 2):
                try:
                    point.agent._hub.push(own[start : start + 2])
                except HubError:
                    return

    # Crashes ------------------------------------------------------------------------

    @rule(which=WHICH)
    def kiosk_crashes(self, which: int) -> None:
        self.points[which].crash_kiosk()

    @rule(
        which=WHICH,
        reader=READERS,
        books=BOOKS,
        commit=st.integers(1, 4),
        act=st.sampled_from(["lend", "ask", "close", "take back"]),
    )
    def power_cut_while(
        self, which: int, reader: str, books: list[str], commit: int, act: str
    ) -> None:
        """The power goes inside a use case, before its n-th transaction counts."""
        point = self.points[which]
        with point.power_cut_at_commit(commit):
            match act:
                case "lend":
                    point.lend(self.refs[reader], books)
                case "ask":
                    point.ask(self.refs[reader], books)
                case "close":
                    point.close_asks(in_time=True)
                case _:
                    point.take_back(books)

    @rule(which=WHICH)
    def agent_crashes(self, which: int) -> None:
        self.points[which].crash_agent()

    @rule(which=WHICH)
    def hub_crashes_before_its_commit(self, which: int) -> None:
        with self.hub.crashing_before_commit():
            self.points[which].turn()
        self.hub.crash()

    @rule()
    def hub_starts_again(self) -> None:
        self.hub.crash()

    # What must hold -------------------------------------------------------------------

    @invariant()
    def ledgers_only_grow(self) -> None:
        for point in getattr(self, "points", []):
            events = point.events()
            for event in events:
                self._learn(event)
            held = {event.event_id for event in events}
            gone = point.seen - held
            assert not gone, f"{point.kiosk_id} lost {sorted(gone)}"
            point.seen |= held

    @rule()
    def settled(self) -> None:
        self._heal()
        truths.nothing_is_lost(self.hub, self.confirmed)
        truths.nothing_is_invented(self.hub, self.ever)
        truths.each_counts_once(self.hub)
        truths.ledgers_and_hub_agree(self.hub, self.points)
        truths.chains_are_whole(self.points)
        truths.acknowledged_is_held(self.hub)
        truths.each_device_keeps_its_order(self.hub, self.points)
        truths.views_agree(self.hub, self.points)

    def teardown(self) -> None:
        if not hasattr(self, "points"):
            return
        try:
            self.ledgers_only_grow()
            self.settled()
        finally:
            for point in self.points:
                point.stop_agent()
                point.stop_kiosk()
            self.hub.close()
            shutil.rmtree(self.folder)

    def _heal(self) -> None:
        """Everything works again: lines, hub and kiosks, for as long as it takes."""
        for point in self.points:
            point.close_asks(in_time=True)
        for _ in range(_ROUNDS):
            clean = [point.turn() for point in self.points]
            if all(clean) and self._all_said():
                break
        self.ledgers_only_grow()
        for point in self.points:
            assert point.agent.pending == 0, f"{point.kiosk_id} goes on sending"

    def _all_said(self) -> bool:
        with self.hub.reading() as conn:
            newest = version(conn)
        return all(
            point.agent.pending == 0 and point.agent.cursor == newest
            for point in self.points
        )

    def _learn(self, event: Event) -> None:
        known = self.ever.setdefault(event.event_id, event)
        assert truths.essence(known) == truths.essence(event)
        self.confirmed.add(event.event_id)
        if event.epoch in self.forked:
            return
        place = (event.kiosk_id, event.epoch, event.seq)
        first = self.places.setdefault(place, event.hash)
        assert first == event.hash, f"{place} was given out twice"

    def _give_up_what_is_gone(self) -> None:
        """Nobody can bring back what neither a ledger nor the hub has any more."""
        left = set(self.hub.events())
        for point in self.points:
            there = {event.event_id for event in point.events()}
            point.seen &= there
            left |= there
        self.confirmed &= left


class RestoreMachine(CountyMachine):
    """The same with a hub that is put back to an old copy of its database."""

    @rule()
    def hub_is_backed_up(self) -> None:
        self.backup = self.hub.copy()

    @precondition(lambda self: self.backup is not None)
    @rule()
    def hub_is_restored(self) -> None:
        assert self.backup is not None
        self.hub.restore(self.backup)
        for point in self.points:
            point.line.answered.clear()
        self._give_up_what_is_gone()


class ClockMachine(CountyMachine):
    """The same with wall clocks that jump, and boots without a clock."""

    @rule(which=WHICH, jump=JUMPS, quality=st.sampled_from(Clock))
    def clock_jumps(self, which: int, jump: dt.timedelta, quality: Clock) -> None:
        clocks = self.points[which].clocks
        clocks.wall_off, clocks.quality = jump, quality

    @rule(which=WHICH, jump=JUMPS)
    def reboot_without_a_clock(self, which: int, jump: dt.timedelta) -> None:
        point = self.points[which]
        point.clocks.boots += 1
        point.clocks.wall_off, point.clocks.quality = jump, Clock.GUESSED
        point.crash_kiosk()
        point.crash_agent()

    @rule(which=WHICH)
    def clock_is_set(self, which: int) -> None:
        clocks = self.points[which].clocks
        clocks.wall_off, clocks.quality = dt.timedelta(0), Clock.SYNCED


class CardMachine(CountyMachine):
    """The same with cards that are put back to an old copy, or copied."""

    @rule(which=WHICH)
    def card_is_copied(self, which: int) -> None:
        self.images[which] = self.points[which].image()

    @rule(which=WHICH, whole_card=st.booleans())
    def card_is_put_back(self, which: int, whole_card: bool) -> None:  # noqa: FBT001
        point = self.points[which]
        if which not in self.images:
            return
        self.forked |= _epochs(point)
        point.put_back(self.images[which], whole_card=whole_card)
        self._give_up_what_is_gone()

    @precondition(lambda self: len(self.points) == len(POINTS))
    @rule()
    def card_is_cloned(self) -> None:
        """A second kiosk starts with the card of point 0, copied while it ran."""
        original = self.points[0]
        self.forked |= _epochs(original)
        copy = original.image("*")
        clone = self.point_type(
            copy,
            original.kiosk_id,
            original.site_id,
            self.hub,
            self.rng.getrandbits(32),
        )
        self.points.append(clone)

    @precondition(lambda self: len(self.points) > len(POINTS))
    @rule(reader=READERS, books=BOOKS, lends=st.booleans())
    def clone_is_used(self, reader: str, books: list[str], lends: bool) -> None:  # noqa: FBT001
        clone = self.points[-1]
        if lends:
            clone.lend(self.refs[reader], books)
        else:
            clone.take_back(books)

    @precondition(lambda self: len(self.points) > len(POINTS))
    @rule()
    def clone_turns(self) -> None:
        self.points[-1].turn()


class WholeMachine(RestoreMachine, ClockMachine, CardMachine):
    """All of it at once."""


def _epochs(point: Point) -> set[str]:
    """Every epoch of its ledger, one without events too."""
    return {*point.reader.epochs(), point.reader.head().epoch}


def _lane(events: tuple[Event, ...], book: str) -> list[Event]:
    """The events of a book, and before each whatever its item or patron had before."""
    items, patrons = {book}, set[str]()
    lane: list[Event] = []
    for event in reversed(events):
        if event.item in items or (event.patron_ref or "-") in patrons:
            items |= {event.item} if event.item else set()
            patrons |= {event.patron_ref} if event.patron_ref else set()
            lane.append(event)
    return lane[::-1]
