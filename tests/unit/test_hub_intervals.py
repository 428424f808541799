"""Brackets on a boot's clock, and what they say together."""

from __future__ import annotations

import datetime as dt
from itertools import permutations

from sync.hub.clocks.dating import TOLERANCE, Recorded, dated
from sync.hub.clocks.intervals import STRETCH_NS, Bracket, Interval, Pair, agreed
from sync.hub.clocks.succession import Span, started
from sync.protocol import Clock

START = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
YEARS = dt.timedelta(days=3650)


def ns(since_start: dt.timedelta) -> int:
    return int(since_start / SECOND) * 10**9


def at_contact(
    since_start: dt.timedelta,
    way: dt.timedelta = SECOND,
    hub_off: dt.timedelta = dt.timedelta(),
) -> Bracket:
    """A contact over a line that takes `way`, with a hub whose clock is off."""
    there = START + since_start + hub_off
    return Bracket(
        Pair(there - way, ns(since_start)), Pair(there + way, ns(since_start))
    )


def recorded(wall: dt.datetime, clock: Clock = Clock.GUESSED) -> Recorded:
    return Recorded("e1", "boot", 0, wall, clock, START + DAY)


def test_of_several_contacts_the_quickest_counts_in_any_order() -> None:
    contacts = [at_contact(HOUR, way * SECOND) for way in (30, 1, 7)]

    merged = {a.tightened(b).tightened(c) for a, b, c in permutations(contacts)}

    assert merged == {at_contact(HOUR, SECOND)}


def test_hub_that_was_wrong_for_an_hour_is_outvoted() -> None:
    stretch = dt.timedelta(seconds=STRETCH_NS / 1e9)
    for wrong in (YEARS, -YEARS):
        brackets = [
            at_contact(HOUR),
            at_contact(stretch + HOUR, hub_off=wrong),
            at_contact(2 * stretch + HOUR),
        ]

        interval = agreed(brackets, ns(stretch + HOUR))

        assert interval is not None
        assert START + stretch + HOUR in interval
        assert interval.latest - interval.earliest < 10 * SECOND


def test_far_from_any_contact_drift_widens_the_interval() -> None:
    near = agreed([at_contact(HOUR)], ns(2 * HOUR))
    far = agreed([at_contact(HOUR)], ns(30 * DAY))

    assert near is not None
    assert far is not None
    assert near.latest - near.earliest < 4 * SECOND
    assert far.latest - far.earliest > 500 * SECOND


def test_wrong_time_server_gives_way_to_the_contact_and_is_told() -> None:
    met = Interval(START, START + SECOND)

    wrong = dated(recorded(START - 2 * TOLERANCE, Clock.SYNCED), met, met)
    fine = dated(recorded(START + SECOND / 2, Clock.SYNCED), met, met)

    assert (wrong.at in met, wrong.believed) == (True, False)
    assert (fine.at, fine.believed) == (START + SECOND / 2, True)


def test_hardware_clock_is_doubted_by_ten_minutes() -> None:
    bounds = Interval(START - YEARS, START + YEARS)

    when = dated(recorded(START, Clock.RTC), None, bounds)

    assert when.span == Interval(START - TOLERANCE, START + TOLERANCE)
    assert (when.at, when.clock) == (START, Clock.RTC)


def test_impossible_time_gives_way_to_the_latest_possible_one() -> None:
    bounds = Interval(START, START + DAY)

    for wall in (START - YEARS, START + YEARS):
        for clock in (Clock.GUESSED, Clock.RTC, Clock.SYNCED):
            when = dated(recorded(wall, clock), None, bounds)

            assert (when.at, when.span, when.believed) == (bounds.latest, bounds, False)


def test_undated_boot_lies_between_its_neighbours() -> None:
    spans = [
        Span("before", 2, ns(HOUR), None),
        Span("undated", 10, ns(2 * HOUR), None),
        Span("undated too", 20, ns(3 * HOUR), None),
        Span("after", 30, ns(HOUR), Pair(START + 11 * DAY, ns(HOUR))),
    ]
    dates = {"before": START, "after": START + 10 * DAY}

    def known(boot_id: str, at_ns: int) -> Interval | None:
        began = dates.get(boot_id)
        at = began and began + dt.timedelta(microseconds=at_ns // 1000)
        return Interval(at, at) if at else None

    first = started(spans[1:], spans[:1], known, None)
    second = started(spans[2:], spans[1::-1], known, None)

    slack = 3 * SECOND
    assert first is not None
    assert second is not None
    assert abs(first.earliest - (START + HOUR)) < slack
    assert abs(first.latest - (START + 10 * DAY - 5 * HOUR)) < slack
    assert abs(second.earliest - (START + 3 * HOUR)) < slack
    assert abs(second.latest - (START + 10 * DAY - 3 * HOUR)) < slack
