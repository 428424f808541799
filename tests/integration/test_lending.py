from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from kiosk.domain.session import Line
from kiosk.domain.values import Loan
from kiosk.service.daybook import Result
from kiosk.service.plans import Plan
from kiosk.service.ports import LedgerError, Security
from kiosk.view import LineState, Message
from sync.protocol import Clock, DecidedBy, Event, Kind, LoanChanged, Mode, Outcome
from tests.integration.kiosk_world import (
    DUE,
    OTHER,
    READER,
    World,
    book,
    read_only,
    scanned,
)

SESSION = "session-1"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    opened = World(tmp_path)
    yield opened
    opened.close()


def reasons(result: Result) -> list[str | None]:
    return [line.message.id if line.message else None for line in result.lines]


def ask(world: World, *barcodes: str) -> tuple[tuple[Plan, ...], list[Event]]:
    plans = world.lending.ask(READER, [book(code) for code in barcodes], SESSION)
    return plans, [plan.ask for plan in plans if plan.ask]


def settle(world: World, plans: tuple[Plan, ...]) -> Result:
    ids = [plan.ask.event_id for plan in plans if plan.ask]
    return world.lending.settle(plans, world.mirror.verdicts(ids), SESSION)


def test_without_a_hub_a_loan_is_a_fact_at_once(world: World) -> None:
    result = world.lending.lend_alone(READER, [book("B1")], SESSION)

    (event,) = world.events()
    assert (event.kind, event.mode) == (Kind.CHECKOUT, Mode.FACT)
    assert (event.item, event.patron_ref, event.session_id) == ("B1", "P1", SESSION)
    assert event.payload["due_on"] == DUE.isoformat()
    assert event.payload["offline"] is True
    assert (event.rules_version, event.mirror_version) == (3, 1)
    assert result.lines == (
        Line(book("B1"), LineState.WORKING, Message("line.due", {"date": DUE})),
    )


def test_a_loan_wants_its_tags_disarmed(world: World) -> None:
    world.lending.lend_alone(READER, [book("B1", "E1", "E2")], SESSION)

    wanted = {tag.uid: (tag.item, tag.desired) for tag in world.ledger.unhealed_tags()}
    assert wanted == {"E1": ("B1", Security.OUT), "E2": ("B1", Security.OUT)}


def test_a_scanned_book_is_done_when_it_is_recorded(world: World) -> None:
    result = world.lending.lend_alone(READER, [scanned("B1")], SESSION)

    assert [line.state for line in result.lines] == [LineState.OK]
    assert world.events()[0].payload["by"] == "barcode"


def test_a_stack_of_ten_is_one_transaction(world: World, tmp_path: Path) -> None:
    barcodes = [f"B{number}" for number in range(1, 11)]
    wal = tmp_path / "ledger.db-wal"
    plans, asks = ask(world, *barcodes)
    assert len(asks) == 10
    world.judge(*asks)
    commits_before = _commits(wal)

    settle(world, plans)

    # All ten loans with all their tags, and the receipt's number.
    assert _commits(wal) - commits_before == 1
    assert world.kinds().count("CONFIRMED") == 10
    assert len(world.ledger.unhealed_tags()) == 10


def _commits(wal: Path) -> int:
    """Commit frames in a write-ahead log: those that give the database's new size."""
    content = wal.read_bytes()
    page = int.from_bytes(content[8:12])
    salts = content[16:24]
    frames = range(32, len(content), 24 + page)
    return sum(
        content[at + 4 : at + 8] != bytes(4) and content[at + 8 : at + 16] == salts
        for at in frames
    )


def test_each_grant_counts_against_the_next_book(world: World) -> None:
    world.on_loan("B9")

    plans, _ = ask(world, "B1", "B2", "B3")

    assert [plan.granted for plan in plans] == [True, True, False]


def test_a_type_with_a_limit_counts_within_the_stack(world: World) -> None:
    plans, _ = ask(world, "T1", "T2")

    assert [plan.granted for plan in plans] == [True, False]


def test_the_same_book_twice_in_a_stack_is_lent_once(world: World) -> None:
    result = world.lending.lend_alone(READER, [book("B1"), scanned("B1")], SESSION)

    assert reasons(result) == ["line.due", "E-ITEM-MINE"]
    assert len(world.events()) == 1


def test_alone_a_patron_gets_only_so_many_books(world: World) -> None:
    result = world.lending.lend_alone(
        READER, [book("B1"), book("B2"), book("B3")], SESSION
    )

    assert reasons(result) == ["line.due", "line.due", "E-OFFLINE-LIMIT"]
    assert world.knowledge.unreported_loans("P1") == 2


def test_loans_that_the_hub_has_judged_leave_room_for_more(world: World) -> None:
    world.lending.lend_alone(READER, [book("B1"), book("B2")], SESSION)
    world.judge(*world.events(), feed_version=99)

    result = world.lending.lend_alone(READER, [book("B3")], SESSION)

    assert reasons(result) == ["line.due"]


def test_loans_that_the_hub_agreed_to_are_no_loans_made_alone(world: World) -> None:
    plans, asks = ask(world, "B1", "B2")
    world.judge(*asks)
    settle(world, plans)

    assert world.knowledge.unreported_loans("P1") == 0


def test_alone_nothing_is_lent_once_the_mirror_is_too_old(world: World) -> None:
    world.clock(Clock.RTC, days=8)

    result = world.lending.lend_alone(READER, [book("B1")], SESSION)

    assert reasons(result) == ["bar.offline_limit"]
    assert world.events() == ()
    assert result.receipt is None


def test_a_book_that_the_mirror_does_not_know_is_not_lent(world: World) -> None:
    result = world.lending.lend_alone(READER, [book("X9"), book("B1")], SESSION)

    assert reasons(result) == ["E-ITEM-UNKNOWN", "line.due"]
    assert [event.item for event in world.events()] == ["B1"]


def test_the_hubs_date_is_the_one_that_is_told(world: World) -> None:
    plans, asks = ask(world, "B1")
    later = dt.date(2026, 7, 1)
    world.judge(*asks, due_on=later)

    result = settle(world, plans)

    close = world.events()[-1]
    assert (close.kind, close.decided_by) == (Kind.CONFIRMED, DecidedBy.HUB)
    assert (close.refers_to, close.item) == (asks[0].event_id, "B1")
    assert close.payload["due_on"] == later.isoformat()
    assert result.lines[0].message == Message("line.due", {"date": later})


def test_a_refusal_of_the_hub_withdraws_the_ask_and_nothing_is_written(
    world: World,
) -> None:
    plans, asks = ask(world, "B1")
    world.judge(*asks, outcome=Outcome.REFUSED, reason="E-ITEM-OTHERLOAN")

    result = settle(world, plans)

    close = world.events()[-1]
    assert (close.kind, close.payload) == (
        Kind.WITHDRAWN,
        {"reason": "E-ITEM-OTHERLOAN"},
    )
    assert (result.lines[0].state, result.receipt) == (LineState.REFUSED, None)
    assert world.ledger.unhealed_tags() == ()
    assert world.knowledge.loan_of("B1") is None


def test_a_date_in_a_refusal_is_a_date_on_the_screen(world: World) -> None:
    plans, asks = ask(world, "B1")
    world.judge(*asks, outcome=Outcome.REFUSED, reason="E-ITEM-MINE")
    params = {"date": "2026-06-03", "odd": [1]}
    verdicts = {
        key: msgspec.structs.replace(verdict, params=params)
        for key, verdict in world.mirror.verdicts([asks[0].event_id]).items()
    }

    result = world.lending.settle(plans, verdicts, SESSION)

    assert result.lines[0].message == Message("E-ITEM-MINE", {"date": DUE})


@pytest.mark.parametrize("outcome", [None, Outcome.DEFERRED, Outcome.NEEDS_STAFF])
def test_without_the_hubs_word_the_local_rule_decides(
    world: World, outcome: Outcome | None
) -> None:
    plans, asks = ask(world, "B1", "X9")
    if outcome:
        world.judge(*asks, outcome=outcome)

    result = settle(world, plans)

    assert world.kinds()[-2:] == ["CONFIRMED", "WITHDRAWN"]
    assert {event.decided_by for event in world.events()} == {DecidedBy.LOCAL}
    assert reasons(result) == ["line.due", "E-ITEM-UNKNOWN"]


def test_part_of_the_verdicts_counts_for_its_books(world: World) -> None:
    plans, asks = ask(world, "B1", "B2")
    world.judge(asks[1], outcome=Outcome.REFUSED, reason="E-ITEM-REF")

    result = settle(world, plans)

    assert reasons(result) == ["line.due", "E-ITEM-REF"]


def test_a_verdict_that_comes_after_the_close_changes_nothing_here(
    world: World,
) -> None:
    plans, asks = ask(world, "B1")
    settle(world, plans)

    world.judge(*asks, outcome=Outcome.REFUSED, reason="E-ITEM-REF")

    loan = world.knowledge.loan_of("B1")
    assert loan is not None
    assert loan.loan_ref == asks[0].loan_ref


def test_an_ask_alone_is_no_loan(world: World) -> None:
    ask(world, "B1")

    assert world.knowledge.loan_of("B1") is None
    assert world.knowledge.loans_of("P1") == ()


def test_an_own_loan_counts_before_the_hub_has_judged_it(world: World) -> None:
    world.lending.lend_alone(READER, [book("B1")], SESSION)

    assert [loan.item for loan in world.knowledge.loans_of("P1")] == ["B1"]
    again = world.lending.lend_alone(READER, [book("B1")], SESSION)
    other = world.lending.lend_alone(OTHER, [book("B1")], SESSION)
    assert (reasons(again), reasons(other)) == (["E-ITEM-MINE"], ["E-ITEM-OTHERLOAN"])


def test_a_judged_loan_counts_until_the_mirror_shows_it_and_then_once(
    world: World,
) -> None:
    world.lending.lend_alone(READER, [book("B1")], SESSION)
    (event,) = world.events()
    world.judge(event, feed_version=world.hub.cursor() + 1)
    assert [loan.item for loan in world.knowledge.loans_of("P1")] == ["B1"]

    world.on_loan("B1", ref="hub")

    (loan,) = world.knowledge.loans_of("P1")
    assert loan.loan_ref == "hub-B1"


def test_a_loan_that_moved_on_elsewhere_is_forgotten_here(world: World) -> None:
    world.lending.lend_alone(READER, [book("B1")], SESSION)
    world.judge(*world.events())
    world.on_loan("B1", OTHER)

    loan = world.knowledge.loan_of("B1")

    assert loan is not None
    assert loan.patron_ref == "P2"
    assert world.knowledge.loans_of("P1") == ()


def test_a_withdrawn_ask_undoes_the_loan_that_the_mirror_shows(world: World) -> None:
    _, asks = ask(world, "B1")
    world.judge(*asks)
    provisional = Loan(str(asks[0].loan_ref), "B1", "P1", world.at.wall, DUE)
    world.tell(LoanChanged(provisional))
    assert world.knowledge.loan_of("B1") == provisional

    world.daybook.withdraw_open_asks()

    assert world.knowledge.loan_of("B1") is None
    assert world.knowledge.loans_of("P1") == ()


def test_asks_left_open_by_a_crash_are_withdrawn_once(world: World) -> None:
    ask(world, "B1", "B2")

    withdrawn = world.daybook.withdraw_open_asks()

    assert (withdrawn, world.daybook.withdraw_open_asks()) == (2, 0)
    closes = world.events()[-2:]
    assert [(close.kind, close.item) for close in closes] == [
        (Kind.WITHDRAWN, "B1"),
        (Kind.WITHDRAWN, "B2"),
    ]
    assert closes[0].payload == {"reason": "restart"}
    assert closes[0].session_id == SESSION


def test_a_guessed_clock_promises_no_date(world: World) -> None:
    world.clock(Clock.GUESSED)

    result = world.lending.lend_alone(READER, [book("B1")], SESSION)

    assert reasons(result) == ["line.date_follows"]
    assert world.events()[0].payload["due_on"] is None
    (loan,) = world.knowledge.loans_of("P1")
    assert loan.due_on == dt.date.max


def test_the_hubs_date_holds_whatever_our_clock_says(world: World) -> None:
    world.clock(Clock.GUESSED)
    plans, asks = ask(world, "B1")
    world.judge(*asks, due_on=DUE)

    result = settle(world, plans)

    assert result.lines[0].message == Message("line.due", {"date": DUE})
    assert world.events()[-1].payload["due_on"] == DUE.isoformat()


def test_receipts_are_numbered_per_site_and_only_for_what_was_lent(
    world: World,
) -> None:
    first = world.lending.lend_alone(READER, [book("B1")], SESSION)
    refused = world.lending.lend_alone(READER, [book("X9")], SESSION)
    second = world.lending.lend_alone(READER, [book("B2")], SESSION)

    assert [first.receipt, refused.receipt, second.receipt] == [
        "S1-000001",
        None,
        "S1-000002",
    ]


def test_when_the_ledger_refuses_nothing_was_lent(world: World) -> None:
    with read_only(world.ledger), pytest.raises(LedgerError):
        world.lending.lend_alone(READER, [book("B1")], SESSION)

    assert world.events() == ()
    assert world.ledger.unhealed_tags() == ()


def test_an_ask_that_could_not_be_closed_can_be_withdrawn_later(world: World) -> None:
    plans, _ = ask(world, "B1")
    with read_only(world.ledger), pytest.raises(LedgerError):
        settle(world, plans)

    assert world.daybook.withdraw_open_asks() == 1
    assert world.knowledge.loan_of("B1") is None


def test_events_of_another_epoch_do_not_hide_what_the_hub_says(world: World) -> None:
    world.lending.lend_alone(READER, [book("B1")], SESSION)
    (event,) = world.events()
    world.judge(msgspec.structs.replace(event, epoch="another", event_id="other"))

    assert world.knowledge.loan_of("B1") is not None
