"""Readers: found, seen with their names masked, and changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response

from kiosk.domain.values import PatronState
from sync.hub.county import patron_files
from sync.hub.county.audit import note
from sync.hub.county.card_kinds import CardKind, CardState
from sync.hub.county.cards import (
    UnknownCard,
    add_card,
    card_by_id,
    cards_of,
    replace_card,
    set_card_state,
)
from sync.hub.county.masking import masked_name, masked_phone
from sync.hub.county.patron_files import (
    BadPatron,
    PatronFile,
    UnknownPatron,
    change,
    find,
    patron_file,
    wards,
)
from sync.hub.county.patron_search import PatronQuery, search_patrons
from sync.hub.county.permits import Action
from sync.hub.county.rulebook import current_rules
from sync.hub.desk.context import desk
from sync.hub.desk.loans import latest_loans
from sync.hub.desk.lookups import names_of_sites
from sync.hub.desk.permission import actor, needs, user
from sync.hub.desk.site_field import site_options, site_typed
from sync.hub.desk.words import say_problem
from sync.hub.privacy.consent import BadConsent, current_text
from sync.hub.privacy.joining import join
from sync.hub.store import schema

Answer = Response | str | tuple[str, int]
Change = Callable[[Connection], object]
#: Cases of one reader on the page.
_CASES = 20


def routes(blueprint: Blueprint) -> None:
    rule = blueprint.add_url_rule
    rule("/patrons", "patrons", _show_list)
    rule("/patrons", "patron_add", _add, methods=["POST"])
    rule("/patrons/new", "patron_new", _show_new)
    rule("/patrons/<ref>", "patron", _show)
    rule("/patrons/<ref>/full", "patron_full", _show_full, methods=["POST"])
    rule("/patrons/<ref>/change", "patron_change", _change, methods=["POST"])
    rule("/patrons/<ref>/state", "patron_state", _set_state, methods=["POST"])
    rule("/patrons/<ref>/cards", "patron_card", _add_card, methods=["POST"])
    rule("/patrons/<ref>/replace", "patron_card_new", _replace_card, methods=["POST"])
    rule("/patrons/<ref>/card", "patron_card_state", _set_card, methods=["POST"])
    blueprint.add_app_template_filter(masked_name)
    blueprint.add_app_template_filter(masked_phone)


@needs(Action.SEE_PATRONS)
def _show_list() -> str:
    names = ("text", "patron_type", "state", "home_site", "after")
    asked = {name: _arg(name) for name in names}
    with desk().database.reading() as conn:
        asked["home_site"] = site_typed(conn, asked["home_site"])
        wanted = PatronQuery(**asked)
        found = search_patrons(conn, wanted)
        homes = {one.home_site for one in found.patrons}
        return render_template(
            "desk/patrons.html",
            found=found,
            site_names=names_of_sites(conn, homes),
            wanted=wanted,
            next_args=lambda after: {**asdict(wanted), "after": after},
            **_choices(conn),
        )


@needs(Action.EDIT_PATRONS)
def _show_new() -> str:
    return _form(None)


@needs(Action.EDIT_PATRONS)
def _add() -> Answer:
    try:
        with desk().database.writing() as conn:
            values, now = _details(conn), desk().clock()
            agreed_to = _number("consent")
            made = join(conn, _field("number"), values, agreed_to, actor(), now)
    except (BadConsent, BadPatron, UnknownPatron) as err:
        return _form(None, say_problem(err)), 409
    return redirect(url_for("desk.patron", ref=made.patron_ref))


@needs(Action.SEE_PATRONS)
def _show(ref: str) -> str:
    return _page(ref)


@needs(Action.SEE_PATRONS)
def _show_full(ref: str) -> Answer:
    """The whole record, once somebody has said why; that is noted."""
    reason = _field("reason")
    with desk().database.writing() as conn:
        known = _known(conn, ref)
        if patron_files.is_minor(conn, known) and not reason:
            denied = True
        else:
            denied = False
            about = f"patron:{ref}"
            note(conn, actor(), "patron.see", about, desk().clock(), reason=reason)
    if denied:
        return _page(ref, "reason"), 409
    return _form(known)


@needs(Action.EDIT_PATRONS)
def _change(ref: str) -> Answer:
    def write(conn: Connection) -> None:
        change(conn, ref, _details(conn), actor(), desk().clock())

    return _changed(ref, write)


@needs(Action.EDIT_PATRONS)
def _set_state(ref: str) -> Answer:
    if _field("state") not in set(PatronState):
        abort(400)
    values = {"state": PatronState(_field("state")), "why": _field("why")}
    return _changed(
        ref, lambda conn: change(conn, ref, values, actor(), desk().clock())
    )


@needs(Action.EDIT_PATRONS)
def _add_card(ref: str) -> Answer:
    if _field("kind") not in set(CardKind):
        abort(400)
    kind, text = CardKind(_field("kind")), _field("text")
    return _changed(
        ref, lambda conn: add_card(conn, ref, kind, text, actor(), desk().clock())
    )


@needs(Action.EDIT_PATRONS)
def _set_card(ref: str) -> Answer:
    if _field("state") not in {CardState.ACTIVE, CardState.LOST}:
        abort(400)
    card, state = _field("card"), CardState(_field("state"))
    return _changed(
        ref,
        lambda conn: set_card_state(conn, ref, card, state, actor(), desk().clock()),
    )


@needs(Action.EDIT_PATRONS)
def _replace_card(ref: str) -> Answer:
    """A new card for an old one; loans and holds are the reader's and stay."""
    card, text = _field("card"), _field("text")

    def write(conn: Connection) -> None:
        old = card_by_id(conn, ref, card)
        replace_card(conn, ref, old, text, actor(), desk().clock())

    return _changed(ref, write)


def _changed(ref: str, write: Change) -> Answer:
    try:
        with desk().database.writing() as conn:
            _known(conn, ref)
            write(conn)
    except (BadPatron, UnknownPatron, UnknownCard) as err:
        return _page(ref, say_problem(err)), 409
    return redirect(url_for("desk.patron", ref=ref))


def _page(ref: str, problem: str = "") -> str:
    with desk().database.reading() as conn:
        known = _known(conn, ref)
        is_theirs = schema.loans.c.patron_ref == ref
        return render_template(
            "desk/patron.html",
            one=known,
            site_names=names_of_sites(conn, [known.home_site]),
            problem=problem,
            cards=cards_of(conn, ref),
            guardian=patron_file(conn, known.guardian) if known.guardian else None,
            wards=wards(conn, ref),
            is_minor=patron_files.is_minor(conn, known),
            loans=latest_loans(conn, is_theirs, desk().clock(), user().sites),
            cases=_cases(conn, ref),
            pick_ups=site_options(conn, user().sites),
            **_choices(conn),
        )


def _form(known: PatronFile | None, problem: str = "") -> str:
    with desk().database.reading() as conn:
        guardian = (
            patron_file(conn, known.guardian) if known and known.guardian else None
        )
        return render_template(
            "desk/patron_form.html",
            one=known,
            guardian=guardian,
            problem=problem,
            text=None if known else current_text(conn),
            **_choices(conn),
        )


def _cases(conn: Connection, ref: str) -> list[object]:
    table = schema.cases
    rows = conn.execute(
        select(table.c.case_id, table.c.kind, table.c.state, table.c.opened_at)
        .where(table.c.patron_ref == ref)
        .order_by(table.c.opened_at.desc())
        .limit(_CASES)
    )
    return list(rows.mappings())


def _choices(conn: Connection) -> dict[str, object]:
    return {
        "types": tuple(current_rules(conn).patrons),
        "states": tuple(state.value for state in PatronState),
        "card_kinds": tuple(kind.value for kind in CardKind),
        "site_options": site_options(conn, user().sites),
    }


def _details(conn: Connection) -> dict[str, object]:
    """The fields of the form as the record holds them. Raises BadPatron."""
    guardian = _field("guardian")
    return {
        "name": _field("name"),
        "patron_type": _field("patron_type"),
        "phone": _field("phone"),
        "home_site": site_typed(conn, _field("home_site")),
        "guardian": find(conn, guardian).patron_ref if guardian else None,
        "expires_on": _day("expires_on"),
        "birth_year": _number("birth_year"),
        "loan_limit": _number("loan_limit"),
    }


def _known(conn: Connection, ref: str) -> PatronFile:
    return patron_file(conn, ref) or abort(404)


def _day(name: str) -> dt.date | None:
    text = _field(name)
    try:
        return dt.date.fromisoformat(text) if text else None
    except ValueError as err:
        said = f"{name}: {text!r} is no date like 2026-07-03"
        raise BadPatron("date", said, value=text) from err


def _number(name: str) -> int | None:
    text = _field(name)
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadPatron("number", f"{name}: {text!r} is no number", value=text)
    return int(text) if text else None


def _field(name: str) -> str:
    return request.form.get(name, "").strip()


def _arg(name: str) -> str:
    return request.args.get(name, "").strip()
