"""When a site is open: hours by weekday, and days that differ."""

from __future__ import annotations

import datetime as dt
import re
from itertools import groupby, pairwise

import msgspec

from sync.hub.refusal import Refusal

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_RANGE = re.compile(r"(\d{2}:\d{2})-(\d{2}:\d{2})")


class BadCalendar(Refusal, ValueError):
    """Opening hours that can't be; the text says where and why."""


class Hours(msgspec.Struct, frozen=True):
    """A stretch of a day, in the county's time."""

    opens: dt.time
    closes: dt.time


class SpecialDay(msgspec.Struct, frozen=True):
    """A day that is not like its weekday; closed if it has no hours."""

    day: dt.date
    hours: tuple[Hours, ...] = ()


Week = tuple[tuple[Hours, ...], ...]


class Calendar(msgspec.Struct, frozen=True):
    """`week`: the hours of the seven weekdays from Monday on."""

    week: Week
    special: tuple[SpecialDay, ...] = ()

    def hours_on(self, day: dt.date) -> tuple[Hours, ...]:
        """The hours of a day; empty if it is closed."""
        for special in self.special:
            if special.day == day:
                return special.hours
        return self.week[day.weekday()]


def read_week(text: str) -> Week:
    """Like "mon-fri 09:00-12:00,14:00-17:00; sat 09:00-12:00". Raises BadCalendar."""
    week: list[tuple[Hours, ...]] = [()] * len(WEEKDAYS)
    for part in filter(None, (part.strip() for part in text.split(";"))):
        days, _, ranges = part.partition(" ")
        for number in _weekdays(days):
            if week[number]:
                raise BadCalendar(f"{WEEKDAYS[number]} stands twice in {text!r}")
            week[number] = read_hours(ranges)
    return tuple(week)


def read_special(text: str) -> SpecialDay:
    """Like "2026-10-02 09:00-12:00", or a date alone for a closed day."""
    date, _, ranges = text.strip().partition(" ")
    try:
        day = dt.date.fromisoformat(date)
    except ValueError as err:
        raise BadCalendar(f"{date!r} is no date like 2026-10-01") from err
    return SpecialDay(day, read_hours(ranges) if ranges.strip() else ())


def read_hours(text: str) -> tuple[Hours, ...]:
    """Like "09:00-12:00,14:00-17:00", in order and apart. Raises BadCalendar."""
    found = tuple(_range(part.strip()) for part in text.split(","))
    for earlier, later in pairwise(found):
        if later.opens < earlier.closes:
            raise BadCalendar(f"hours in {text!r} overlap or are out of order")
    return found


def written(hours: tuple[Hours, ...]) -> str:
    """Like "09:00–12:00, 14:00–17:00"; empty for a closed day."""
    return ", ".join(f"{one.opens:%H:%M}–{one.closes:%H:%M}" for one in hours)


def week_written(week: Week) -> str:
    """The text that `read_week` reads."""
    days = enumerate(week)
    runs = [list(run) for _, run in groupby(days, key=lambda day: day[1])]
    return "; ".join(
        f"{_days_written(run[0][0], run[-1][0])} {_hours_typed(run[0][1])}"
        for run in runs
        if run[0][1]
    )


def special_written(days: tuple[SpecialDay, ...]) -> str:
    """A line a day, as `read_special` reads them."""
    return "\n".join(f"{one.day} {_hours_typed(one.hours)}".strip() for one in days)


def _days_written(first: int, last: int) -> str:
    names = [WEEKDAYS[first], WEEKDAYS[last]]
    return names[0] if first == last else "-".join(names)


def _hours_typed(hours: tuple[Hours, ...]) -> str:
    return ",".join(f"{one.opens:%H:%M}-{one.closes:%H:%M}" for one in hours)


def _range(text: str) -> Hours:
    match = _RANGE.fullmatch(text)
    if match is None:
        raise BadCalendar(f"{text!r} is no time of day like 09:00-17:00")
    try:
        first, last = map(dt.time.fromisoformat, match.groups())
    except ValueError as err:
        raise BadCalendar(f"{text!r}: there is no such time of day") from err
    if first >= last:
        raise BadCalendar(f"{text!r} ends before it begins")
    return Hours(first, last)


def _weekdays(text: str) -> range:
    first, _, last = text.lower().partition("-")
    try:
        numbers = range(WEEKDAYS.index(first), WEEKDAYS.index(last or first) + 1)
    except ValueError as err:
        raise BadCalendar(f"{text!r} is no weekday like mon or mon-fri") from err
    if not numbers:
        raise BadCalendar(f"{text!r} runs backwards")
    return numbers
