"""What staff should know about single facts of an item, whatever its loans are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from kiosk.domain.values import ItemState, county_day
from sync.hub.circulation.facts import Fact, Finding, Move, Severity, Standing, side
from sync.hub.circulation.ordering import in_order

#: A reader whom nobody knows is to be asked for papers within this time.
VERIFY_WITHIN = dt.timedelta(days=14)


def remarks(facts: Iterable[Fact], *, item_known: bool) -> tuple[Finding, ...]:
    """Everything odd about one item's facts; the same for every order of arrival.

    `item_known` is False while the item's record is only a provisional one.
    """
    ordered = in_order(fact for fact in facts if fact.standing is Standing.FIRM)
    handled = [fact for fact in ordered if fact.move in {Move.LEND, Move.RETURN}]
    found = [finding for fact in ordered for finding in _about_one(fact)]
    if handled and not item_known:
        found.append(_finding("item_unknown", Severity.MEDIUM, handled[0]))
    return (*found, *_found_again(handled))


def _about_one(fact: Fact) -> Iterator[Finding]:
    if fact.withdrawn:
        yield _finding("closed_twice", Severity.MEDIUM, fact)
    if not fact.believed:
        yield _finding("clock_not_believed", Severity.HIGH, fact)
    if not fact.kept:
        yield _finding("promise_not_kept", Severity.MEDIUM, fact, promised=_day(fact))
    if fact.move is Move.LEND and fact.records.patron is None:
        verify_by = county_day(fact.at) + VERIFY_WITHIN
        yield _finding(
            "patron_unknown", Severity.HIGH, fact, verify_by=verify_by.isoformat()
        )


def _found_again(handled: Sequence[Fact]) -> Iterator[Finding]:
    """A lost item was here.

    Whichever fact came first made the item one that is not lost any more. So of
    all that came since then, the one that happened first found it.
    """
    for mark in handled:
        item = mark.records.item
        if item is not None and item.state is ItemState.LOST:
            since = [one for one in handled if one.received_at >= mark.received_at]
            yield _finding("item_found", Severity.LOW, since[0])


def _day(fact: Fact) -> dict[str, object]:
    return {"due_on": fact.promised and fact.promised.isoformat()}


def _finding(kind: str, severity: Severity, fact: Fact, **details: object) -> Finding:
    return Finding(kind, severity, fact.fact_id, {"event": side(fact), **details})
