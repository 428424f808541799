"""Books: found by words, ISBN, class or barcode; one copy with its past, and changed."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response

from kiosk.domain.values import Item, ItemState
from sync.hub.county.catalogue import title
from sync.hub.county.item_files import (
    BadItem,
    Part,
    UnknownItem,
    change_item,
    known_item,
    parts_of,
    put_parts,
)
from sync.hub.county.item_search import Field, search_items
from sync.hub.county.permits import Action
from sync.hub.county.rulebook import current_rules
from sync.hub.county.site_tree import library_name
from sync.hub.desk.context import desk
from sync.hub.desk.loans import latest_loans
from sync.hub.desk.lookups import names_of_sites
from sync.hub.desk.permission import actor, needs, user, within
from sync.hub.desk.site_field import site_options, site_typed
from sync.hub.desk.words import say_problem
from sync.hub.store import schema

Answer = Response | tuple[str, int]
Form = dict[str, object]
#: Cases of one item on the page.
_CASES = 20
#: Fields for parts that are to be added.
_BLANK_PARTS = 2


def routes(blueprint: Blueprint) -> None:
    rule = blueprint.add_url_rule
    rule("/items", "items", _search)
    rule("/items/<path:barcode>", "item", _show)
    rule("/items/<path:barcode>", "item_change", _change, methods=["POST"])


@needs(Action.SEE_RECORDS)
def _search() -> str:
    text, after = _arg("text"), _arg("after")
    field = _arg("field") if _arg("field") in set(Field) else Field.ANY.value
    with desk().database.reading() as conn:
        page = search_items(conn, text, Field(field), after)
        places = {one.current_site for found in page.found for one in found.items}
        return render_template(
            "desk/items.html",
            page=page,
            text=text,
            field=field,
            fields=tuple(one.value for one in Field),
            site_names=names_of_sites(conn, places),
        )


@needs(Action.SEE_RECORDS)
def _show(barcode: str) -> str:
    return _page(barcode)


@needs(Action.EDIT_ITEMS)
def _change(barcode: str) -> Answer:
    form = request.form
    if form.get("state") not in set(ItemState):
        abort(400)
    values: dict[str, object] = {
        "state": ItemState(form["state"]),
        "item_type": form.get("item_type", ""),
        "adult_only": "adult_only" in form,
    }
    now, reason = desk().clock(), form.get("reason", "").strip()
    try:
        with desk().database.writing() as conn:
            for name in ("home_site", "current_site"):
                values[name] = site_typed(conn, form.get(name, "").strip())
            changed = change_item(conn, barcode, values, actor(), now, reason)
            parts = _parts()
            if parts and parts != parts_of(conn, changed.barcode):
                put_parts(conn, changed.barcode, parts, actor(), now)
    except UnknownItem:
        abort(404)
    except BadItem as err:
        return _page(barcode, say_problem(err)), 409
    return redirect(url_for("desk.item", barcode=changed.barcode))


def _parts() -> tuple[Part, ...]:
    """The parts of the form that have a name, numbered anew."""
    missing = set(request.form.getlist("missing"))
    named = [
        (name.strip(), str(place) in missing)
        for place, name in enumerate(request.form.getlist("part"), 1)
        if name.strip()
    ]
    return tuple(Part(number, *part) for number, part in enumerate(named, 1))


def _page(barcode: str, problem: str = "") -> str:
    with desk().database.reading() as conn:
        try:
            one = known_item(conn, barcode)
        except UnknownItem:
            abort(404)
        about = schema.loans.c.item == one.barcode
        parts = parts_of(conn, one.barcode)
        return render_template(
            "desk/item.html",
            one=one,
            title=title(conn, one.title_id),
            owner_name=library_name(conn, one.owner),
            parts=parts,
            shown=_typed() if problem else _stored(one, parts),
            problem=problem,
            loans=latest_loans(conn, about, desk().clock(), user().sites),
            cases=_cases(conn, one.barcode),
            states=tuple(state.value for state in ItemState),
            types=_types(conn),
            site_names=names_of_sites(conn, (one.home_site, one.current_site)),
            site_options=site_options(conn),
            pick_ups=site_options(conn, user().sites),
        )


def _stored(one: Item, parts: tuple[Part, ...]) -> Form:
    """The fields of the form as the copy is."""
    names = ("state", "item_type", "home_site", "current_site", "adult_only")
    return {name: getattr(one, name) for name in names} | {"parts": _with_blank(parts)}


def _typed() -> Form:
    """The fields of the form as they were sent."""
    form = request.form
    names = ("state", "item_type", "home_site", "current_site", "reason")
    ticked = {"adult_only": "adult_only" in form}
    return {**{name: form.get(name, "") for name in names}, **ticked} | {
        "parts": _with_blank(_parts())
    }


def _with_blank(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Parts, and fields for some more."""
    last = len(parts)
    return (*parts, *(Part(last + at, "") for at in range(1, _BLANK_PARTS + 1)))


def _cases(conn: Connection, barcode: str) -> list[object]:
    table = schema.cases
    rows = conn.execute(
        select(table.c.case_id, table.c.kind, table.c.state, table.c.opened_at)
        .where(table.c.item == barcode, within(user().sites, table.c.site_id))
        .order_by(table.c.opened_at.desc())
        .limit(_CASES)
    )
    return list(rows.mappings())


def _types(conn: Connection) -> tuple[str, ...]:
    pairs = current_rules(conn).loans
    return tuple(dict.fromkeys(pair.partition("/")[2] for pair in pairs))


def _arg(name: str) -> str:
    return request.args.get(name, "").strip()
