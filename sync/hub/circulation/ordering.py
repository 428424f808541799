"""The order in which the facts about an item happened, whatever order they came in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, groupby, pairwise
from operator import attrgetter

from sync.hub.circulation.facts import Fact, Move, Standing
from sync.protocol import Clock

#: Time, kiosk, epoch and seq; the last is 1 for what comes right after that fact.
_Key = tuple[dt.datetime, str, str, int, int]


def in_order(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Sort by corrected time; the same for every order of arrival.

    The order of one device is never reversed, and a return that quotes a loan
    comes after it, whatever the clocks said.
    """
    counted = [f for f in facts if f.standing in {Standing.FIRM, Standing.ASKED}]
    clocked = _keys_by_device(counted)
    begun = _first_by_reference(counted, clocked)
    keys = {fact.fact_id: _after_its_loan(fact, clocked, begun) for fact in counted}
    ordered = sorted(counted, key=lambda fact: keys[fact.fact_id])
    return tuple(replace(fact, at=keys[fact.fact_id][0][0]) for fact in ordered)


def certainly_ordered(one: Fact, other: Fact) -> bool:
    """Tell whether their clocks leave no doubt which of two facts was first."""
    if (one.kiosk_id, one.epoch) == (other.kiosk_id, other.epoch):
        return True
    return one.latest < other.earliest or other.latest < one.earliest


def _keys_by_device(facts: Sequence[Fact]) -> dict[str, _Key]:
    """Where each fact belongs by the clock of its device, by fact id."""
    by_device = sorted(facts, key=attrgetter("kiosk_id", "epoch", "seq"))
    keys: dict[str, _Key] = {}
    for (kiosk_id, epoch), group in groupby(by_device, attrgetter("kiosk_id", "epoch")):
        own = list(group)
        for fact, at in zip(own, _rising_times(own), strict=True):
            keys[fact.fact_id] = (at, kiosk_id, epoch, fact.seq, 0)
    return keys


def _rising_times(own: Sequence[Fact]) -> Iterable[dt.datetime]:
    """One device's times in the order of its numbers; a guess gives way first."""
    times = [fact.at for fact in own]
    for earlier, later in reversed(list(pairwise(range(len(own))))):
        if own[earlier].clock is Clock.GUESSED:
            times[earlier] = min(times[earlier], times[later])
    return accumulate(times, max)


def _first_by_reference(
    facts: Sequence[Fact], clocked: Mapping[str, _Key]
) -> dict[str, _Key]:
    """Where each quotable loan began; the earliest if two share a reference."""
    begun: dict[str, _Key] = {}
    for fact in facts:
        if fact.move is Move.LEND and fact.loan_ref:
            own = clocked[fact.fact_id]
            begun[fact.loan_ref] = min(begun.get(fact.loan_ref, own), own)
    return begun


def _after_its_loan(
    fact: Fact, clocked: Mapping[str, _Key], begun: Mapping[str, _Key]
) -> tuple[_Key, _Key]:
    """Where a fact belongs, and its own time to tell it from others there."""
    own = clocked[fact.fact_id]
    if fact.move is Move.LEND or fact.loan_ref not in begun:
        return own, own
    at, kiosk_id, epoch, seq, _ = begun[fact.loan_ref]
    return max(own, (at, kiosk_id, epoch, seq, 1)), own
