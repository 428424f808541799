"""Whatever the order in which events arrive, the hub's database ends the same."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from kiosk.domain.values import ItemState, PatronState
from sync.hub.county import catalogue
from sync.hub.county.audit import Actor
from sync.hub.county.patrons import PatronRecord
from sync.hub.county.site_tree import ForeignReturn
from sync.hub.county.sites import set_foreign_return
from sync.hub.store import schema
from sync.protocol import Clock, Event, Kind
from tests.integration.hub_orders import (
    end_the_same,
    one_by_one,
    state_after,
)
from tests.integration.hub_world import (
    DAY,
    MINUTE,
    NOON,
    County,
    Kiosk,
    book,
    county,
    database_url,
    hub,
)

__all__ = ["county", "database_url", "hub"]

HOUR = 60 * MINUTE


def busy_day(here: County) -> list[Event]:
    a, b, refs = here.k1, here.k2, here.refs
    return [
        a.lends("YL0001", refs["R1"]),
        b.takes_back("YL0001", NOON + HOUR),
        b.lends("YL0001", refs["R2"], NOON + 2 * HOUR),
        a.takes_back("YL0001", NOON + 3 * HOUR),
        a.lends("YL0001", refs["R1"], NOON + 4 * HOUR),
    ]


def _limit(here: County) -> list[Event]:
    """R3 may have two books: the third is too many, unless one came back before."""
    a, b, borrower = here.k1, here.k2, here.refs["R3"]
    return [
        a.lends("YL0001", borrower, NOON),
        a.lends("YL0002", borrower, NOON),
        b.lends("YL0003", borrower, NOON + HOUR),
        a.takes_back("YL0001", NOON + 2 * HOUR),
        b.lends("YL0004", borrower, NOON + 3 * HOUR),
    ]


def _new_book(here: County) -> list[Event]:
    a, b, refs = here.k1, here.k2, here.refs
    return [
        a.takes_back("NEW1", payload={"title": "绘本"}),
        b.lends("NEW1", refs["R1"], NOON + HOUR, payload={"title": "画册"}),
        b.takes_back("NEW1", NOON + 2 * HOUR),
        a.lends("NEW1", refs["R2"], NOON + 3 * HOUR),
    ]


def _lost_book(here: County) -> list[Event]:
    a, b, refs = here.k1, here.k2, here.refs
    return [
        b.takes_back("LOST1"),
        a.lends("LOST1", refs["R1"], NOON + HOUR),
        b.takes_back("LOST1", NOON + 2 * HOUR),
        a.lends("LOST1", "nobody-we-know", NOON + 3 * HOUR),
    ]


def _clock_comes_late(here: County) -> list[Event]:
    """k2 woke up in 1970; one event of the same boot knows what time it is."""
    a, b, refs = here.k1, here.k2, here.refs
    b.clock = Clock.GUESSED
    wrong = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    told = {"due_on": "1970-01-31"}
    hour_ns = 3600 * 10**9
    loan = b.lends("YL0001", refs["R1"], wrong, monotonic_ns=hour_ns, payload=told)
    back = b.takes_back("YL0001", wrong, monotonic_ns=3 * hour_ns)
    b.clock = Clock.SYNCED
    in_step = b.event(Kind.SESSION_ENDED, NOON + 4 * HOUR, monotonic_ns=5 * hour_ns)
    return [loan, back, in_step, a.lends("YL0001", refs["R2"], NOON + HOUR)]


def _asks(here: County) -> list[Event]:
    a, b, refs = here.k1, here.k2, here.refs
    nameless = dict.fromkeys(("item", "patron_ref", "loan_ref"))
    one = a.asks("YL0001", refs["R1"])
    confirmed = a.closes(Kind.CONFIRMED, one, NOON + MINUTE, **nameless)
    other = b.asks("YL0001", refs["R2"], NOON + HOUR)
    twice = b.closes(Kind.CONFIRMED, other, NOON + HOUR)
    return [one, confirmed, other, twice, b.closes(Kind.WITHDRAWN, other, NOON + HOUR)]


def _renewals(here: County) -> list[Event]:
    a, b, refs = here.k1, here.k2, here.refs
    later = {"due_on": "2026-08-20"}
    of_it = {"item": "YL0001", "patron_ref": refs["R1"], "loan_ref": "L"}
    return [
        a.lends("YL0001", refs["R1"], loan_ref="L"),
        b.event(Kind.RENEW, NOON + 9 * DAY, **of_it, payload=later),
        a.event(Kind.RENEW, NOON + 10 * DAY, **of_it, payload={"due_on": "2026-08-21"}),
        b.event(Kind.RENEW, NOON, item="YL0001", patron_ref=refs["R2"]),
        a.takes_back("YL0001", NOON + 20 * DAY, loan_ref="L"),
    ]


def _holds(here: County) -> list[Event]:
    a, b, refs = here.k1, here.k2, here.refs
    waits = b.event(
        Kind.HOLD_PLACE, NOON, patron_ref=refs["R3"], payload={"title_id": "t1"}
    )
    copy = a.event(Kind.HOLD_PLACE, NOON, item="YL0002", patron_ref=refs["R1"])
    return [
        waits,
        copy,
        b.lends("YL0001", refs["R1"], NOON + HOUR),
        b.lends("YL0002", refs["R3"], NOON + 2 * HOUR),
        b.event(
            Kind.HOLD_CANCEL,
            NOON + DAY,
            patron_ref=refs["R1"],
            refers_to=copy.event_id,
        ),
    ]


STORIES = (
    busy_day,
    _limit,
    _new_book,
    _lost_book,
    _clock_comes_late,
    _asks,
    _renewals,
    _holds,
)
#: Orders of one story that are tried on each backend.
ORDERS = 8


@pytest.fixture
def harsh(county: County) -> County:
    return made_harsh(county)


def made_harsh(county: County) -> County:
    """The county with a lost book, a suspended reader and a third kiosk.

    What is returned at B and does not belong there goes home.
    """
    with county.hub.database.writing() as conn:
        policy = ForeignReturn.RETURN_HOME
        set_foreign_return(conn, Actor("os:test", "command"), "B", policy, NOON)
        catalogue.put_items(conn, [book("LOST1", ItemState.LOST)])
        k1 = schema.devices.c
        values = {k1.kiosk_id.name: "k3", "site_id": "B", "public_key": "key of k3"}
        rest = {"hostname": "", "state": "active", "enrolled_at": NOON}
        conn.execute(insert(schema.devices), [values | rest])
    suspended = PatronRecord("R2", "王芳", "ADULT", state=PatronState.SUSPENDED)
    county.put_patron(suspended)
    return county


@pytest.mark.fault("O28")
@pytest.mark.parametrize("story", STORIES)
def test_every_order_of_a_story_ends_the_same(
    harsh: County, story: Callable[[County], list[Event]]
) -> None:
    events = story(harsh)
    orders = list(permutations(events))
    dice = random.Random(11)

    states = [
        state_after(harsh, one_by_one(order)) for order in dice.sample(orders, ORDERS)
    ]

    in_order = state_after(harsh, one_by_one(events))
    assert all(state == in_order for state in states)


def test_check_finds_a_hub_that_goes_by_the_order_of_arrival(
    harsh: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.hub.circulation.history.in_order", tuple)
    events = busy_day(harsh)

    states = [state_after(harsh, one_by_one(o)) for o in (events, events[::-1])]

    assert states[0] != states[1]


@pytest.mark.fault("O27", "O28")
def test_unsure_clocks_open_the_same_case_in_every_order(harsh: County) -> None:
    harsh.k2.clock = Clock.GUESSED
    events = [
        harsh.k1.lends("YL0001", harsh.refs["R1"]),
        harsh.k2.lends("YL0001", harsh.refs["R3"], NOON + MINUTE),
        harsh.k2.takes_back("YL0001", NOON + 2 * HOUR),
    ]

    states = [state_after(harsh, one_by_one(o)) for o in permutations(events)]

    assert all(state == states[0] for state in states)
    assert "loans_overlap" in {case["kind"] for case in states[0]["cases"]}


# --- any facts ---------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Step:
    """Something that happens `minute` minutes after noon at a kiosk."""

    minute: int
    kiosk: str
    what: str
    item: str
    patron: str
    clock: Clock
    reboot: bool
    due: str | None


STEPS = st.builds(
    Step,
    minute=st.integers(0, 30_000),
    kiosk=st.sampled_from(["k1", "k2", "k3"]),
    what=st.sampled_from(
        [
            "lend",
            "lend",
            "back",
            "back",
            "ask",
            "renew",
            "hold",
            "cancel",
            "confirm",
            "nameless",
            "withdraw",
            "step",
        ]
    ),
    item=st.sampled_from(["YL0001", "YL0002", "NEW1", "LOST1"]),
    patron=st.sampled_from(["R1", "R2", "R3", "nobody"]),
    clock=st.sampled_from(Clock),
    reboot=st.booleans(),
    due=st.sampled_from([None, "2026-08-02", "2026-08-20", "2031-01-01", "soon"]),
)


class _Writer:
    """Makes events of steps, as kiosks would record them."""

    def __init__(self, here: County) -> None:
        self._refs = here.refs
        self._kiosks = {
            name: Kiosk(name, site) for name, site in (("k1", "A"), ("k2", "B"))
        } | {"k3": Kiosk("k3", "B")}
        self._asks: dict[str, Event] = {}
        self._holds: dict[str, Event] = {}
        self._booted: dict[str, int] = {}
        self.events: list[Event] = []

    def write(self, step: Step) -> None:
        kiosk = self._kiosks[step.kiosk]
        if step.reboot or step.kiosk not in self._booted:
            kiosk.boot_id = f"boot-{step.minute}-{len(self.events)}"
            self._booted[step.kiosk] = step.minute
        kiosk.clock = Clock.SYNCED if step.what == "step" else step.clock
        event = self._event(kiosk, step)
        if event is not None:
            self.events.append(event)

    def _event(self, kiosk: Kiosk, step: Step) -> Event | None:
        at = NOON + step.minute * MINUTE
        up = step.minute - self._booted[step.kiosk] + 1
        behind = dt.timedelta(days=3) if kiosk.clock is Clock.GUESSED else 0 * MINUTE
        when: dict[str, Any] = {"at": at - behind, "monotonic_ns": up * 60 * 10**9}
        patron = self._refs.get(step.patron, step.patron)
        payload = {"due_on": step.due}
        match step.what:
            case "lend":
                return kiosk.lends(step.item, patron, **when, payload=payload)
            case "back":
                return kiosk.takes_back(step.item, **when)
            case "ask":
                ask = kiosk.event(
                    Kind.CHECKOUT,
                    mode="ask",
                    item=step.item,
                    patron_ref=patron,
                    loan_ref=f"ask-{len(self.events)}",
                    **when,
                )
                self._asks[step.kiosk] = ask
                return ask
            case "confirm" | "nameless" | "withdraw":
                return self._close(kiosk, step, when | {"payload": payload})
            case "renew":
                named = {"item": step.item, "patron_ref": patron}
                return kiosk.event(Kind.RENEW, **named, **when, payload=payload)
            case "hold":
                named = {"item": step.item} if step.due else {}
                title = {} if step.due else {"title_id": "t1"}
                hold = kiosk.event(
                    Kind.HOLD_PLACE, patron_ref=patron, payload=title, **named, **when
                )
                self._holds[patron] = hold
                return hold
            case "cancel":
                placed = self._holds.pop(patron, None)
                refers_to = placed and placed.event_id
                cancel = {"patron_ref": patron, "refers_to": refers_to}
                return placed and kiosk.event(Kind.HOLD_CANCEL, **cancel, **when)
            case _:
                return kiosk.event(Kind.SESSION_ENDED, **when)

    def _close(self, kiosk: Kiosk, step: Step, fields: dict[str, Any]) -> Event | None:
        ask = self._asks.get(step.kiosk)
        if ask is None:
            return None
        kind = Kind.WITHDRAWN if step.what == "withdraw" else Kind.CONFIRMED
        nameless = dict.fromkeys(("item", "patron_ref", "loan_ref"))
        named = nameless if step.what == "nameless" else {}
        if kind is Kind.CONFIRMED:
            del self._asks[step.kiosk]
        return kiosk.closes(kind, ask, **(fields | named))


def events_of(here: County, steps: list[Step]) -> list[Event]:
    writer = _Writer(here)
    for step in sorted(steps, key=lambda step: step.minute):
        writer.write(step)
    return writer.events


def test_a_hold_on_a_copy_that_nobody_knows_is_dated_anew(harsh: County) -> None:
    """Its clock was a guess, and what corrects it may come later."""
    lent = Step(0, "k1", "lend", "YL0001", "R1", Clock.SYNCED, reboot=False, due=None)
    hold = Step(
        0, "k1", "hold", "NEW1", "R1", Clock.GUESSED, reboot=False, due="2026-08-02"
    )
    events = events_of(harsh, [lent, lent, hold])

    states = [state_after(harsh, one_by_one(each)) for each in permutations(events)]

    assert all(state == states[0] for state in states)
    assert states[0]["holds"]


def test_a_case_tells_by_which_clock_though_no_loan_is_changed_by_it(
    harsh: County,
) -> None:
    """A suspended reader's loan by a weak clock; another event of the boot vouches."""
    sure, weak = (
        Step(0, "k2", "lend", "YL0001", who, clock, reboot=False, due=None)
        for who, clock in (("R1", Clock.SYNCED), ("R2", Clock.RTC))
    )
    events = events_of(harsh, [sure, weak])

    states = [state_after(harsh, one_by_one(each)) for each in permutations(events)]

    assert states[0] == states[1]
    assert "lent_against_rules" in {case["kind"] for case in states[0]["cases"]}


@pytest.mark.fault("O27", "O28")
@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=2, max_size=10), seed=st.integers(0, 2**32 - 1))
def test_any_facts_in_any_order_end_the_same(
    harsh: County, steps: list[Step], seed: int
) -> None:
    end_the_same(harsh, events_of(harsh, steps), random.Random(seed))
