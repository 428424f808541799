"""A reader's own affairs as the screen shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from kiosk.domain.account import Account, OnLoan, Waiting
from kiosk.domain.policy import Refusal
from kiosk.domain.session import Line, Session
from kiosk.service.renewing import DONE
from kiosk.view import AccountLines, LineState, LoanLine, Message


def account_lines(session: Session) -> AccountLines | None:
    """The account, with what became of renewing beside each loan."""
    account = session.account
    if account is None:
        return None
    results = {line.book.key: line for line in session.lines}
    loans = tuple(
        _loan_line(one, account.today, results.get(one.loan.item), session.ticked)
        for one in account.loans
    )
    return AccountLines(loans, tuple(_notes(account)), len(session.to_renew))


def account_headline(session: Session) -> Message:
    """What the account comes to, or what became of renewing."""
    if session.busy:
        return Message("renew.working")
    if session.lines:
        return _renewed(session.lines)
    loans = session.account.loans if session.account else ()
    return Message("acct.loans", {"n": len(loans)}) if loans else Message("acct.empty")


def _renewed(lines: Iterable[Line]) -> Message:
    good = [line for line in lines if line.state is LineState.OK]
    if not good:
        return Message("renew.none")
    done = sum(line.message is not None and line.message.id == DONE for line in good)
    return Message("renew.finished", {"n": done}) if done else Message("renew.noted")


def ready_words(waiting: Iterable[Waiting]) -> tuple[Message, ...]:
    """Which books are kept for the reader, where, and until when."""
    return tuple(_ready(one) for one in waiting if one.ready_at is not None)


def _ready(one: Waiting) -> Message:
    params: dict[str, str | int | dt.date] = {"title": one.title}
    if one.ready_at:
        params["site"] = one.ready_at
    name = "hold.ready_elsewhere" if one.ready_at else "hold.ready"
    if one.keep_until is None:
        return Message(f"{name}_now", params)
    return Message(name, params | {"date": one.keep_until})


def _notes(account: Account) -> Iterable[Message]:
    for title in account.returned:
        yield Message("acct.pending", {"title": title})
    for one in account.waiting:
        if one.ready_at is None:
            yield Message("hold.waiting", {"title": one.title})


def _loan_line(
    one: OnLoan, today: dt.date, result: Line | None, ticked: frozenset[str]
) -> LoanLine:
    due_on = one.loan.due_on
    return LoanLine(
        one.loan.item,
        one.title,
        one.author,
        _due(due_on, today),
        overdue=due_on < today,
        state=result.state if result else LineState.WAITING,
        message=result.message if result else _why_not(one),
        can_renew=one.can_renew and result is None,
        ticked=one.loan.item in ticked,
    )


def _due(due_on: dt.date, today: dt.date) -> Message:
    if due_on == dt.date.max:
        return Message("line.date_follows")
    if due_on < today:
        return Message("acct.overdue", {"n": (today - due_on).days})
    return Message("acct.due", {"date": due_on})


def _why_not(one: OnLoan) -> Message | None:
    if isinstance(one.renewal, Refusal):
        return Message(one.renewal.reason, one.renewal.params)
    return None
