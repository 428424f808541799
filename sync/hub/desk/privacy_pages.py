"""What a reader agreed to, may see and may have erased; and the proof of what went."""

from __future__ import annotations

import io

from flask import (
    Blueprint,
    Response,
    abort,
    redirect,
    render_template,
    request,
    send_file,
    url_for,
)
from sqlalchemy import Connection
from werkzeug.wrappers import Response as Answer

from kiosk.domain.values import county_day
from sync.hub.county.audit import note
from sync.hub.county.patron_files import PatronFile, is_minor, patron_file
from sync.hub.county.permits import Action
from sync.hub.desk.context import desk
from sync.hub.desk.permission import actor, needs
from sync.hub.desk.words import say, say_problem
from sync.hub.privacy.accesses import looks_by_person
from sync.hub.privacy.consent import (
    BadConsent,
    Purpose,
    consents_of,
    current_text,
    give,
    withdraw,
    without_consent,
)
from sync.hub.privacy.disclosure import disclose, write_zip
from sync.hub.privacy.erase import CannotErase, erase, reasons_to_keep
from sync.hub.privacy.retention import retention_days
from sync.hub.privacy.runs import runs

#: Readers without consent on the page.
_MISSING = 50
_YEARS = range(2000, 3000)


def routes(blueprint: Blueprint) -> None:
    rule = blueprint.add_url_rule
    rule("/privacy", "privacy", _show)
    rule("/patrons/<ref>/privacy", "patron_privacy", _show_one)
    rule("/patrons/<ref>/consent", "patron_consent", _consent, methods=["POST"])
    rule("/patrons/<ref>/export", "patron_export", _export, methods=["POST"])
    rule("/patrons/<ref>/erase", "patron_erase", _erase, methods=["POST"])


@needs(Action.SEE_AUDIT)
def _show() -> str:
    year = request.args.get("year", type=int) or county_day(desk().clock()).year
    if year not in _YEARS:
        abort(400)
    with desk().database.reading() as conn:
        return render_template(
            "desk/privacy.html",
            year=year,
            days=retention_days(conn),
            runs=runs(conn),
            looks=looks_by_person(conn, year),
            missing=without_consent(conn, "", _MISSING),
        )


@needs(Action.SEE_PATRONS)
def _show_one(ref: str) -> str:
    return _page(ref)


@needs(Action.EDIT_PATRONS)
def _consent(ref: str) -> Answer | tuple[str, int]:
    """The reader agrees, or does not any more."""
    step = {"give": give, "withdraw": withdraw}.get(_field("step")) or abort(400)
    if _field("purpose") not in set(Purpose):
        abort(400)
    try:
        with desk().database.writing() as conn:
            known = _known(conn, ref)
            step(conn, known, Purpose(_field("purpose")), actor(), desk().clock())
    except BadConsent as err:
        return _page(ref, say_problem(err)), 409
    return redirect(url_for("desk.patron_privacy", ref=ref))


@needs(Action.EDIT_PATRONS)
def _export(ref: str) -> Response | tuple[str, int]:
    """All that is held of the reader, once somebody has said who asked for it."""
    reason, out = _field("reason"), io.BytesIO()
    if not reason:
        return _page(ref, "reason"), 409
    with desk().database.writing() as conn:
        known, about = _known(conn, ref), f"patron:{ref}"
        note(conn, actor(), "patron.export", about, desk().clock(), reason=reason)
        write_zip(disclose(conn, known), out)
    out.seek(0)
    return send_file(
        out, "application/zip", as_attachment=True, download_name="reader.zip"
    )


@needs(Action.EDIT_PATRONS)
def _erase(ref: str) -> Answer | tuple[str, int]:
    """For good; the card's number has to be typed in."""
    try:
        with desk().database.writing() as conn:
            known = _known(conn, ref)
            if _field("number") == known.number:
                erase(conn, known, actor(), desk().clock())
                return redirect(url_for("desk.patrons"))
    except CannotErase:
        return _page(ref, say("privacy.settle")), 409
    return _page(ref, "number"), 409


def _page(ref: str, problem: str = "") -> str:
    with desk().database.reading() as conn:
        known = _known(conn, ref)
        return render_template(
            "desk/patron_privacy.html",
            one=known,
            problem=problem,
            is_minor=is_minor(conn, known),
            text=current_text(conn),
            consents=consents_of(conn, ref),
            purposes=tuple(purpose.value for purpose in Purpose),
            to_settle=reasons_to_keep(conn, ref),
        )


def _known(conn: Connection, ref: str) -> PatronFile:
    return patron_file(conn, ref) or abort(404)


def _field(name: str) -> str:
    return request.form.get(name, "").strip()
