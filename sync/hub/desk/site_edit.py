"""The record of a site as a form of its own."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sync.hub.county.permits import Action
from sync.hub.county.site_record import SiteRecord, change_record
from sync.hub.county.site_tree import BadSite, Kind, SiteEntry, Why, site_entry
from sync.hub.desk.context import desk
from sync.hub.desk.permission import actor, needs, user

#: More square metres or seats no site has.
_MOST_DIGITS = 6


def routes(blueprint: Blueprint) -> None:
    rule = "/sites/<site_id>/record"
    blueprint.add_url_rule(rule, "site_record", _show)
    blueprint.add_url_rule(rule, "site_change", _change, methods=["POST"])


@needs(Action.EDIT_SITES)
def _show(site_id: str) -> str:
    return _page(site_id)


@needs(Action.EDIT_SITES)
def _change(site_id: str) -> Response | tuple[str, int]:
    if not user().allows(Action.EDIT_SITES, site_id):
        abort(403)
    try:
        record = _record()
        with desk().database.writing() as conn:
            change_record(conn, actor(), site_id, record, desk().clock())
    except BadSite as err:
        return _page(site_id, f"site_problem.{err.why}"), 409
    return redirect(url_for("desk.site", site_id=site_id))


def _page(site_id: str, problem: str = "") -> str:
    return render_template(
        "desk/site_record.html",
        site=_site(site_id),
        kinds=tuple(Kind),
        problem=problem,
    )


def _site(site_id: str) -> SiteEntry:
    with desk().database.reading() as conn:
        return site_entry(conn, site_id) or abort(404)


def _record() -> SiteRecord:
    """The form. Raises BadSite for a number that is none."""
    if _field("kind") not in set(Kind):
        abort(400)
    texts = ("name", "short_name", "keeper", "phone", "division", "address")
    return SiteRecord(
        kind=Kind(_field("kind")),
        area_m2=_number("area_m2"),
        seats=_number("seats"),
        **{name: _field(name) for name in texts},
    )


def _number(name: str) -> int | None:
    text = _field(name)
    if text and not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise BadSite(Why.NUMBER, f"{name}: {text!r} is no number")
    return int(text) if text else None


def _field(name: str) -> str:
    return request.form.get(name, "").strip()
