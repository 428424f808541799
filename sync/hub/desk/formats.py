"""Times and numbers as the pages show them, in the county's time."""

from __future__ import annotations

import datetime as dt

from flask import Blueprint

from kiosk.domain.values import county_day, county_time
from sync.hub.desk.context import desk
from sync.hub.desk.lookups import PatronName
from sync.hub.desk.words import has_words, say

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def register_formats(blueprint: Blueprint) -> None:
    """Make the filters and `t` known to the desk's templates."""
    for template_filter in (moment, stamp, ago, day, of_group, patron, reason, choice):
        blueprint.add_app_template_filter(template_filter)
    blueprint.add_app_template_global(say, "t")


def moment(time: dt.datetime | None) -> str:
    """Return the time of day; with the date unless it is today's."""
    if time is None:
        return "—"
    local = county_time(time)
    today = county_day(desk().clock())
    if local.date() == today:
        return f"{local:%H:%M:%S}"
    return f"{local:%m-%d %H:%M}" if local.year == today.year else f"{local:%Y-%m-%d}"


def stamp(time: dt.datetime) -> str:
    """Return the date and the time of day, so that times can be compared."""
    return f"{county_time(time):%Y-%m-%d %H:%M}"


def ago(time: dt.datetime | None) -> str:
    """Return how long ago that was, in the largest unit that fits."""
    if time is None:
        return say("ago.never")
    seconds = max(0, int((desk().clock() - time).total_seconds()))
    if seconds < _MINUTE:
        return say("ago.now")
    if seconds < _HOUR:
        return say("ago.minutes", n=seconds // _MINUTE)
    if seconds < _DAY:
        return say("ago.hours", n=seconds // _HOUR)
    return say("ago.days", n=seconds // _DAY)


def utc_written(text: str) -> dt.datetime:
    """A time as our own links have it. Raises ValueError for what is none in UTC."""
    time = dt.datetime.fromisoformat(text)
    if time.utcoffset() != dt.timedelta(0):
        raise ValueError(f"{text!r} is not in UTC")
    return time


def day(date: dt.date) -> str:
    return date.isoformat()


def patron(name: PatronName | None) -> str:
    """Return the masked name and the end of the card number: 张*华 *2345."""
    return f"{name.name} *{name.tail}" if name else "—"


def of_group(code: str, group: str) -> str:
    """Put a type into words; one that the county made up stands for itself."""
    return say(f"{group}.{code}") if has_words(f"{group}.{code}") else code


def reason(code: str) -> str:
    """Put the reason of a verdict into words: a case, a refusal or a hint."""
    for group in ("case", "reason"):
        if has_words(f"{group}.{code}"):
            return say(f"{group}.{code}")
    return code


def choice(kind: str, name: str) -> str:
    """Put a choice into words; some kinds of case have words of their own."""
    own = f"choice.{kind}.{name}"
    return say(own if has_words(own) else f"choice.{name}")
