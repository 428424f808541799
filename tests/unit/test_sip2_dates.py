"""Moments and due dates as library systems write them."""

from __future__ import annotations

import datetime as dt

import pytest

from kiosk.domain.values import COUNTY_TIME
from sync.sip2.dates import due_day, read_moment, write_moment

AT = dt.datetime(2026, 11, 23, 9, 15, tzinfo=COUNTY_TIME)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261123    091500", AT),
        ("20261123   Z011500", AT.astimezone(dt.UTC)),
        (
            "201611210000143157",
            dt.datetime(2016, 11, 21, 14, 31, 57, tzinfo=COUNTY_TIME),
        ),
        ("20261123   M091500", AT),
        ("20261123", AT.replace(hour=0, minute=0)),
        (" " * 18, None),
        ("0" * 18, None),
        ("20261332    091500", None),
        ("", None),
    ],
)
def test_moments_are_read_leniently(text: str, expected: dt.datetime | None) -> None:
    assert read_moment(text) == expected


def test_moments_are_written_in_the_county_s_time_or_utc() -> None:
    assert write_moment(AT) == "20261123    091500"
    assert write_moment(AT.astimezone(dt.UTC)) == "20261123   Z011500"
    tokyo = AT.astimezone(dt.timezone(dt.timedelta(hours=9)))
    assert write_moment(tokyo) == "20261123    091500"
    assert write_moment(None) == " " * 18


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20261223    235900", dt.date(2026, 12, 23)),
        ("20261223", dt.date(2026, 12, 23)),
        ("2026-12-23", dt.date(2026, 12, 23)),
        ("2026-12-23 23:59:00", dt.date(2026, 12, 23)),
        ("2026/1/5", dt.date(2026, 1, 5)),
        ("12/23/2026", dt.date(2026, 12, 23)),
        ("2026-02-30", None),
        ("下周三", None),
        ("", None),
        (None, None),
    ],
)
def test_due_day_is_found_in_any_form(
    text: str | None, expected: dt.date | None
) -> None:
    assert due_day(text) == expected
