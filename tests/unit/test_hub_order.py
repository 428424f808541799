"""The order in which facts arrive at the hub never matters."""

from __future__ import annotations

import datetime as dt
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sync.hub.circulation.facts import Fact, Move, Standing
from sync.hub.circulation.history import replay
from sync.protocol import Clock
from tests.unit.hub_facts import (
    DUE,
    fact_of,
    give_back,
    lend,
)

_FACTS = st.builds(
    fact_of,
    st.sampled_from(Move),
    st.integers(-50, 50),
    st.sampled_from(["k1", "k2"]),
    st.fixed_dictionaries(
        {
            "patron_ref": st.sampled_from(["anna", "bo"]),
            "loan_ref": st.sampled_from(["", "ref-1", "ref-2"]),
            "due_on": st.sampled_from([DUE, DUE + dt.timedelta(days=9)]),
            "renewals": st.integers(0, 1),
            "clock": st.sampled_from(Clock),
            "standing": st.sampled_from(Standing),
            "seq": st.integers(1, 10_000),
        }
    ),
)


@given(st.lists(_FACTS, max_size=7, unique_by=lambda fact: (fact.kiosk_id, fact.seq)))
def test_history_is_sound_for_any_facts(facts: list[Fact]) -> None:
    history = replay(facts)

    for earlier, later in zip(history.loans, history.loans[1:], strict=False):
        assert earlier.returned_at is not None
        assert earlier.loaned_at <= earlier.returned_at <= later.loaned_at


@given(
    st.lists(_FACTS, max_size=7, unique_by=lambda fact: (fact.kiosk_id, fact.seq)),
    st.randoms(use_true_random=False),
)
def test_any_order_of_arrival_gives_the_same_history(
    facts: list[Fact], dice: Any
) -> None:
    shuffled = list(facts)
    dice.shuffle(shuffled)

    assert replay(shuffled) == replay(facts)


def test_every_order_of_a_busy_day_gives_the_same_history() -> None:
    day = [
        lend("anna", 1),
        give_back(2, "k2"),
        lend("bo", 3, "k2"),
        lend("anna", 4),
        give_back(5),
    ]

    histories = {repr(replay(order)) for order in permutations(day)}

    assert len(histories) == 1
