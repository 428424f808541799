"""The county's rules: those in force, each version before, and a new one put in force."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response

from kiosk.domain.rules import HoldRule, Rules
from sync.hub.county.audit import note
from sync.hub.county.permits import Action
from sync.hub.county.rule_changes import RuleChange, rule_changes
from sync.hub.county.rule_faults import BadRules, Fault
from sync.hub.county.rule_file import as_file
from sync.hub.county.rulebook import (
    checked,
    current_rules,
    newest_version,
    put_next,
    rules_of,
    versions,
)
from sync.hub.desk.context import desk
from sync.hub.desk.lookups import names_of_sites
from sync.hub.desk.permission import actor, needs
from sync.hub.desk.rule_words import overdue_stops, rule_place, rule_value, terms
from sync.hub.store import schema

Answer = Response | str | tuple[str, int]
#: Far more than any county's rules.
_LARGEST_FILE = 256 * 1024


def routes(blueprint: Blueprint) -> None:
    rule = blueprint.add_url_rule
    rule("/rules", "rules", _show_current)
    rule("/rules/<int:version>", "rules_version", _show_version)
    rule("/rules/<int:version>/file", "rules_file", _send_file)
    rule("/rules/preview", "rules_preview", _preview, methods=["POST"])
    rule("/rules", "rules_put", _put, methods=["POST"])
    for template_filter in (rule_place, rule_value, terms, overdue_stops):
        blueprint.add_app_template_filter(template_filter)


@needs(Action.SEE_SITES)
def _show_current() -> str:
    return _page()


@needs(Action.SEE_SITES)
def _show_version(version: int) -> str:
    """One version, and what differs between it and the one before."""
    with desk().database.reading() as conn:
        rules = _version(conn, version)
        before = rules_of(conn, version - 1) if version > 1 else rules
        changes = rule_changes(before, rules)
        return render_template(
            "desk/rules_version.html",
            rules=rules,
            item_types=_item_types(rules),
            holds=rules.holds or HoldRule(),
            changes=changes,
            site_names=_site_names(conn, changes),
        )


@needs(Action.SEE_SITES)
def _send_file(version: int) -> Response:
    """As the file that can be changed and given back."""
    with desk().database.reading() as conn:
        content = as_file(_version(conn, version))
    text = msgspec.json.format(msgspec.json.encode(content))
    name = f'attachment; filename="rules-{version}.json"'
    headers = {"Content-Disposition": name}
    return Response(text, mimetype="application/json", headers=headers)


@needs(Action.EDIT_RULES)
def _preview() -> Answer:
    """What the file would change, before it does."""
    file = request.files.get("file")
    text = file.read(_LARGEST_FILE + 1) if file else b""
    if len(text) > _LARGEST_FILE:
        return _page((Fault("file", "too_large"),)), 409
    with desk().database.reading() as conn:
        current = current_rules(conn)
        try:
            rules = checked(conn, text)
        except BadRules as err:
            return _page(err.faults), 409
        changes = rule_changes(current, rules)
        names = _site_names(conn, changes)
    return render_template(
        "desk/rules_preview.html",
        text=text.decode(),
        changes=changes,
        site_names=names,
        next=current.version + 1,
    )


@needs(Action.EDIT_RULES)
def _put() -> Answer:
    now = desk().clock()
    reason = request.form.get("reason", "").strip() or abort(400)
    text = request.form.get("text", "").encode()
    try:
        with desk().database.writing() as conn:
            made = put_next(conn, text, desk().key, now)
            about = f"rules:{made.version}"
            note(conn, actor(), "rules.put", about, now, reason=reason)
    except BadRules as err:
        return _page(err.faults), 409
    return redirect(url_for("desk.rules"))


def _page(faults: tuple[Fault, ...] = ()) -> str:
    with desk().database.reading() as conn:
        rules = current_rules(conn)
        return render_template(
            "desk/rules.html",
            rules=rules,
            item_types=_item_types(rules),
            holds=rules.holds or HoldRule(),
            versions=versions(conn)[::-1],
            makers=_makers(conn),
            faults=faults,
        )


def _version(conn: Connection, version: int) -> Rules:
    if not 1 <= version <= newest_version(conn):
        abort(404)
    return rules_of(conn, version)


def _item_types(rules: Rules) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pair.partition("/")[2] for pair in rules.loans))


def _site_names(conn: Connection, changes: Iterable[RuleChange]) -> dict[str, str]:
    """Of the sites whose calendar differs."""
    paths = (one.path for one in changes)
    sites = (path[1] for path in paths if path[0] == "calendars")
    return names_of_sites(conn, sites)


def _makers(conn: Connection) -> dict[str, str]:
    """By whom each version is, as the log has it: rules:2 → wang."""
    log = schema.audit_log.c
    query = select(log.about, log.who).where(log.about.startswith("rules:"))
    return {row.about: row.who for row in conn.execute(query)}
