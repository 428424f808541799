"""Rotation boxes: what is in each, where it is, and what of it is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from kiosk.domain.values import county_day
from sync.hub.county.permits import Action
from sync.hub.desk.context import desk
from sync.hub.desk.lookups import names_of_sites
from sync.hub.desk.paging import part_of
from sync.hub.desk.permission import actor, needs, user
from sync.hub.desk.site_field import site_options, site_typed
from sync.hub.desk.transfer_pages import scanned
from sync.hub.store import schema
from sync.hub.store.rows import one
from sync.hub.transfers import box_lists, packing
from sync.hub.transfers.acts import Counter, Scanned
from sync.hub.transfers.box_return import Return, bring_back
from sync.hub.transfers.boxes import BadBox, Box, add_box, all_boxes, box_of, day_typed

Answer = Response | tuple[str, int]
#: What an act tells: of each barcode, of a whole box, or nothing.
Told = list[Scanned] | Return | None
Act = Callable[[Connection, Box], Told]


def routes(blueprint: Blueprint) -> None:
    rule = blueprint.add_url_rule
    rule("/boxes", "boxes", _show_all)
    rule("/boxes", "box_add", _add, methods=["POST"])
    rule("/boxes/<box_id>", "box", _show)
    acts: dict[str, Callable[[str], Answer]] = {
        "pack": _pack,
        "unpack": _unpack,
        "send": _send,
        "arrive": _arrive,
        "return": _return,
    }
    for name, view in acts.items():
        rule(f"/boxes/<box_id>/{name}", f"box_{name}", view, methods=["POST"])


@needs(Action.SEE_RECORDS)
def _show_all() -> str:
    return _list()


@needs(Action.EDIT_ITEMS)
def _add() -> Answer:
    form = request.form
    number, home = form.get("box_id", ""), form.get("home_site", "")
    try:
        with desk().database.writing() as conn:
            made = add_box(
                conn, actor(), number, site_typed(conn, home), desk().clock()
            )
    except BadBox as err:
        return _list(f"box_problem.{err.why}"), 409
    return redirect(url_for("desk.box", box_id=made.box_id))


@needs(Action.SEE_RECORDS)
def _show(box_id: str) -> str:
    return _page(box_id)


@needs(Action.MOVE_ITEMS)
def _pack(box_id: str) -> Answer:
    def act(conn: Connection, box: Box) -> Told:
        return packing.pack(conn, _counter(box.home_site), box_id, scanned())

    return _done(box_id, act)


@needs(Action.MOVE_ITEMS)
def _unpack(box_id: str) -> Answer:
    def act(conn: Connection, box: Box) -> Told:
        barcode = request.form.get("barcode", "")
        packing.unpack(conn, _counter(box.home_site), box_id, barcode)
        return None

    return _done(box_id, act)


@needs(Action.MOVE_ITEMS)
def _send(box_id: str) -> Answer:
    def act(conn: Connection, box: Box) -> Told:
        to = site_typed(conn, request.form.get("to_site", "").strip())
        back_by = day_typed(request.form.get("back_by", ""))
        packing.send_box(conn, _counter(box.home_site), box_id, to, back_by)
        return None

    return _done(box_id, act)


@needs(Action.MOVE_ITEMS)
def _arrive(box_id: str) -> Answer:
    def act(conn: Connection, box: Box) -> Told:
        packing.arrive(conn, _counter(box.place), box_id)
        return None

    return _done(box_id, act)


@needs(Action.MOVE_ITEMS)
def _return(box_id: str) -> Answer:
    def act(conn: Connection, box: Box) -> Told:
        return bring_back(conn, _counter(box.destination), box_id, scanned())

    return _done(box_id, act)


def _counter(site_id: str) -> Counter:
    """The counter of the site where the box is; 403 if that is none of one's own."""
    if not user().allows(Action.MOVE_ITEMS, site_id or None):
        abort(403)
    return Counter(actor(), site_id, desk().clock())


def _done(box_id: str, act: Act) -> Answer:
    """Do it and show the box; a page that tells something is no redirect."""
    try:
        with desk().database.writing() as conn:
            told = act(conn, _visible_box(conn, box_id))
    except BadBox as err:
        return _page(box_id, f"box_problem.{err.why}"), 409
    if told is None:
        return redirect(url_for("desk.box", box_id=box_id))
    return _page(box_id, told=told), 200


def _list(problem: str = "") -> str:
    reach = user().sites
    with desk().database.reading() as conn:
        concerning = [box for box in all_boxes(conn) if _concerns(box)]
        boxes = part_of("page", concerning)
        missing = box_lists.missing(conn, reach)
        lost = part_of("missing", missing)
        places = {one.current_site for one in lost.lines}
        for box in boxes.lines:
            places |= {box.home_site, box.destination}
        return render_template(
            "desk/boxes.html",
            boxes=boxes,
            today=county_day(desk().clock()),
            missing=lost,
            missing_total=len(missing),
            site_names=names_of_sites(conn, places),
            site_options=site_options(conn),
            problem=problem,
        )


def _page(box_id: str, problem: str = "", told: Told = None) -> str:
    with desk().database.reading() as conn:
        box = _visible_box(conn, box_id)
        items = box_lists.contents(conn, box.box_id)
        scans = told if isinstance(told, Sequence) else ()
        places = {box.home_site, box.destination, *(one.current_site for one in items)}
        places |= {one.to_site for one in scans}
        return render_template(
            "desk/box.html",
            box=box,
            today=county_day(desk().clock()),
            items=items,
            site_names=names_of_sites(conn, places),
            site_options=site_options(conn),
            scans=scans,
            back=told if isinstance(told, Return) else None,
            problem=problem,
            may_move=user().allows(Action.MOVE_ITEMS, box.place),
            may_return=user().allows(Action.MOVE_ITEMS, box.destination or None),
        )


def _visible_box(conn: Connection, box_id: str) -> Box:
    """404 for a box that has nothing to do with one's sites."""
    row = one(conn, schema.boxes, box_id)
    if row is None or not _concerns(box_of(row)):
        abort(404)
    return box_of(row)


def _concerns(box: Box) -> bool:
    reach = user().sites
    return reach is None or not reach.isdisjoint({box.home_site, box.destination})
