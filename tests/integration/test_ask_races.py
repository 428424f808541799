"""However verdict, close and crash race, kiosk and hub end with the same loan.

A real ledger with the real use cases on one side, a real hub on the other; only
the wire between them is played by the test.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import insert, select

from kiosk.domain.values import Site
from kiosk.service.plans import Plan
from sync.hub.county import catalogue
from sync.hub.intake.ingest import Sender, ingest
from sync.hub.intake.wire import read_batch
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.protocol import Batch, Event, Outcome, Verdict
from tests.integration.hub_world import Kiosk, fresh_hub
from tests.integration.kiosk_world import HERE, OTHER, READER, World, book, item
from tests.integration.store_samples import AT, KIOSK

LATER = dt.timedelta(minutes=5)
#: A kiosk elsewhere, for what this one can't know.
NEIGHBOUR = "K-neighbour"


class Says(enum.Enum):
    """What the hub says to the ask."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    DEFERRED = "deferred"


class Comes(enum.Enum):
    """When the kiosk gets to see it."""

    BEFORE = "before the close"
    AFTER = "after the close"
    NEVER = "never"


class Crash(enum.Enum):
    """Where the kiosk dies; then it starts again."""

    BEFORE_ASK = "before the ask"
    AFTER_ASK = "after the ask"
    AFTER_CLOSE = "after the close"
    NOWHERE = "nowhere"


class Sides:
    """One point, its hub, and a test that carries the letters."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub = hub
        self.point = World(folder)

    def ask(self) -> tuple[Plan, ...]:
        return self.point.lending.ask(READER, [book("B1")], "session-1")

    def settle(self, asked: Sequence[Plan], verdicts: Sequence[Verdict]) -> None:
        by_id = {verdict.event_id: verdict for verdict in verdicts}
        self.point.lending.settle(asked, by_id, "session-1")

    def push(self, hub: Hub | None = None) -> tuple[Verdict, ...]:
        """Hand over the whole ledger, as a kiosk does whose answers were lost."""
        return hand_over(hub or self.hub, KIOSK, self.point.events())

    def lent_here(self) -> bool:
        """What the point believes by its own events alone."""
        return self.point.knowledge.loan_of("B1") is not None

    def lent_at_hub(self, hub: Hub | None = None) -> bool:
        loans = schema.loans.c
        with (hub or self.hub).database.reading() as conn:
            query = select(loans.patron_ref).where(loans.returned_at.is_(None))
            readers = conn.execute(query.where(loans.item == "B1")).scalars().all()
        return READER.patron_ref in readers


def hand_over(hub: Hub, kiosk_id: str, events: Sequence[Event]) -> tuple[Verdict, ...]:
    if not events:
        return ()
    body = msgspec.json.encode(Batch(events=tuple(events)))
    with hub.database.writing() as conn:
        sender = Sender(kiosk_id, HERE)
        return ingest(conn, sender, read_batch(body), AT.wall + LATER).verdicts


def lend_elsewhere(hub: Hub) -> None:
    """The hub knows of a loan that the kiosk has not heard of: it will refuse."""
    neighbour = Kiosk(NEIGHBOUR, HERE)
    at = AT.wall - dt.timedelta(days=1)
    hand_over(hub, NEIGHBOUR, [neighbour.lends("B1", OTHER.patron_ref, at)])


def furnish(hub: Hub) -> None:
    people = [
        {
            "patron_ref": patron.patron_ref,
            "number": patron.patron_ref,
            "name": patron.name,
            "patron_type": patron.patron_type,
            "state": patron.state.value,
            "phone": "",
        }
        for patron in (READER, OTHER)
    ]
    devices = [
        {
            "kiosk_id": name,
            "site_id": HERE,
            "public_key": name,
            "hostname": "",
            "state": "active",
            "enrolled_at": AT.wall - dt.timedelta(days=90),
        }
        for name in (KIOSK, NEIGHBOUR)
    ]
    with hub.database.writing() as conn:
        catalogue.put_sites(conn, [Site(HERE, HERE, HERE, "point")])
        catalogue.put_items(conn, [item("B1")])
        conn.execute(insert(schema.patrons), people)
        conn.execute(insert(schema.devices), devices)


@contextmanager
def hub_in(folder: Path) -> Iterator[Hub]:
    folder.mkdir()
    with fresh_hub(f"sqlite:///{folder / 'hub.db'}", folder) as hub:
        furnish(hub)
        yield hub


@pytest.fixture
def sides(tmp_path: Path) -> Iterator[Sides]:
    with hub_in(tmp_path / "hub") as hub:
        made = Sides(hub, tmp_path)
        yield made
        made.point.close()


def said(says: Says, verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """The hub's own words, or that it could not judge yet."""
    if says is not Says.DEFERRED:
        assert {one.outcome.value for one in verdicts} == {says.value}
        return verdicts
    later = {"outcome": Outcome.DEFERRED, "due_on": None}
    return [msgspec.structs.replace(one, **later) for one in verdicts]


def lives_through(here: Sides, says: Says, comes: Comes, crash: Crash) -> None:
    """One book, one ask, and at most one power cut."""
    if crash is Crash.BEFORE_ASK:
        return
    asked = here.ask()
    verdicts = [] if comes is Comes.NEVER else said(says, here.push())
    if crash is Crash.AFTER_ASK:
        here.point.daybook.withdraw_open_asks()
        return
    here.settle(asked, verdicts if comes is Comes.BEFORE else [])
    if crash is Crash.AFTER_CLOSE:
        assert here.point.daybook.withdraw_open_asks() == 0


@pytest.mark.parametrize(
    ("says", "comes", "crash"),
    list(product(Says, Comes, Crash)),
    ids=lambda part: part.value,
)
def test_both_sides_end_with_the_same_loan(
    sides: Sides, says: Says, comes: Comes, crash: Crash
) -> None:
    if says is Says.REFUSED:
        lend_elsewhere(sides.hub)

    lives_through(sides, says, comes, crash)
    sides.push()
    sides.push()

    closed = crash in {Crash.AFTER_CLOSE, Crash.NOWHERE}
    told_no = says is Says.REFUSED and comes is Comes.BEFORE
    assert sides.lent_here() == sides.lent_at_hub() == (closed and not told_no)


def test_check_notices_a_close_that_never_came(sides: Sides) -> None:
    asked = sides.ask()
    verdicts = sides.push()

    sides.settle(asked, verdicts)

    assert sides.lent_here() != sides.lent_at_hub()


def test_close_stands_at_a_restored_hub_that_would_have_refused(
    sides: Sides, tmp_path: Path
) -> None:
    asked = sides.ask()
    sides.settle(asked, sides.push())
    with hub_in(tmp_path / "restored") as restored:
        lend_elsewhere(restored)

        ask, close = sides.push(restored)

        assert ask.outcome is Outcome.REFUSED
        assert close.reason == "loan_displaced"
        assert sides.lent_at_hub(restored)


def test_verdict_on_something_else_decides_nothing(sides: Sides) -> None:
    lend_elsewhere(sides.hub)
    asked = sides.ask()
    (refusal,) = sides.push()

    sides.settle(asked, [msgspec.structs.replace(refusal, event_id="another")])
    sides.push()

    assert (sides.lent_here(), sides.lent_at_hub()) == (True, True)


def test_verdict_that_comes_twice_and_contradicts_itself_leaves_one_loan(
    sides: Sides,
) -> None:
    asked = sides.ask()
    (accepted,) = sides.push()
    refused = msgspec.structs.replace(
        accepted, outcome=Outcome.REFUSED, reason="E-LIMIT", due_on=None
    )

    sides.settle(asked, [accepted])
    sides.point.hub.put_verdicts([accepted], None, AT.wall)
    sides.point.hub.put_verdicts([refused], None, AT.wall)
    sides.push()

    assert (sides.lent_here(), sides.lent_at_hub()) == (True, True)


def test_absurd_due_date_of_the_hub_does_not_become_the_loans(sides: Sides) -> None:
    asked = sides.ask()
    (accepted,) = sides.push()
    absurd = msgspec.structs.replace(accepted, due_on=dt.date(2099, 1, 1))

    sides.settle(asked, [absurd])
    verdicts = sides.push()

    assert verdicts[-1].reason == "promise_not_kept"
    assert verdicts[-1].due_on == accepted.due_on
