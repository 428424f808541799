"""The SIP2 client against a server that loses, damages and delays what it says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace

import pytest

from kiosk.domain.values import COUNTY_TIME
from sync.sip2.client import Client, PinCheck
from sync.sip2.dialects import DIALECTS
from sync.sip2.errors import (
    LinkLost,
    NotUnderstood,
    UnknownOutcome,
)
from sync.sip2.probe import Outcome
from sync.sip2.requests import RenewAll
from sync.sip2.tables import CirculationStatus, Summary
from tests.integration.sip2_world import AT, account_of, client_for
from tests.sip2_library import Loan
from tests.sip2_server import Fault, SipServer, serving

DUE = dt.date(2026, 12, 23)
#: Done by the server, yet the client can't know.
DONE_UNHEARD = [
    Fault.ANSWER_LOST,
    Fault.HUNG_UP_AFTER,
    Fault.HALF_ANSWER,
    Fault.WRONG_ANSWER,
]
#: Not done, and the client can't know either.
NOT_DONE_UNHEARD = [
    Fault.REQUEST_LOST,
    Fault.HUNG_UP_BEFORE,
    Fault.STATUS_FIRST,
    Fault.SENTENCE,
]
#: The answer comes all the same.
BEARABLE = [
    Fault.DAMAGED,
    Fault.CUT_TRAILER,
    Fault.ASKED_AGAIN,
    Fault.LATE_ANSWER,
    Fault.IN_PIECES,
]
CHANGES = ["11", "09", "29"]


@pytest.fixture
def server() -> Iterator[SipServer]:
    started = SipServer()
    started.library.timeout_period = 0
    with serving(started):
        yield started


@pytest.fixture
def client(server: SipServer) -> Iterator[Client]:
    with Client(account_of(server), now=lambda: AT) as opened:
        yield opened


def change(client: Client, message_id: str) -> None:
    match message_id:
        case "11":
            assert client.checkout("R1", "B1").ok
        case "09":
            assert client.checkin("B2").ok
        case _:
            assert client.renew("R2", "B2").ok


def given_a_loan(server: SipServer) -> None:
    server.library.loans["B2"] = Loan("R2", DUE)


def deeds_of(message_id: str) -> list[tuple[str, str]]:
    return {
        "11": [("lent", "B1")],
        "09": [("returned", "B2")],
        "29": [("renewed", "B2")],
    }[message_id]


# --- all is well ----------------------------------------------------------------------


def test_first_request_logs_in_and_asks_for_the_status(
    server: SipServer, client: Client
) -> None:
    answer = client.checkout("R1", "B1")

    assert (answer.ok, answer.desensitize, answer.renewal_ok) == (True, True, False)
    assert answer.title_identifier == "東周列國志"
    assert server.ids_heard() == ["93", "99", "11"]
    assert server.heard[0].startswith(b"9300CNkiosk|COsecret|CPV017|AY0AZ")
    assert b"AOCN-370102|" in server.heard[2]


def test_what_happened_off_line_is_sent_with_its_times(
    server: SipServer, client: Client
) -> None:
    taken, due = (
        AT - dt.timedelta(days=1),
        dt.datetime(2026, 12, 22, 23, 59, 59, tzinfo=COUNTY_TIME),
    )

    client.checkout("R1", "B1", taken_at=taken, due=due, no_block=True)
    client.checkin("B1", returned_at=taken, no_block=True)

    assert server.heard[2].startswith(b"11NY20261122    09150020261222    235959AO")
    assert server.heard[3].startswith(b"09Y20261123    09150020261122    091500APV017|")


def test_refused_loan_is_an_answer(server: SipServer, client: Client) -> None:
    server.library.loans["B1"] = Loan("R2", DUE)

    answer = client.checkout("R1", "B1")

    assert not answer.ok
    assert answer.screen_messages == ("失败",)
    assert not client.checkin("B2").ok
    assert not client.renew("R1", "B1").ok


def test_gbk_library_with_a_delimiter_in_its_titles() -> None:
    server = SipServer(dialect=DIALECTS["gbk"])
    with serving(server), Client(account_of(server)) as client:
        assert client.checkout("R1", "B1").title_identifier == "東周列國志"
        assert client.patron("R1").personal_name == "王億"


def test_library_without_error_detection() -> None:
    server = SipServer(dialect=replace(DIALECTS["standard"], error_detection=False))
    with serving(server), Client(account_of(server)) as client:
        assert client.item("B1").circulation_status == CirculationStatus.AVAILABLE
    assert b"AZ" not in b"".join(server.heard)


def test_patron_s_loans_and_end_of_session(server: SipServer, client: Client) -> None:
    given_a_loan(server)

    patron = client.patron("R2", summary=Summary.CHARGED_ITEMS)

    assert patron.charged_items == ("B2",)
    assert patron.charged_items_count == 1
    assert client.end_session("R2").end_session


@pytest.mark.parametrize("pin_request", ["63", "23"])
def test_pin_is_checked_by_the_dialect_s_request(
    server: SipServer, pin_request: str
) -> None:
    account = account_of(server)
    asked = replace(account, dialect=replace(account.dialect, pin_request=pin_request))
    with Client(asked) as client:
        assert client.check_pin("R1", "0417") is PinCheck.RIGHT
        assert client.check_pin("R1", "0418") is PinCheck.WRONG
        assert client.check_pin("R9", "0417") is PinCheck.NO_SUCH_PATRON
        with pytest.raises(ValueError, match="empty PIN"):
            client.check_pin("R1", "")
    assert server.ids_heard()[2:] == [pin_request] * 3


# --- something is lost ----------------------------------------------------------------


@pytest.mark.parametrize("fault", BEARABLE, ids=lambda fault: fault.name)
@pytest.mark.parametrize("message_id", CHANGES)
def test_bearable_fault_ends_in_one_deed_and_its_answer(
    server: SipServer, client: Client, message_id: str, fault: Fault
) -> None:
    given_a_loan(server)
    server.fail(message_id, fault)

    change(client, message_id)

    assert server.library.deeds == deeds_of(message_id)
    assert server.connections == 1


@pytest.mark.parametrize("fault", DONE_UNHEARD, ids=lambda fault: fault.name)
@pytest.mark.parametrize("message_id", CHANGES)
def test_lost_answer_is_unknown_and_the_probe_finds_it_done(
    server: SipServer, client: Client, message_id: str, fault: Fault
) -> None:
    given_a_loan(server)
    server.fail(message_id, fault)

    with client_for(server, fault) as cut_off, pytest.raises(UnknownOutcome) as caught:
        change(cut_off, message_id)

    promised = DUE + dt.timedelta(days=30)
    assert client.probe(caught.value.request, promised) is Outcome.DONE
    assert server.library.deeds == deeds_of(message_id)


@pytest.mark.parametrize("fault", NOT_DONE_UNHEARD, ids=lambda fault: fault.name)
@pytest.mark.parametrize("message_id", CHANGES)
def test_lost_request_is_unknown_and_the_probe_finds_it_not_done(
    server: SipServer, client: Client, message_id: str, fault: Fault
) -> None:
    given_a_loan(server)
    server.fail(message_id, fault)

    with client_for(server, fault) as cut_off, pytest.raises(UnknownOutcome) as caught:
        change(cut_off, message_id)

    promised = DUE + dt.timedelta(days=30)
    assert client.probe(caught.value.request, promised) is Outcome.NOT_DONE
    assert server.library.deeds == []
    change(client, message_id)
    assert server.library.deeds == deeds_of(message_id)


BEFORE = [
    pytest.param(message_id, fault, id=f"{message_id}-{fault.name}")
    for message_id, its_own in (("93", Fault.WRONG_ANSWER), ("99", Fault.STATUS_FIRST))
    for fault in (*DONE_UNHEARD, *NOT_DONE_UNHEARD)
    if fault is not its_own and fault is not Fault.SENTENCE
]


@pytest.mark.parametrize(("message_id", "fault"), BEFORE)
def test_fault_before_the_request_is_never_an_unknown_outcome(
    server: SipServer, client: Client, message_id: str, fault: Fault
) -> None:
    server.fail(message_id, *[fault] * 3)

    with client_for(server, fault) as cut_off, pytest.raises(LinkLost):
        change(cut_off, "11")

    assert server.library.deeds == []
    server.faults.clear()
    change(client, "11")
    assert server.library.deeds == [("lent", "B1")]


def test_answer_to_the_request_before_is_not_taken_for_this_one_s(
    server: SipServer, client: Client
) -> None:
    client.checkout("R1", "B1")
    server.fail("11", Fault.SENTENCE)

    with pytest.raises(UnknownOutcome, match="older answer") as caught:
        client.checkout("R1", "B2")

    assert client.probe(caught.value.request) is Outcome.NOT_DONE


def test_read_is_asked_again_after_silence_on_a_link_that_is_then_left(
    server: SipServer,
) -> None:
    server.fail("17", Fault.ANSWER_LOST)

    with client_for(server, Fault.ANSWER_LOST) as client:
        assert client.item("B1").item_identifier == "B1"
        assert server.ids_heard() == ["93", "99", "17", "17"]
        assert server.heard[2] == server.heard[3]
        client.item("B1")
    assert server.connections == 2


def test_silence_for_good_is_a_lost_link(server: SipServer) -> None:
    server.fail("17", *[Fault.REQUEST_LOST] * 3)

    client = client_for(server, Fault.REQUEST_LOST)
    with client, pytest.raises(LinkLost, match="no answer in time"):
        client.item("B1")


def test_request_that_is_never_taken_was_not_done(
    server: SipServer, client: Client
) -> None:
    server.fail("11", *[Fault.ASKED_AGAIN] * 3)

    with pytest.raises(NotUnderstood):
        client.checkout("R1", "B1")

    assert server.library.deeds == []


def test_request_that_this_server_does_not_know(client: Client) -> None:
    request = RenewAll(transaction_date=AT, institution_id="X", patron_identifier="R1")

    with pytest.raises(NotUnderstood, match="message 65"):
        client.ask(request)


def test_other_requests_can_not_be_probed(client: Client) -> None:
    request = RenewAll(transaction_date=AT, institution_id="X", patron_identifier="R1")

    assert client.probe(request) is Outcome.UNCLEAR
