"""Koha's REST API behind the port: what is asked there, and what its answers mean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pytest

from kiosk.domain.values import COUNTY_TIME
from sync.exchange import BadAddress
from sync.hub.library.koha import KohaLibrary
from sync.hub.library.koha_api import PAGE_ROWS
from sync.hub.library.koha_http import KohaAccount
from sync.hub.library.port import (
    Away,
    Done,
    ItemThere,
    Lending,
    NoBlock,
    PatronThere,
    PinCheck,
    Refused,
    Renewal,
    TakingBack,
    Unknown,
)
from tests.integration.hub_world import ITEMS
from tests.integration.koha_world import Doors, koha_with_two_doors
from tests.koha_server import Fault
from tests.sip2_library import Loan

BOOK = ITEMS[0]
AT = dt.datetime(2026, 7, 3, 12, 0, tzinfo=COUNTY_TIME)
DUE = dt.date(2026, 8, 2)
LENDING, RENEWAL = Lending("R1", BOOK, AT, DUE), Renewal("R1", BOOK, AT, DUE)
LEND, RENEW = "POST /checkouts", "POST /checkouts/n/renewals"


@pytest.fixture
def koha() -> Iterator[Doors]:
    with koha_with_two_doors() as doors:
        yield doors


@pytest.fixture
def system(koha: Doors) -> Iterator[KohaLibrary]:
    with koha.entered() as made:
        yield made


def test_a_loan_is_made_and_seen(koha: Doors, system: KohaLibrary) -> None:
    outcome = system.lend(LENDING)

    due_there = koha.library.loans[BOOK].due
    assert outcome == Done(due_there)
    assert system.item(BOOK) == ItemThere(on_loan=True, due_on=due_there)
    assert system.patron("R1") == PatronThere(frozenset({BOOK}), complete=True)
    assert koha.library.deeds == [("lent", BOOK)]


def test_a_loan_is_renewed(koha: Doors, system: KohaLibrary) -> None:
    koha.library.loans[BOOK] = Loan("R1", DUE)

    outcome = system.renew(RENEWAL)

    assert outcome == Done(koha.library.loans[BOOK].due)
    assert koha.library.deeds == [("renewed", BOOK)]


def test_an_older_version_has_another_name_for_renewals(
    koha: Doors, system: KohaLibrary
) -> None:
    koha.rest.unknown.add(RENEW)
    koha.library.loans[BOOK] = Loan("R1", DUE)

    outcomes = [system.renew(RENEWAL), system.renew(RENEWAL)]

    assert all(isinstance(outcome, Done) for outcome in outcomes)
    assert koha.rest.heard.count(RENEW) == 1  # it has learnt the other one


def test_a_return_goes_by_sip2_with_its_own_time(
    koha: Doors, system: KohaLibrary
) -> None:
    koha.library.loans[BOOK] = Loan("R1", DUE)

    assert system.take_back(TakingBack(BOOK, AT)) == Done()

    assert koha.library.deeds == [("returned", BOOK)]
    assert koha.sip2.heard[-1].startswith(b"09N20260703    12000020260703    120000")


def test_without_a_sip2_server_a_return_waits_and_says_why(koha: Doors) -> None:
    with koha.entered(sip2=False) as system:
        outcome = system.take_back(TakingBack(BOOK, AT))

    assert isinstance(outcome, Away)
    assert "--host" in outcome.why


def test_what_nobody_knows_there_is_refused(system: KohaLibrary) -> None:
    stranger = Lending("stranger", BOOK, AT, DUE)

    assert system.lend(stranger) == Refused("patron_unknown_there")
    assert system.lend(Lending("R1", "XX1", AT, DUE)) == Refused("item_unknown_there")
    assert system.item("XX1") == ItemThere(on_loan=None)
    assert system.patron("stranger") == PatronThere()


def test_a_loan_of_somebody_else_is_not_renewed(
    koha: Doors, system: KohaLibrary
) -> None:
    koha.library.loans[BOOK] = Loan("R2", DUE)

    assert system.renew(RENEWAL) == Refused("not_on_loan_to_patron_there")


def test_blockers_are_named_to_staff(koha: Doors, system: KohaLibrary) -> None:
    koha.rest.blockers = {"DEBARRED"}
    koha.library.loans[ITEMS[1]] = Loan("R1", DUE)

    lent = system.lend(LENDING)
    renewed = system.renew(Renewal("R1", ITEMS[1], AT, DUE))

    assert lent == Refused("Checkout not authorized (DEBARRED)")
    assert renewed == Refused("Renewal not authorized (DEBARRED)")
    assert koha.library.deeds == []


def test_what_staff_could_wave_through_is_waved_through(
    koha: Doors, system: KohaLibrary
) -> None:
    koha.rest.confirms = {"TOO_MANY", "RESERVED"}

    assert isinstance(system.lend(LENDING), Done)
    assert koha.library.deeds == [("lent", BOOK)]


def test_a_county_may_leave_every_yes_to_its_staff(koha: Doors) -> None:
    koha.rest.confirms = {"TOO_MANY", "RESERVED"}

    with koha.entered(NoBlock.NO) as system:
        outcome = system.lend(LENDING)

    assert outcome == Refused("RESERVED TOO_MANY")
    assert koha.library.deeds == []


@pytest.mark.parametrize(
    ("holder", "keyword"), [("R1", "RENEW_ISSUE"), ("R2", "ISSUED_TO_ANOTHER")]
)
def test_what_is_on_loan_there_is_neither_renewed_nor_taken_away(
    koha: Doors, system: KohaLibrary, holder: str, keyword: str
) -> None:
    koha.library.loans[BOOK] = Loan(holder, DUE)

    assert system.lend(LENDING) == Refused(keyword)
    assert koha.library.deeds == []


@pytest.mark.parametrize(("holder", "deed"), [("R1", "renewed"), ("R2", "taken away")])
def test_a_yes_would_have_renewed_or_taken_it_away(
    koha: Doors, holder: str, deed: str
) -> None:
    """The positive control of the test before."""
    koha.library.loans[BOOK] = Loan(holder, DUE)
    ids = {"item_id": koha.rest.item_id(BOOK), "patron_id": koha.rest.patron_id("R1")}
    keyword = "RENEW_ISSUE" if holder == "R1" else "ISSUED_TO_ANOTHER"

    koha.rest.lend({"confirmation": f"sealed:{keyword}"}, ids)

    assert (deed, BOOK) in koha.library.deeds


def test_a_token_that_ran_out_is_replaced_once(
    koha: Doors, system: KohaLibrary
) -> None:
    system.item(BOOK)
    koha.rest.tokens.append("somebody else's")

    assert isinstance(system.lend(LENDING), Done)
    assert koha.library.deeds == [("lent", BOOK)]
    assert koha.rest.heard.count("POST /oauth/token") == 2


def test_whoever_is_not_let_in_is_away_and_not_refused(koha: Doors) -> None:
    koha.rest.fail(LEND, Fault.TOKEN_OVER, Fault.TOKEN_OVER)
    with koha.entered() as system:
        turned_away = system.lend(LENDING)
    koha.rest.secret = "changed"
    with koha.entered() as system:
        koha.rest.secret = "again"
        no_token = system.item(BOOK)

    assert isinstance(turned_away, Away)
    assert isinstance(no_token, Away)
    assert "token" in no_token.why
    assert koha.library.deeds == []


def test_a_missing_permission_is_a_fault_of_the_account(
    koha: Doors, system: KohaLibrary
) -> None:
    koha.rest.fail(LEND, Fault.FORBIDDEN)

    outcome = system.lend(LENDING)

    assert isinstance(outcome, Away)
    assert "may not" in outcome.why


def test_basic_authentication_needs_no_token(koha: Doors) -> None:
    with koha.entered(basic=True) as system:
        assert isinstance(system.lend(LENDING), Done)

    assert "POST /oauth/token" not in koha.rest.heard


def test_koha_is_left_alone_for_as_long_as_it_asks(
    koha: Doors, system: KohaLibrary
) -> None:
    koha.rest.fail("GET /items", Fault.BUSY)

    first, second = system.item(BOOK), system.item(BOOK)

    assert isinstance(first, Away)
    assert isinstance(second, Away)
    assert "quiet" in second.why
    assert koha.rest.heard.count("GET /items") == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault.HUNG_UP_AFTER,
        Fault.ERROR_AFTER,
        Fault.HALF_JSON,
        Fault.HALF_BODY,
        Fault.LOGIN_PAGE,
        Fault.REDIRECT,
        Fault.MAINTENANCE,
    ],
)
def test_a_loan_without_an_answer_of_kohas_is_unknown(
    koha: Doors, system: KohaLibrary, fault: Fault
) -> None:
    koha.rest.fail(LEND, fault)

    assert isinstance(system.lend(LENDING), Unknown)
    assert koha.rest.heard.count(LEND) == 1


def test_a_loan_that_is_answered_too_late_is_unknown(koha: Doors) -> None:
    koha.rest.fail(LEND, Fault.SILENCE)

    with koha.entered(patience_s=1.0) as system:
        outcome = system.lend(LENDING)

    assert isinstance(outcome, Unknown)
    assert koha.library.deeds == [("lent", BOOK)]


def test_a_koha_that_is_not_there_is_away(koha: Doors) -> None:
    koha.rest.address = "http://127.0.0.1:1"
    with koha.entered() as system:
        assert isinstance(system.lend(LENDING), Away)
        assert isinstance(system.patron("R1"), Away)
        assert isinstance(system.check_pin("R1", "0417"), Away)


def test_an_answer_about_other_items_is_no_answer(
    koha: Doors, system: KohaLibrary
) -> None:
    koha.rest.ignores_search = True
    koha.library.loans[ITEMS[1]] = Loan("R2", DUE)

    assert isinstance(system.item(BOOK), Away)


def test_a_version_without_loans_by_rest_is_away(
    koha: Doors, system: KohaLibrary
) -> None:
    koha.rest.unknown.add(LEND)

    outcome = system.lend(LENDING)

    assert isinstance(outcome, Away)
    assert "path" in outcome.why


def test_a_long_list_of_loans_is_read_to_its_end(koha: Doors) -> None:
    many = [f"B{number:04d}" for number in range(PAGE_ROWS + 1)]
    koha.library.titles = dict.fromkeys(many, "书")
    koha.library.loans = {item: Loan("R1", DUE) for item in many}

    with koha.entered(basic=True) as system:
        assert system.patron("R1") == PatronThere(frozenset(many), complete=True)


def test_a_pin_is_checked(koha: Doors, system: KohaLibrary) -> None:
    right, wrong = system.check_pin("R1", "0417"), system.check_pin("R1", "9999")
    koha.rest.unknown.add("POST /auth/password/validation")

    assert (right, wrong) == (PinCheck.RIGHT, PinCheck.WRONG)
    assert system.check_pin("R1", "0417") is PinCheck.NOT_TOLD


@pytest.mark.parametrize("base", ["http://koha.example", "koha.example", "https://"])
def test_personal_data_go_in_clear_to_no_other_machine(base: str) -> None:
    with pytest.raises(BadAddress):
        KohaAccount(base=base, user="key", secret="hush")


def test_secrets_are_in_no_text_of_an_account() -> None:
    account = KohaAccount(base="https://koha.example", user="key", secret="hush")

    assert "hush" not in repr(account)
