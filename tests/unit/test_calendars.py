"""When a site is open."""

from __future__ import annotations

import datetime as dt

import pytest

from sync.hub.county.calendars import (
    BadCalendar,
    Calendar,
    read_special,
    read_week,
    special_written,
    week_written,
    written,
)

WEEK = "mon-fri 09:00-12:00,14:00-17:00; sun 10:00-16:00"
FRIDAY = dt.date(2026, 7, 3)
DAY = dt.timedelta(days=1)


def test_weekday_has_its_hours_and_saturday_is_closed() -> None:
    calendar = Calendar(read_week(WEEK))

    assert written(calendar.hours_on(FRIDAY)) == "09:00–12:00, 14:00–17:00"
    assert written(calendar.hours_on(FRIDAY + DAY)) == ""
    assert written(calendar.hours_on(FRIDAY + 2 * DAY)) == "10:00–16:00"


def test_special_day_goes_before_its_weekday() -> None:
    days = (read_special("2026-07-03"), read_special("2026-07-04 08:00-09:30"))
    calendar = Calendar(read_week(WEEK), days)

    assert calendar.hours_on(FRIDAY) == ()
    assert written(calendar.hours_on(FRIDAY + DAY)) == "08:00–09:30"


def test_what_is_written_reads_as_the_same() -> None:
    days = (read_special("2026-07-03"), read_special("2026-07-04 08:00-09:30"))

    assert week_written(read_week(WEEK)) == WEEK
    assert tuple(map(read_special, special_written(days).splitlines())) == days


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("mon", "''"),
        ("mon 9-17", "9-17"),
        ("mon 25:00-26:00", "25:00"),
        ("mon 17:00-09:00", "before it begins"),
        ("mon 09:00-12:00,11:00-13:00", "overlap"),
        ("mon 09:00-12:00; mon 13:00-14:00", "twice"),
        ("fri-mon 09:00-12:00", "backwards"),
        ("monday 09:00-12:00", "monday"),
    ],
)
def test_bad_week_names_what_is_wrong(text: str, named: str) -> None:
    with pytest.raises(BadCalendar, match=named):
        read_week(text)


def test_bad_date_is_named() -> None:
    with pytest.raises(BadCalendar, match="2026-13-01"):
        read_special("2026-13-01 09:00-12:00")
