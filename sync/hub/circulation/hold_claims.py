"""Whose hold speaks against a loan: the rule of the kiosks, on all that is known."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.domain import holds as rule
from kiosk.domain.values import Hold as KioskHold
from kiosk.domain.values import county_day
from sync.hub.circulation.facts import Fact, Place
from sync.hub.circulation.hold_values import Hold


def in_the_way(holds: Sequence[Hold], used: Fact) -> Hold | None:
    """The hold that was for another reader when this happened, if any.

    `holds`: those on the title of the copy, in the order of the queue.
    """
    waited = {one.fact.fact_id: one for one in holds if one.waits_at(used.place)}
    then = [_as_of(hold, used.place) for hold in waited.values()]
    if not then:
        return None
    title_id, today = then[0].title_id, county_day(used.at)
    wanted = rule.Borrowing(used.item, title_id, used.patron_ref, used.site_id, today)
    found = rule.kept_from(then, wanted)
    return None if found is None else waited[found.hold_id]


def _as_of(hold: Hold, place: Place) -> KioskHold:
    """As a kiosk would know it that had heard of everything until then."""
    fact, kept = hold.fact, hold.kept_at(place)
    return KioskHold(
        hold_id=fact.fact_id,
        title_id=fact.title_id,
        item=fact.item,
        patron_ref=fact.patron_ref,
        site_id=fact.site_id,
        placed_at=fact.at,
        copy=kept.item if kept else "",
        keep_until=kept.last_day if kept else None,
    )
