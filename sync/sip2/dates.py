"""SIP2's moments: 18 characters, read leniently; due dates are any text."""

from __future__ import annotations

import datetime as dt
import re

from kiosk.domain.values import COUNTY_TIME

BLANK = " " * 18
_UTC_ZONE = "   Z"
_LOCAL_ZONE = " " * 4
_SIP = re.compile(r"([0-9]{8})(.{4})([0-9]{6})?")
_DUE_DAYS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d\d?)-(?P<day>\d\d?)(?!\d)", re.ASCII),
    re.compile(r"(?P<year>\d{4})/(?P<month>\d\d?)/(?P<day>\d\d?)(?!\d)", re.ASCII),
    re.compile(r"(?P<month>\d\d?)/(?P<day>\d\d?)/(?P<year>\d{4})(?!\d)", re.ASCII),
    re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?!\d)", re.ASCII),
)


def read_moment(text: str) -> dt.datetime | None:
    """None if it is blank, zeros or no date.

    Only the zone Z is UTC; any other is the county's, as servers write it at will.
    """
    found = _SIP.match(text.ljust(len(BLANK)))
    if found is None:
        return None
    day, zone, time = found.groups(default="000000")
    try:
        moment = dt.datetime.strptime(day + time, "%Y%m%d%H%M%S")  # noqa: DTZ007  (below)
    except ValueError:
        return None
    return moment.replace(tzinfo=dt.UTC if zone == _UTC_ZONE else COUNTY_TIME)


def write_moment(moment: dt.datetime | None) -> str:
    """A moment in UTC is written with Z, any other in the county's time; none: blanks."""
    if moment is None:
        return BLANK
    if moment.tzinfo is dt.UTC:
        return f"{moment:%Y%m%d}{_UTC_ZONE}{moment:%H%M%S}"
    local = moment.astimezone(COUNTY_TIME)
    return f"{local:%Y%m%d}{_LOCAL_ZONE}{local:%H%M%S}"


def due_day(text: str | None) -> dt.date | None:
    """The day that a due date names, whatever its form; None if it can't be told."""
    for form in _DUE_DAYS:
        found = form.match((text or "").strip())
        if found is not None:
            return _day(
                **{part: int(value) for part, value in found.groupdict().items()}
            )
    return None


def _day(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None
