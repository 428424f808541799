"""What staff do for those who wait: place, fetch, look again, put back, give up."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, abort, redirect, request, url_for
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync.hub.circulation import hold_acts, hold_bars, hold_placing
from sync.hub.circulation.hold_acts import Deed, HoldError
from sync.hub.circulation.hold_placing import Wanted
from sync.hub.circulation.hold_scan import scan
from sync.hub.county.patron_files import UnknownPatron, find
from sync.hub.county.permits import Action
from sync.hub.desk.context import desk
from sync.hub.desk.deciding import NOTE_LIMIT
from sync.hub.desk.hold_lists import is_pulled
from sync.hub.desk.hold_pages import queue_page, work_page
from sync.hub.desk.permission import actor, needs, user
from sync.hub.desk.site_field import site_typed
from sync.hub.store import schema
from sync.hub.store.rows import one

Answer = Response | tuple[str, int]


def routes(blueprint: Blueprint) -> None:
    acts: dict[str, Callable[[], Answer]] = {
        "place": place,
        "scan": scan_copy,
        "missing": report_missing,
        "again": look_again,
        "back": put_back,
        "cancel": cancel,
        "lift": lift,
    }
    for name, view in acts.items():
        rule = f"/holds/{name}"
        blueprint.add_url_rule(rule, f"hold_{name}", view, methods=["POST"])


@needs(Action.SERVE_HOLDS)
def place() -> Answer:
    """For a reader who asks staff, to be fetched at a site of theirs."""
    try:
        with desk().database.writing() as conn:
            wanted = _wanted(conn)
            hold_placing.place(conn, wanted, _deed())
    except UnknownPatron:
        return queue_page("no_reader"), 409
    except HoldError as err:
        return queue_page(err.code), 409
    return redirect(url_for("desk.hold_queue", site=wanted.site_id, placed=1))


@needs(Action.SERVE_HOLDS)
def scan_copy() -> Answer:
    site, barcode = _own_site(), request.form.get("barcode", "")
    try:
        with desk().database.writing() as conn:
            done = scan(conn, barcode, site, _deed())
            hold = one(conn, schema.holds, done.hold_id)
    except HoldError as err:
        return work_page(err.code, barcode), 409
    to = done.to_site or (hold["site_id"] if hold else "")
    told = done.where.value
    return redirect(url_for("desk.holds", site=site, told=told, item=done.item, to=to))


@needs(Action.SERVE_HOLDS)
def report_missing() -> Answer:
    site, form = _own_site(), request.form

    def act(conn: Connection) -> None:
        barcodes = form.getlist("barcode")
        for barcode in barcodes:
            hold_acts.not_found(conn, form.get("hold_id", ""), barcode, site, _deed())

    return _done(act, site)


@needs(Action.SERVE_HOLDS)
def look_again() -> Answer:
    return _ruled(lambda conn, name: hold_acts.look_again(conn, name, _deed()))


@needs(Action.SERVE_HOLDS)
def put_back() -> Answer:
    site, hold_id = _own_site(), request.form.get("hold_id", "")

    def act(conn: Connection) -> None:
        hold_acts.put_back(conn, hold_id, _deed())

    return _done(act, site)


@needs(Action.SERVE_HOLDS)
def cancel() -> Answer:
    return _ruled(lambda conn, name: hold_acts.cancel(conn, name, _deed()))


@needs(Action.EDIT_PATRONS)
def lift() -> Answer:
    patron_ref = request.form.get("patron_ref", "")
    try:
        with desk().database.writing() as conn:
            hold_bars.lift(conn, patron_ref, _deed())
    except HoldError as err:
        return queue_page(err.code), 409
    return redirect(url_for("desk.hold_queue"))


def _ruled(act: Callable[[Connection, str], None]) -> Answer:
    """A hold that is to be fetched elsewhere is none of the keeper's business."""
    hold_id = request.form.get("hold_id", "")
    try:
        with desk().database.writing() as conn:
            _require_pick_up(conn, hold_id)
            act(conn, hold_id)
    except HoldError as err:
        return queue_page(err.code), 409
    return redirect(url_for("desk.hold_queue"))


def _wanted(conn: Connection) -> Wanted:
    """What the form asks for. Raises HoldError, UnknownPatron."""
    form = request.form
    site = site_typed(conn, form.get("pick_up", "").strip())
    if not user().allows(Action.SERVE_HOLDS, site):
        raise HoldError("no_site", f"{site!r} is no site of this user")
    reader = find(conn, form.get("reader", "")).patron_ref
    return Wanted(reader, form.get("book", ""), site, this_copy="this_copy" in form)


def _done(act: Callable[[Connection], None], site: str) -> Answer:
    """An act for a hold whose copy is, or is fetched, at this site."""
    try:
        with desk().database.writing() as conn:
            _require_here(conn, request.form.get("hold_id", ""), site)
            act(conn)
    except HoldError as err:
        return work_page(err.code), 409
    return redirect(url_for("desk.holds", site=site))


def _require_pick_up(conn: Connection, hold_id: str) -> None:
    row = one(conn, schema.holds, hold_id)
    if not row or not user().allows(Action.SERVE_HOLDS, row["site_id"]):
        raise HoldError("unknown", "no such hold here")


def _require_here(conn: Connection, hold_id: str, site: str) -> None:
    row = one(conn, schema.holds, hold_id)
    mine = row is not None and site in (row["site_id"], row["copy_site"])
    if not mine and not is_pulled(conn, hold_id, site):
        raise HoldError("unknown", "no such hold here")


def _own_site() -> str:
    """Where the member of staff stands, as the form says."""
    site = request.form.get("site", "")
    if not site or not user().allows(Action.SERVE_HOLDS, site):
        abort(400)
    return site


def _deed() -> Deed:
    reason = request.form.get("reason", "").strip()[:NOTE_LIMIT]
    return Deed(actor(), desk().clock(), reason)
