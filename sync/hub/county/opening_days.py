"""What the sites' opening hours mean for due dates; ADR-calendars.md says why.

Hours are the sites'; rules know days only. Each version of the rules holds the days
of every site that has hours, its own or those of the site above it.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from kiosk.domain.rules import Calendar, Rules
from sync.hub.county.calendars import Calendar as Hours
from sync.hub.county.site_tree import site_tree


def opening_days(hours: Hours) -> Calendar:
    """The days on which a site is open at all."""
    closed = [number for number, day in enumerate(hours.week, 1) if not day]
    return Calendar(
        closed_weekdays=tuple(closed),
        closed_days=tuple(sorted(one.day for one in hours.special if not one.hours)),
        open_days=tuple(sorted(one.day for one in hours.special if one.hours)),
    )


def with_calendars(conn: Connection, rules: Rules) -> Rules:
    """The rules with the days of the sites as they are now."""
    days = {
        site.site_id: opening_days(site.calendar)
        for site in site_tree(conn)
        if site.calendar is not None
    }
    return replace(rules, calendars=days)
