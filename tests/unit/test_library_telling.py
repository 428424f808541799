"""What is told to a library system next, by how things stand there."""

from __future__ import annotations

import datetime as dt

import pytest

from sync.hub.library.port import (
    Act,
    ItemThere,
    Lending,
    PatronThere,
    Renewal,
    TakingBack,
)
from sync.hub.library.telling import (
    ON_LOAN,
    UNCLEAR,
    Doubt,
    Hopeless,
    Order,
    Seen,
    Send,
    Settled,
    Step,
    next_step,
)

AT = dt.datetime(2026, 7, 3, 4, 0, tzinfo=dt.UTC)
DUE = dt.date(2026, 8, 2)
DAY = dt.timedelta(days=1)
LOAN = Lending("R1", "YL1", AT, DUE)
RETURN = TakingBack("YL1", AT)
RENEWAL = Renewal("R1", "YL1", AT, DUE)

IN = ItemThere(on_loan=False)
SOMEWHERE = ItemThere(on_loan=None)
OUT = ItemThere(on_loan=True, due_on=DUE)
OUT_FOR_LESS = ItemThere(on_loan=True, due_on=DUE - 9 * DAY)
OUT_AND_NOTHING_ELSE = ItemThere(on_loan=True)
HAS_IT = PatronThere(frozenset({"YL1"}), complete=True)
HAS_OTHERS = PatronThere(frozenset({"YL2"}), complete=True)
UNLISTED = PatronThere()
NEVER_SENT = None
SENT = Doubt(None)


@pytest.mark.parametrize(
    ("there", "patron", "doubt", "step"),
    [
        (IN, UNLISTED, NEVER_SENT, Send(LOAN, None)),
        (IN, UNLISTED, SENT, Send(LOAN, None)),
        (OUT, HAS_IT, NEVER_SENT, Settled(DUE)),
        (OUT, HAS_IT, SENT, Settled(DUE)),
        (OUT, HAS_OTHERS, NEVER_SENT, Hopeless(ON_LOAN)),
        (OUT, HAS_OTHERS, SENT, Hopeless(ON_LOAN)),
        (OUT, UNLISTED, NEVER_SENT, Hopeless(ON_LOAN)),
        (OUT, UNLISTED, SENT, Settled(DUE)),
        (OUT_FOR_LESS, UNLISTED, SENT, Hopeless(UNCLEAR)),
        (OUT_FOR_LESS, UNLISTED, Doubt(OUT_FOR_LESS.due_on), Hopeless(ON_LOAN)),
        (SOMEWHERE, UNLISTED, NEVER_SENT, Send(LOAN, None)),
        (SOMEWHERE, UNLISTED, SENT, Hopeless(UNCLEAR)),
    ],
)
def test_a_loan_is_sent_only_while_nobody_has_the_item(
    there: ItemThere, patron: PatronThere, doubt: Doubt | None, step: Step
) -> None:
    assert next_step(Order(LOAN), Seen(there, patron), doubt) == step


@pytest.mark.parametrize(
    ("there", "doubt", "step"),
    [
        (OUT, NEVER_SENT, Send(RETURN, DUE)),
        (IN, NEVER_SENT, Send(RETURN, None)),
        (IN, SENT, Settled()),
        (OUT, SENT, Send(RETURN, DUE)),
        (SOMEWHERE, SENT, Send(RETURN, None)),
    ],
)
def test_a_return_is_told_even_of_what_is_in_but_not_again(
    there: ItemThere, doubt: Doubt | None, step: Step
) -> None:
    assert next_step(Order(RETURN), Seen(there), doubt) == step


@pytest.mark.parametrize(
    ("there", "doubt", "step"),
    [
        (OUT, NEVER_SENT, Settled(DUE)),
        (OUT_FOR_LESS, NEVER_SENT, Send(RENEWAL, OUT_FOR_LESS.due_on)),
        (OUT_FOR_LESS, Doubt(OUT_FOR_LESS.due_on), Send(RENEWAL, OUT_FOR_LESS.due_on)),
        (OUT_FOR_LESS, Doubt(DUE - 30 * DAY), Settled(OUT_FOR_LESS.due_on)),
        (OUT_FOR_LESS, SENT, Hopeless(UNCLEAR)),
        (OUT_AND_NOTHING_ELSE, NEVER_SENT, Send(RENEWAL, None)),
        (OUT_AND_NOTHING_ELSE, Doubt(DUE), Hopeless(UNCLEAR)),
    ],
)
def test_a_renewal_is_sent_again_only_if_the_loan_surely_got_no_longer(
    there: ItemThere, doubt: Doubt | None, step: Step
) -> None:
    assert next_step(Order(RENEWAL), Seen(there), doubt) == step


def test_a_loan_that_ours_displaced_is_ended_first_and_once() -> None:
    order, seen = Order(LOAN, displaces=True), Seen(OUT, HAS_OTHERS)

    assert next_step(order, seen) == Send(RETURN, DUE)
    assert next_step(order, seen, taken_back=True) == Hopeless(ON_LOAN)
    assert next_step(order, Seen(IN), taken_back=True) == Send(LOAN, None)


@pytest.mark.parametrize("act", [LOAN, RENEWAL])
def test_what_the_patron_has_long_enough_is_never_sent(act: Act) -> None:
    for doubt in (NEVER_SENT, SENT, Doubt(DUE)):
        assert next_step(Order(act), Seen(OUT, HAS_IT), doubt) == Settled(DUE)
