"""What readers see of their own affairs, and how they renew: real databases, no hub."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.domain.account import Account, OnLoan, Waiting
from kiosk.domain.policy import Grant, Refusal
from kiosk.domain.rules import LoanRule
from kiosk.domain.session import Line
from kiosk.domain.values import Hold, Loan
from kiosk.service.accounts import Accounts
from kiosk.service.ports import LedgerError
from kiosk.service.renewing import Renewing
from kiosk.view import LineState
from sync.keys import sign_rules
from sync.protocol import (
    Event,
    Kind,
    LoanChanged,
    Mode,
    Outcome,
    RulesChanged,
)
from tests.integration.kiosk_world import (
    ELSEWHERE,
    HERE,
    OTHER,
    READER,
    RULES,
    World,
    book,
    read_only,
)
from tests.integration.store_samples import AT, HUB_KEY

TODAY = dt.date(2026, 5, 4)
DAY = dt.timedelta(days=1)
SOON = TODAY + 3 * DAY
LATER = TODAY + 15 * DAY
SESSION = "session-1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A county where a loan may be renewed once, for fifteen days."""
    opened = World(tmp_path)
    loans = {**RULES.loans, "ADULT/BOOK": LoanRule((30, 15))}
    rules = replace(RULES, version=4, loans=loans)
    opened.tell(RulesChanged(sign_rules(HUB_KEY, rules)))
    yield opened
    opened.close()


def lend(world: World, item: str, due_on: dt.date = SOON, renewed: int = 0) -> Loan:
    loan = Loan(f"L-{item}", item, READER.patron_ref, AT.wall, due_on, renewed)
    world.tell(LoanChanged(loan))
    return loan


def hold(world: World, **changes: str | dt.date) -> None:
    values = {"hold_id": "H1", "title_id": "T1", "item": "", "site_id": HERE}
    values |= {"patron_ref": READER.patron_ref, **changes}  # type: ignore[dict-item]
    world.tell_holds(Hold(placed_at=AT.wall, **values))  # type: ignore[arg-type]


def account(world: World) -> Account:
    return Accounts(world.knowledge, HERE).read(READER, world.now())


def ask(world: World) -> tuple[Renewing, tuple[OnLoan, ...]]:
    return Renewing(world.daybook), account(world).loans


def reasons(lines: tuple[Line, ...]) -> list[str]:
    return [line.message.id for line in lines if line.message]


def asks(world: World) -> list[Event]:
    return [one for one in world.events() if one.kind is Kind.RENEW]


def test_what_is_due_first_comes_first_with_what_renewing_would_bring(
    world: World,
) -> None:
    lend(world, "B2", TODAY + 9 * DAY)
    lend(world, "B1")
    lend(world, "B3", TODAY - DAY)
    lend(world, "B4", SOON, renewed=1)

    loans = account(world).loans

    assert [one.loan.item for one in loans] == ["B3", "B1", "B4", "B2"]
    assert loans[0].renewal == Refusal("E-RENEW-LATE")
    assert loans[1].renewal == Grant(LATER)
    assert loans[2].renewal == Refusal("E-RENEW-MAX", {"n": 1})
    assert (loans[1].title, loans[1].author) == ("乡村医生手册", "县图书馆")


def test_book_that_came_back_here_waits_for_the_hub(world: World) -> None:
    loan = lend(world, "B1")
    world.returning.take_back([book("B1")], {}, None)

    seen = account(world)
    assert (seen.loans, seen.returned) == ((), ("乡村医生手册",))

    world.returned_elsewhere(loan.loan_ref)
    world.judge(*world.events())
    assert account(world).returned == ()


def test_nobody_elses_loans_are_among_them(world: World) -> None:
    world.on_loan("B1", OTHER)

    assert account(world).loans == ()


def test_holds_say_where_the_book_is(world: World) -> None:
    last = TODAY + 5 * DAY
    hold(world)
    hold(world, hold_id="H2", copy="B2", copy_site=HERE, keep_until=last)
    hold(world, hold_id="H3", site_id=ELSEWHERE, copy="B3", copy_site=ELSEWHERE)
    hold(world, hold_id="H4", copy="B4", copy_site=ELSEWHERE)

    waiting = Accounts(world.knowledge, HERE).waiting(READER.patron_ref)

    title = "乡村医生手册"
    assert waiting == (
        Waiting(title, "", last),
        Waiting(title, "云岭县图书馆"),
        Waiting(title),
        Waiting(title),
    )


def test_book_that_somebody_waits_for_here_is_not_renewed(world: World) -> None:
    lend(world, "B1")
    hold(world, patron_ref=OTHER.patron_ref)

    assert account(world).loans[0].renewal == Refusal("E-RENEW-HELD")


def test_hub_that_agrees_makes_the_loan_longer(world: World) -> None:
    lend(world, "B1")
    renewing, loans = ask(world)
    plans = renewing.ask(READER, loans, SESSION)
    (asked,) = asks(world)
    assert (asked.mode, asked.loan_ref) == (Mode.ASK, "L-B1")
    assert account(world).loans[0].loan.due_on == SOON

    world.judge(asked, due_on=LATER, feed_version=99)
    verdicts = world.mirror.verdicts([asked.event_id])
    lines = renewing.settle(plans, verdicts, SESSION)

    assert reasons(lines) == ["renew.done"]
    close = world.events()[-1]
    assert (close.kind, close.payload["of"]) == (Kind.CONFIRMED, "RENEW")
    kept = account(world).loans[0]
    assert (kept.loan.due_on, kept.loan.renewed) == (LATER, 1)
    assert (kept.loan.loan_ref, kept.loan.loaned_at) == ("L-B1", AT.wall)


def test_hub_that_refuses_leaves_the_loan_as_it_was(world: World) -> None:
    lend(world, "B1")
    renewing, loans = ask(world)
    plans = renewing.ask(READER, loans, SESSION)
    world.judge(*asks(world), outcome=Outcome.REFUSED, reason="E-RENEW-HELD")

    verdicts = world.mirror.verdicts([one.event_id for one in asks(world)])
    lines = renewing.settle(plans, verdicts, SESSION)

    assert [line.state for line in lines] == [LineState.REFUSED]
    assert reasons(lines) == ["E-RENEW-HELD"]
    assert world.kinds() == ["RENEW", "WITHDRAWN"]
    assert account(world).loans[0].loan == loans[0].loan


def test_without_a_hub_the_wish_is_noted_and_promises_no_day(world: World) -> None:
    lend(world, "B1")
    lend(world, "B2", TODAY - DAY)
    renewing, loans = ask(world)

    lines = renewing.note(READER, loans, SESSION)

    (noted,) = asks(world)
    assert (noted.item, noted.mode) == ("B1", Mode.FACT)
    assert noted.payload == {"due_on": None}
    assert reasons(lines) == ["E-RENEW-LATE", "E-OFFLINE-RENEW"]
    again = {one.loan.item: one for one in account(world).loans}["B1"]
    assert again.loan.due_on == SOON
    assert again.renewal == Refusal("E-RENEW-MAX", {"n": 1})


def test_wish_that_can_not_be_written_down_is_no_wish(world: World) -> None:
    lend(world, "B1")
    renewing, loans = ask(world)

    with read_only(world.ledger), pytest.raises(LedgerError):
        renewing.note(READER, loans, SESSION)

    assert world.events() == ()
