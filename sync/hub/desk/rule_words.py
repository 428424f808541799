"""The rules in plain words: a place in them, and what stands there."""

from __future__ import annotations

from collections.abc import Mapping

from kiosk.domain.rules import Calendar, LoanRule
from sync.hub.desk.formats import of_group
from sync.hub.desk.words import has_words, say

#: Places under which patron types stand.
_BY_PATRON = {"patrons", "limits"}
_NO_SITES: Mapping[str, str] = {}


def rule_place(path: tuple[str, ...], site_names: Mapping[str, str] = _NO_SITES) -> str:
    """("loans", "ADULT/BOOK", "limit") as: Loans · Adult · Book · Copies at once.

    `site_names`: of the sites whose calendars are named.
    """
    words: list[str] = []
    for above, name in zip(("", *path), path, strict=False):
        if above == "loans":
            patron, _, item = name.partition("/")
            words += [of_group(patron, "patron_type"), of_group(item, "item_type")]
        elif above in _BY_PATRON:
            words.append(of_group(name, "patron_type"))
        elif above == "calendars":
            words.append(site_names.get(name, name) or say("rules.other_sites"))
        else:
            words.append(of_group(name, "rule"))
    return " · ".join(words)


def rule_value(value: object) -> str:
    """A limit, a period, a yes or no, a list of days as staff read it."""
    if isinstance(value, bool):
        return say("rules.yes" if value else "rules.no")
    if isinstance(value, Calendar):
        return _calendar(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "—"
    if isinstance(value, str) and has_words(f"rule_value.{value}"):
        return say(f"rule_value.{value}")
    return "—" if value is None else str(value)


def overdue_stops(days: int | None) -> str:
    """After how many days overdue nothing more is lent."""
    if days is None:
        return say("rules.reminder_only")
    return say("rules.days", n=days) if days else say("rules.at_once")


def terms(rule: LoanRule | None) -> str:
    """How long a book is lent and how often it is renewed."""
    if rule is None or not rule.lendable:
        return say("rules.not_lent")
    first, *more = rule.periods_days
    text = say("rules.days", n=first)
    if more:
        text += " " + say("rules.renewals", days=" + ".join(map(str, more)))
    if rule.limit is not None:
        text += " " + say("rules.at_most", n=rule.limit)
    return text


def _calendar(days: Calendar) -> str:
    weekdays = [say(f"rules.weekday_{day}") for day in days.closed_weekdays]
    dates = [day.isoformat() for day in days.closed_days]
    found = say("rules.closed", days=", ".join((*weekdays, *dates)) or "—")
    if days.open_days:
        opened = ", ".join(day.isoformat() for day in days.open_days)
        found += "; " + say("rules.opened", days=opened)
    return found
