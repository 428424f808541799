"""The pages of the case desk: the list, one case, deciding and taking back."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sync.hub.circulation.cases import CaseState
from sync.hub.circulation.choices import ASKS_FOR, NEEDS_NOTE, Choice, choices
from sync.hub.circulation.facts import Severity
from sync.hub.county.permits import Action
from sync.hub.desk.case_sides import view_case
from sync.hub.desk.cases import COUNTED, CaseFilter, Place, find_cases, kinds_in
from sync.hub.desk.context import desk
from sync.hub.desk.deciding import Refused, decide, take_back
from sync.hub.desk.formats import utc_written
from sync.hub.desk.permission import needs, user
from sync.hub.desk.site_field import asked_site, site_field

#: Ages that the filter offers, in days.
_AGES = (1, 3, 7, 14, 30)


def routes(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/cases", "cases", show_cases)
    blueprint.add_url_rule("/cases/<path:case_id>", "case", show_case)
    for name, view in (("resolve", resolve), ("bulk", resolve_many), ("undo", undo)):
        blueprint.add_url_rule(f"/cases/{name}", f"case_{name}", view, methods=["POST"])


@needs(Action.SEE_RECORDS)
def show_cases() -> str:
    now, reach = desk().clock(), user().sites
    with desk().database.reading() as conn:
        field = site_field(conn, asked_site(), reach)
        wanted = replace(_wanted(), site=field.site_id)
        by_state = replace(wanted, state="" if wanted.state == "all" else wanted.state)
        found = find_cases(conn, by_state, now, reach)
        kinds = kinds_in(conn, by_state.state, reach)
    many = wanted.kind and wanted.state == CaseState.OPEN
    return render_template(
        "desk/cases.html",
        found=found,
        wanted=wanted,
        kinds=kinds,
        severities=[one.value for one in Severity][::-1],
        site_field=field,
        ages=_AGES,
        counted=COUNTED,
        next_args={**_args(wanted), **_after(found.next)} if found.next else None,
        first_args=_args(wanted) if wanted.after else None,
        bulk=_for_many(wanted.kind) if many and user().may("settle_cases") else (),
        done=request.args.get("done", type=int),
        failed=request.args.get("failed", 0, type=int),
    )


@needs(Action.SEE_RECORDS)
def show_case(case_id: str) -> str | tuple[str, int]:
    return _case_page(case_id)


@needs(Action.SETTLE_CASES)
def resolve() -> Response | tuple[str, int]:
    case_id = request.form.get("case_id", "")
    try:
        decide(case_id, request.form)
    except Refused as err:
        return _case_page(case_id, err.code), 409
    return redirect(url_for("desk.case", case_id=case_id))


@needs(Action.SETTLE_CASES)
def resolve_many() -> Response:
    """Like cases, one decision; each stands or fails by itself."""
    done = failed = 0
    for case_id in request.form.getlist("case_id"):
        try:
            decide(case_id, request.form)
        except Refused:
            failed += 1
        else:
            done += 1
    kind = request.form.get("kind", "")
    return redirect(url_for("desk.cases", kind=kind, done=done, failed=failed))


@needs(Action.SETTLE_CASES)
def undo() -> Response | tuple[str, int]:
    case_id = request.form.get("case_id", "")
    try:
        take_back(case_id, request.form.get("note", ""))
    except Refused as err:
        return _case_page(case_id, err.code), 409
    return redirect(url_for("desk.case", case_id=case_id))


def _case_page(case_id: str, problem: str = "") -> str:
    with desk().database.reading() as conn:
        case = view_case(conn, case_id)
    if case is None or not user().allows(Action.SEE_RECORDS, case.site_id):
        abort(404)
    return render_template(
        "desk/case.html",
        case=case,
        problem=problem,
        asks={ASKS_FOR[one] for one in case.choices if one in ASKS_FOR},
        needs_note=NEEDS_NOTE,
        may_settle=user().allows(Action.SETTLE_CASES, case.site_id),
    )


def _wanted() -> CaseFilter:
    args = request.args
    return CaseFilter(
        state=args.get("state") or CaseState.OPEN.value,
        kind=args.get("kind", ""),
        severity=args.get("severity", ""),
        older_than_days=_days(),
        after=_place(),
    )


def _days() -> int:
    """How old cases are to be; any age if the address asks for one beyond the offer."""
    days = request.args.get("older", 0, type=int)
    return days if days in _AGES else 0


def _args(wanted: CaseFilter) -> dict[str, object]:
    """The filter as an address has it, from its first page on."""
    values = {
        "state": wanted.state,
        "kind": wanted.kind,
        "severity": wanted.severity,
        "site": wanted.site,
        "older": wanted.older_than_days,
    }
    return {name: value for name, value in values.items() if value}


def _after(place: Place) -> dict[str, str]:
    return {
        "from_severity": place.severity.value,
        "from_time": place.opened_at.isoformat(),
        "from_case": place.case_id,
    }


def _place() -> Place | None:
    """Where the page begins; from the top if the address makes no sense."""
    args = request.args
    try:
        severity = Severity(args.get("from_severity", ""))
        opened_at = utc_written(args.get("from_time", ""))
    except ValueError:
        return None
    return Place(severity, opened_at, args.get("from_case", ""))


def _for_many(kind: str) -> tuple[Choice, ...]:
    """What can be decided about many cases at once: what asks for nothing more."""
    return tuple(one for one in choices(kind) if one not in ASKS_FOR)
