"""Kiosk and hub decide alike: the same reader, book, loans and rules, the same answer."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.domain.holds import Borrowing, kept_from
from kiosk.domain.policy import Grant, Refusal, due_date, may_lend
from kiosk.domain.rules import Calendar, CredentialRule, LoanRule, PatronRule, Rules
from kiosk.domain.values import (
    Hold,
    Item,
    ItemState,
    Loan,
    Patron,
    PatronState,
    county_day,
)
from kiosk.service.local_rule import _Account
from sync.hub.circulation.circulation import Asked, PatronLoan, decide_ask
from sync.hub.circulation.facts import Fact, LoanRecord, Move, Records
from sync.hub.circulation.hold_claims import in_the_way
from sync.hub.circulation.hold_queue import play
from sync.hub.circulation.hold_values import Hold as HubHold
from sync.hub.circulation.hold_values import Terms
from sync.hub.circulation.terms import with_terms
from sync.hub.county.default_rules import default_rules
from sync.keys import public_hex, rules_are_genuine, sign_rules
from sync.protocol import Outcome, SignedRules
from tests.unit.hub_facts import DUE, NOON, TODAY, fact_of, lend

DAY = dt.timedelta(days=1)
TYPES, KINDS = ("ADULT", "CHILD", "GHOST"), ("BOOK", "PERIODICAL", "MAP")
DAYS = st.dates(TODAY - dt.timedelta(days=60), TODAY + dt.timedelta(days=60))
CALENDARS = st.builds(
    Calendar,
    closed_weekdays=st.lists(st.integers(1, 7), max_size=6, unique=True).map(tuple),
    closed_days=st.lists(DAYS, max_size=9).map(tuple),
    open_days=st.lists(DAYS, max_size=3).map(tuple),
)
RULES = st.builds(
    Rules,
    version=st.just(1),
    patrons=st.fixed_dictionaries(
        {
            name: st.builds(
                PatronRule,
                loan_limit=st.integers(0, 4),
                overdue_blocks_after_days=st.none() | st.integers(0, 30),
                minor=st.booleans(),
            )
            for name in TYPES[:2]
        }
    ),
    loans=st.dictionaries(
        st.sampled_from([f"{name}/{kind}" for name in TYPES for kind in KINDS]),
        st.builds(
            LoanRule,
            periods_days=st.lists(st.integers(1, 60), min_size=1, max_size=3).map(
                tuple
            ),
            limit=st.none() | st.integers(0, 3),
            lendable=st.booleans(),
        ),
    ),
    credential=st.just(CredentialRule(salt="00")),
    closed_days=st.lists(DAYS, max_size=5).map(tuple),
    calendars=st.dictionaries(st.sampled_from(["", "A", "B"]), CALENDARS),
)
PATRONS = st.builds(
    Patron,
    patron_ref=st.just("anna"),
    patron_type=st.sampled_from(TYPES),
    state=st.sampled_from(PatronState),
    name=st.just(""),
    expires_on=st.none() | DAYS,
    loan_limit=st.none() | st.integers(0, 4),
)
ITEMS = st.builds(
    Item,
    barcode=st.just("B1"),
    title_id=st.just("t1"),
    item_type=st.sampled_from(KINDS),
    # A provisional record says nothing to the hub, so there it is no record.
    state=st.sampled_from([one for one in ItemState if one != "provisional"]),
    owner=st.just("CN-1"),
    home_site=st.just("A"),
    current_site=st.just("A"),
    adult_only=st.booleans(),
)
OTHERS = st.lists(st.tuples(st.sampled_from(KINDS), DAYS), max_size=4)
HOLDERS = st.sampled_from([None, "anna", "bo"])


def _loans(others: list[tuple[str, dt.date]]) -> list[PatronLoan]:
    return [
        PatronLoan(Loan(f"l{n}", f"X{n}", "anna", NOON, due), kind)
        for n, (kind, due) in enumerate(others)
    ]


def _kiosk(
    patron: Patron,
    item: Item,
    loans: list[PatronLoan],
    holder: str | None,
    rules: Rules,
) -> Grant | Refusal:
    items = {one.loan.item: replace(item, item_type=one.item_type) for one in loans}
    on_loan = {"B1": Loan("lb", "B1", holder, NOON, TODAY)} if holder else {}
    account = _Account(
        "A",
        patron,
        tuple(one.loan for one in loans),
        0,
        items | {"B1": item},
        on_loan,
        holds=(),
    )
    return account.decide("B1", rules, TODAY)


def _open_loan(holder: str) -> LoanRecord:
    return LoanRecord(
        loan_id="lb",
        loan_ref="lb",
        item="B1",
        patron_ref=holder,
        loaned_at=NOON,
        due_on=TODAY,
        renewed=0,
        loan_site="A",
    )


@given(PATRONS, ITEMS, OTHERS, HOLDERS, RULES)
@example(
    Patron("anna", "ADULT", PatronState.VALID, ""),
    Item("B1", "t1", "BOOK", ItemState.LENDABLE, "CN-1", "A", "A"),
    [],
    None,
    replace(default_rules("CN-1", "00"), calendars={"A": Calendar((7,), (TODAY,), ())}),
)
def test_kiosk_and_hub_give_the_same_answer(
    patron: Patron,
    item: Item,
    others: list[tuple[str, dt.date]],
    holder: str | None,
    rules: Rules,
) -> None:
    loans = _loans(others)
    fact = with_terms(lend("anna", records=Records(1, patron, item)), rules)

    at_kiosk = _kiosk(patron, item, loans, holder, rules)
    open_loan = _open_loan(holder) if holder else None
    at_hub = decide_ask(fact, Asked(rules, open_loan, patron_loans=tuple(loans)))

    if isinstance(at_kiosk, Grant):
        assert (at_hub.outcome, at_hub.due_on) == (Outcome.ACCEPTED, at_kiosk.due_on)
    else:
        assert (at_hub.outcome, at_hub.reason) == (Outcome.REFUSED, at_kiosk.reason)
        assert at_hub.params == at_kiosk.params


READERS, COPIES, PLACES = ("anna", "bo", "cy"), ("B1", "B2"), ("A", "B")
HAPPENED = st.lists(
    st.tuples(
        st.sampled_from([Move.HOLD, Move.HOLD, Move.RETURN, Move.LEND]),
        st.sampled_from(READERS),
        st.sampled_from(COPIES),
        st.sampled_from(PLACES),
        st.booleans(),
    ),
    max_size=8,
)
TERMS = Terms(
    barred=lambda _hold: False,
    last_day=lambda _hold, since: since.date() + dt.timedelta(days=2),
)


def _as_fact(
    n: int, what: Move, who: str, copy: str, site: str, any_copy: object
) -> Fact:
    wish = what is Move.HOLD
    item = "" if wish and any_copy else copy
    about = {"item": item, "site_id": site, "patron_ref": who}
    return fact_of(what, 12 * n, "k1", about | {"title_id": "t1" if wish else ""})


def _told(hold: HubHold) -> Hold:
    """As the feed has it."""
    fact, kept = hold.fact, (hold.copy, hold.copy_site, hold.keep_until)
    whose = (fact.patron_ref, fact.site_id, fact.at)
    return Hold(fact.fact_id, fact.title_id, fact.item, *whose, *kept)


@given(HAPPENED, *map(st.sampled_from, (READERS, COPIES, PLACES)))
@example(
    [
        (Move.HOLD, "anna", "B1", "A", True),
        (Move.HOLD, "bo", "B1", "A", True),
        (Move.RETURN, "cy", "B1", "A", True),
    ],
    "anna",
    "B1",
    "A",
)
def test_kiosk_and_hub_keep_a_copy_for_the_same_reader(
    happened: list[tuple[Move, str, str, str, bool]], who: str, copy: str, site: str
) -> None:
    facts = [_as_fact(n, *each) for n, each in enumerate(happened)]
    loan = _as_fact(len(facts), Move.LEND, who, copy, site, any_copy=False)
    wishes = [fact for fact in facts if fact.move is Move.HOLD]
    others = [fact for fact in facts if fact.move is not Move.HOLD]
    wanted = Borrowing(copy, "t1", who, site, county_day(loan.at))

    before = [hold for hold in play(wishes, others, TERMS) if hold.is_active]
    at_kiosk = kept_from([_told(hold) for hold in before], wanted)
    asked = in_the_way(before, loan)
    noticed = in_the_way(play(wishes, [*others, loan], TERMS), loan)

    name = at_kiosk.hold_id if at_kiosk else None
    assert [one.fact.fact_id if one else None for one in (asked, noticed)] == [name] * 2


@given(PATRONS, ITEMS, OTHERS, RULES)
@example(
    Patron("anna", "ADULT", PatronState.VALID, ""),
    Item("B1", "t1", "BOOK", ItemState.LENDABLE, "CN-1", "A", "A"),
    [],
    replace(
        default_rules("CN-1", "00"),
        calendars={"A": Calendar((), tuple(DUE + n * DAY for n in range(9)))},
    ),
)
def test_day_that_the_kiosk_promises_is_kept_by_the_hub(
    patron: Patron, item: Item, others: list[tuple[str, dt.date]], rules: Rules
) -> None:
    at_kiosk = _kiosk(patron, item, _loans(others), None, rules)
    if isinstance(at_kiosk, Refusal):
        return

    fact = lend("anna", records=Records(1, patron, item), promised=at_kiosk.due_on)
    judged = with_terms(fact, rules)

    assert (judged.due_on, judged.kept) == (at_kiosk.due_on, True)


def test_due_date_is_the_next_open_day_of_the_lending_site() -> None:
    monday = dt.date(2026, 7, 6)
    calendars = {"A": Calendar((1, 2)), "B": Calendar((1, 2), (), (monday,))}
    rules = replace(default_rules("CN-1", "00"), calendars=calendars)

    assert due_date(TODAY, 3, rules, "A") == dt.date(2026, 7, 8)
    assert due_date(TODAY, 3, rules, "B") == monday
    assert due_date(TODAY, 3, rules, "elsewhere") == monday


def test_site_without_a_calendar_keeps_that_of_the_county() -> None:
    rules = replace(default_rules("CN-1", "00"), calendars={"": Calendar((1,))})

    assert due_date(TODAY, 3, rules, "A") == dt.date(2026, 7, 7)


def test_site_that_never_opens_lets_the_date_stand() -> None:
    rules = replace(
        default_rules("CN-1", "00"), calendars={"A": Calendar(tuple(range(1, 8)))}
    )

    assert due_date(TODAY, 3, rules, "A") == TODAY + dt.timedelta(days=3)


def test_group_has_a_limit_of_its_own() -> None:
    rules = default_rules("CN-1", "00")
    item = Item("B1", "t1", "BOOK", ItemState.LENDABLE, "CN-1", "A", "A")
    group = Patron("g", "GROUP", PatronState.VALID, "", loan_limit=1)
    loans = [Loan("l", "X", "g", NOON, TODAY + dt.timedelta(days=9))]

    assert may_lend(group, item, loans, None, rules, TODAY) == Refusal(
        "E-LIMIT", {"n": 1}
    )
    larger = replace(group, loan_limit=None)
    assert isinstance(may_lend(larger, item, loans, None, rules, TODAY), Grant)


def test_rules_signed_before_there_were_calendars_or_holds_are_still_genuine() -> None:
    key = Ed25519PrivateKey.generate()
    rules = default_rules("CN-1", "00")
    bytes_then = msgspec.json.encode(rules, order="deterministic").replace(
        b',"calendars":{},"holds":null', b""
    )
    signed = SignedRules(rules=rules, signature=key.sign(bytes_then).hex())

    assert rules_are_genuine(signed, public_hex(key))
    forged = replace(rules, calendars={"A": Calendar((1,))})
    stolen = msgspec.structs.replace(signed, rules=forged)
    assert not rules_are_genuine(stolen, public_hex(key))
    assert rules_are_genuine(sign_rules(key, forged), public_hex(key))
