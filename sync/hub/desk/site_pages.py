"""The county's sites as a tree, and each with its hours, its past and its changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from kiosk.domain.values import Site, county_day
from sync.hub.county.calendars import (
    WEEKDAYS,
    BadCalendar,
    Calendar,
    Hours,
    read_special,
    read_week,
    special_written,
    week_written,
    written,
)
from sync.hub.county.permits import Action
from sync.hub.county.rulebook import tell_calendars
from sync.hub.county.site_search import search_sites
from sync.hub.county.site_tree import (
    LEVELS,
    BadSite,
    ForeignReturn,
    Kind,
    Profile,
    SiteEntry,
    State,
    history,
    site_entry,
)
from sync.hub.county.sites import (
    add_site,
    close_site,
    move_site,
    reopen_site,
    set_calendar,
    set_foreign_return,
)
from sync.hub.desk.context import desk
from sync.hub.desk.lookups import names_of_sites
from sync.hub.desk.permission import actor, needs, user
from sync.hub.desk.site_field import above_options, site_typed
from sync.hub.desk.words import say

Change = Callable[[Connection], None]
View = Callable[[str], Response | tuple[str, int]]


def routes(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/sites", "sites", _show_tree)
    blueprint.add_url_rule("/sites/<site_id>", "site", _show_site)
    changes: dict[str, View] = {
        "move": _move,
        "close": _close,
        "reopen": _reopen,
        "hours": _set_hours,
        "returns": _set_returns,
    }
    blueprint.add_url_rule("/sites", "site_add", _add, methods=["POST"])
    for name, view in changes.items():
        rule = f"/sites/<site_id>/{name}"
        blueprint.add_url_rule(rule, f"site_{name}", view, methods=["POST"])
    for template_filter in (hours, hours_written, week_written, special_written):
        blueprint.add_app_template_filter(template_filter)


def hours(site: SiteEntry, day: dt.date) -> str:
    """When a site is open that day, in words."""
    if site.state is State.CLOSED or site.calendar is None:
        return "—"
    return hours_written(site.calendar.hours_on(day))


def hours_written(found: tuple[Hours, ...]) -> str:
    return written(found) or say("sites.closed_day")


@needs(Action.SEE_SITES)
def _show_tree() -> str:
    return _tree()


@needs(Action.SEE_SITES)
def _show_site(site_id: str) -> str:
    return _site(site_id)


@needs(Action.EDIT_SITES)
def _add() -> Response | tuple[str, int]:
    form = request.form
    site_id, name = form.get("site_id", "").strip(), form.get("name", "").strip()
    kind = form.get("kind", "")
    if kind not in set(Kind):
        abort(400)
    made = Site(
        site_id,
        name,
        form.get("short_name", "").strip() or name[:8],
        form.get("level", ""),
        _parent(),
        keeper=form.get("keeper", "").strip(),
        phone=form.get("phone", "").strip(),
    )
    profile = Profile(address=form.get("address", "").strip())

    def change(conn: Connection) -> None:
        add_site(conn, actor(), made, Kind(kind), profile, desk().clock())

    problem = _problem_of(change)
    if problem:
        return _tree(problem), 409
    return redirect(url_for("desk.site", site_id=site_id))


@needs(Action.EDIT_SITES)
def _move(site_id: str) -> Response | tuple[str, int]:
    parent, reason = _parent(), _reason()
    return _changed(
        site_id,
        lambda conn: move_site(conn, actor(), site_id, parent, desk().clock(), reason),
    )


@needs(Action.EDIT_SITES)
def _close(site_id: str) -> Response | tuple[str, int]:
    reason = _reason()
    return _changed(
        site_id,
        lambda conn: close_site(conn, actor(), site_id, desk().clock(), reason),
    )


@needs(Action.EDIT_SITES)
def _reopen(site_id: str) -> Response | tuple[str, int]:
    reason = _reason()
    return _changed(
        site_id,
        lambda conn: reopen_site(conn, actor(), site_id, desk().clock(), reason),
    )


@needs(Action.EDIT_SITES)
def _set_hours(site_id: str) -> Response | tuple[str, int]:
    week = request.form.get("week", "").strip()
    special = request.form.get("special", "").splitlines()

    def change(conn: Connection) -> None:
        days = tuple(read_special(line) for line in special if line.strip())
        hours = Calendar(read_week(week), days) if week else None
        set_calendar(conn, actor(), site_id, hours, desk().clock())

    return _changed(site_id, change)


@needs(Action.EDIT_SITES)
def _set_returns(site_id: str) -> Response | tuple[str, int]:
    wanted = request.form.get("foreign_return", "")
    if wanted and wanted not in set(ForeignReturn):
        abort(400)
    policy = ForeignReturn(wanted) if wanted else None
    return _changed(
        site_id,
        lambda conn: set_foreign_return(conn, actor(), site_id, policy, desk().clock()),
    )


def _changed(site_id: str, change: Change) -> Response | tuple[str, int]:
    """Make the change and show the site, with what was wrong if it was not made."""
    if not user().allows(Action.EDIT_SITES, site_id):
        abort(403)
    problem = _problem_of(change)
    if problem:
        return _site(site_id, problem), 409
    return redirect(url_for("desk.site", site_id=site_id))


def _problem_of(change: Change) -> str:
    """Make the change; what was wrong with it as a message id, or nothing."""
    try:
        with desk().database.writing() as conn:
            change(conn)
            tell_calendars(conn, desk().key, actor(), desk().clock())
    except BadSite as err:
        return f"site_problem.{err.why}"
    except BadCalendar:
        return "site_problem.hours"
    return ""


def _reason() -> str:
    reason = request.form.get("reason", "").strip()
    return reason or abort(400)


def _parent() -> str | None:
    """The site above, as the form names it; None for the top."""
    with desk().database.reading() as conn:
        return site_typed(conn, request.form.get("parent", "").strip()) or None


def _tree(problem: str = "") -> str:
    text, after = request.args.get("text", "").strip(), request.args.get("after", "")
    with desk().database.reading() as conn:
        found = search_sites(conn, user().sites, text, after)
        above = above_options(conn)
    return render_template(
        "desk/sites.html",
        found=found,
        text=text,
        above=above,
        today=county_day(desk().clock()),
        levels=LEVELS,
        kinds=tuple(Kind),
        problem=problem,
    )


def _site(site_id: str, problem: str = "") -> str:
    with desk().database.reading() as conn:
        site = site_entry(conn, site_id)
        if site is None or not _sees(site_id):
            abort(404)
        past = history(conn, site_id)
        names = names_of_sites(conn, [site.parent, *(one.parent for one in past)])
        above = above_options(conn, but=site_id)
    return render_template(
        "desk/site.html",
        site=site,
        site_names={key: name for key, name in names.items() if _sees(key)},
        above=above,
        past=past,
        weekdays=WEEKDAYS,
        policies=tuple(ForeignReturn),
        today=county_day(desk().clock()),
        problem=problem,
    )


def _sees(site_id: str) -> bool:
    reach = user().sites
    return reach is None or site_id in reach
