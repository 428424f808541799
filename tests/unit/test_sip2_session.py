"""The conversation with a library system, without a connection."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from kiosk.domain.values import COUNTY_TIME
from sync.sip2.answers import AcsStatus, Answer, CheckoutResponse
from sync.sip2.dialects import DIALECTS, Checking, Dialect
from sync.sip2.errors import BadMessage, LinkLost, NotUnderstood, UnknownOutcome
from sync.sip2.requests import (
    Checkout,
    ItemInformation,
    Request,
    RequestAcsResend,
    ScStatus,
)
from sync.sip2.session import Answered, Send, Session
from sync.sip2.trailer import seal

PLAIN = Dialect()
BARE = Dialect(error_detection=False)
AT = dt.datetime(2026, 11, 23, 9, 15, tzinfo=COUNTY_TIME)
READ = ItemInformation(transaction_date=AT, institution_id="X", item_identifier="B1")
CHANGE = Checkout(
    sc_renewal_policy=False,
    no_block=False,
    transaction_date=AT,
    nb_due_date=AT,
    institution_id="X",
    patron_identifier="R1",
    item_identifier="B1",
    terminal_password="",
)
STATUS = b"98YYYYNN010003" + b"20261123    091500" + b"2.00AOX|BX|"
ITEM = b"180400" + b"01" + b"20261123    091500" + b"ABB1|AJ|"
LOAN = b"121NNY20261123    091500AOX|AAR1|ABB1|AJ|AH|"
AGAIN = Send(b"97AZFEF5\r")
ANSWERS: dict[str, bytes] = {"17": ITEM, "11": LOAN, "99": STATUS}


def sealed(line: bytes, number: int) -> bytes:
    return seal(line, str(number)) + b"\r"


def damaged(line: bytes, number: int) -> bytes:
    return sealed(line, number).replace(b"AOX", b"AOY").replace(b"ABB1", b"ABB2")


def introduced(dialect: Dialect = PLAIN, retries: int = 2) -> Session:
    """A session in which the server showed already that it seals its answers."""
    session = Session(dialect, retries)
    session.begin(ScStatus())
    (step,) = session.receive(sealed(STATUS, 0))
    assert isinstance(step, Answered)
    return session


def answer_of(session: Session, line: bytes) -> Answer:
    (step,) = session.receive(line)
    assert isinstance(step, Answered)
    return step.answer


def test_answer_is_of_the_request_s_kind_and_in_full() -> None:
    session = introduced()
    session.begin(CHANGE)

    answer = answer_of(session, sealed(LOAN, 1))

    assert isinstance(answer, CheckoutResponse)
    assert (answer.ok, answer.desensitize, answer.item_identifier) == (True, True, "B1")


def test_numbers_go_from_0_to_9_and_begin_anew() -> None:
    session = Session(PLAIN)

    sent = []
    for number in range(11):
        sent.append(session.begin(ScStatus()))
        answer_of(session, sealed(STATUS, number % 10))

    assert [line[-10:-6] for line in sent] == [b"AY%dA" % (n % 10) for n in range(11)]


def test_without_error_detection_nothing_is_sealed() -> None:
    session = Session(BARE)

    assert session.begin(ScStatus()) == b"9900802.00\r"
    assert isinstance(answer_of(session, STATUS + b"\r\n"), AcsStatus)


def test_terminator_is_the_dialect_s() -> None:
    crlf = replace(BARE, terminator=b"\r\n")

    assert Session(crlf).begin(ScStatus()).endswith(b"2.00\r\n")


def test_damaged_answer_is_asked_for_again_and_may_be_numbered_anew() -> None:
    session = introduced()
    session.begin(CHANGE)

    assert session.receive(damaged(LOAN, 1)) == [AGAIN]
    assert isinstance(answer_of(session, sealed(LOAN, 0)), CheckoutResponse)


@pytest.mark.parametrize(
    "line",
    [
        LOAN + b"\r",
        LOAN[:20] + b"\r",
        b"xx" + sealed(LOAN, 1),
        sealed(LOAN, 1)[:-3] + b"\r",
        b"\xff\xff\xff\r",
    ],
    ids=["no trailer", "cut", "junk before", "cut sum", "noise"],
)
def test_answer_without_its_sum_is_damaged_if_others_had_one(line: bytes) -> None:
    session = introduced()
    session.begin(CHANGE)

    assert session.receive(line) == [AGAIN]


def test_server_that_never_seals_is_believed() -> None:
    session = Session(PLAIN)
    session.begin(CHANGE)

    assert isinstance(answer_of(session, LOAN + b"\r"), CheckoutResponse)


def test_strict_dialect_believes_only_right_sums() -> None:
    strict = replace(PLAIN, checking=Checking.STRICT)
    for line in (LOAN + b"\r", LOAN + b"AY0AZ0000\r"):
        session = Session(strict)
        session.begin(CHANGE)
        assert session.receive(line) == [AGAIN]


def test_dialect_that_does_not_check_believes_any_sum() -> None:
    session = Session(replace(PLAIN, checking=Checking.OFF))
    session.begin(CHANGE)

    assert isinstance(answer_of(session, damaged(LOAN, 0)), CheckoutResponse)


@pytest.mark.parametrize(
    ("request_", "error"), [(READ, LinkLost), (CHANGE, UnknownOutcome)]
)
def test_damaged_answers_without_end_leave_a_change_unknown(
    request_: Request, error: type[Exception]
) -> None:
    session = introduced(retries=2)
    session.begin(request_)
    line = damaged(ANSWERS[request_.ID], 1)

    assert session.receive(line) == [AGAIN]
    assert session.receive(line) == [AGAIN]
    with pytest.raises(error):
        session.receive(line)


def test_read_is_sent_again_after_silence_byte_by_byte_the_same() -> None:
    session = introduced()
    sent = session.begin(READ)

    assert session.silence() == Send(sent)
    assert isinstance(answer_of(session, sealed(ITEM, 1)), Answer)
    assert session.tainted


def test_change_is_never_sent_again_after_silence() -> None:
    session = introduced()
    session.begin(CHANGE)

    with pytest.raises(UnknownOutcome) as caught:
        session.silence()

    assert caught.value.request is CHANGE


def test_silence_after_the_last_retry_is_a_lost_link() -> None:
    session = introduced(retries=1)
    session.begin(READ)
    session.silence()

    with pytest.raises(LinkLost):
        session.silence()


@pytest.mark.parametrize("request_", [READ, CHANGE])
def test_what_the_server_did_not_take_is_sent_again(request_: Request) -> None:
    session = introduced()
    sent = session.begin(request_)

    assert session.receive(b"96AZFEF6\r") == [Send(sent)]
    assert session.receive(b"96\r") == [Send(sent)]
    assert isinstance(answer_of(session, sealed(ANSWERS[request_.ID], 1)), Answer)


def test_request_that_the_server_never_takes_was_not_done() -> None:
    session = introduced(retries=1)
    session.begin(CHANGE)
    session.receive(b"96AZFEF6\r")

    with pytest.raises(NotUnderstood, match="message 11"):
        session.receive(b"96AZFEF6\r")


@pytest.mark.parametrize(
    "older", [LOAN.replace(b"R1", b"R2"), LOAN.replace(b"B1", b"B7")]
)
def test_older_answer_said_again_is_not_taken_for_this_one(older: bytes) -> None:
    session = introduced()
    session.begin(CHANGE)
    session.receive(b"noise\r")

    with pytest.raises(UnknownOutcome, match="older answer"):
        session.receive(sealed(older, 0))


def test_server_without_an_answer_to_repeat_leaves_a_change_unknown() -> None:
    session = introduced()
    session.begin(CHANGE)
    session.receive(damaged(LOAN, 1))

    with pytest.raises(UnknownOutcome, match="no answer to repeat"):
        session.receive(b"96AZFEF6\r")


def test_late_answer_to_an_older_request_is_dropped() -> None:
    session = introduced()
    session.begin(CHANGE)

    assert session.receive(sealed(LOAN, 0)) == []
    assert isinstance(answer_of(session, sealed(LOAN, 1)), CheckoutResponse)


def test_server_that_does_not_echo_numbers_is_understood() -> None:
    session = Session(replace(DIALECTS["dp2"], charset="utf-8"))
    session.begin(CHANGE)

    assert isinstance(answer_of(session, sealed(LOAN, 4)), CheckoutResponse)


def test_dp2_is_asked_to_repeat_by_96() -> None:
    session = Session(DIALECTS["dp2"])
    session.begin(CHANGE)

    assert session.receive(damaged(LOAN, 0)) == [Send(b"96AZFEF6\r")]


def test_status_instead_of_an_answer_is_taken_over_and_a_read_said_again() -> None:
    session = introduced()
    sent = session.begin(READ)

    assert session.receive(sealed(STATUS.replace(b"98Y", b"98N"), 1)) == [Send(sent)]
    assert session.status is not None
    assert not session.status.online_status


def test_status_instead_of_an_answer_leaves_a_change_unknown() -> None:
    session = introduced()
    session.begin(CHANGE)

    with pytest.raises(UnknownOutcome, match="answer 98 to request 11"):
        session.receive(sealed(STATUS, 1))


@pytest.mark.parametrize(
    ("request_", "error"), [(READ, LinkLost), (CHANGE, UnknownOutcome)]
)
@pytest.mark.parametrize("line", [b"941\r", "命令不支持\r".encode()])
def test_answer_of_another_kind_ends_the_conversation(
    request_: Request, error: type[Exception], line: bytes
) -> None:
    session = Session(BARE)
    session.begin(request_)

    with pytest.raises(error):
        session.receive(line)


def test_what_nobody_asked_for_is_dropped() -> None:
    session = Session(BARE)

    assert session.receive(b"941\r" + STATUS + b"\r") == []


def test_say_that_again_is_no_question_of_its_own() -> None:
    with pytest.raises(BadMessage, match="message 97"):
        Session(BARE).begin(RequestAcsResend())


def test_lost_link_without_a_question_is_just_that() -> None:
    assert isinstance(Session(BARE).lost("gone"), LinkLost)
