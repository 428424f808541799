"""The audit log for the county's administrator: search it, see that it is whole."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from sync.hub.county.audit import AuditFilter, check, entries, head
from sync.hub.county.permits import Action
from sync.hub.desk.context import desk
from sync.hub.desk.permission import needs
from sync.hub.desk.words import has_words, say

PAGE = 50


def routes(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/audit", "audit", _show_log)
    blueprint.add_url_rule("/audit/check", "audit_check", _check_log)
    blueprint.add_app_template_filter(deed)


def deed(what: str) -> str:
    """What somebody did, in words; the log's own word for what has none."""
    return say(f"deed.{what}") if has_words(f"deed.{what}") else what


@needs(Action.SEE_AUDIT)
def _show_log() -> str:
    given = request.args
    wanted = AuditFilter(
        who=given.get("who", "").strip(),
        what=given.get("what", "").strip(),
        about=given.get("about", "").strip(),
    )
    before = given.get("before", type=int)
    with desk().database.reading() as conn:
        found = entries(conn, wanted, PAGE + 1, before)
    return render_template(
        "desk/audit.html",
        entries=found[:PAGE],
        wanted=wanted,
        older=found[PAGE - 1].entry if len(found) > PAGE else None,
    )


@needs(Action.SEE_AUDIT)
def _check_log() -> str:
    with desk().database.reading() as conn:
        broken, last = check(conn), head(conn)
    return render_template("desk/audit_check.html", broken=broken, last=last)
