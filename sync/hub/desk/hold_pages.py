"""Fetching copies for readers, the hold shelf, and who waits for what."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from itertools import groupby

from flask import (
    Blueprint,
    Response,
    abort,
    redirect,
    render_template,
    request,
    url_for,
)
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from kiosk.domain.values import county_day
from sync.hub.circulation import hold_acts, hold_bars, hold_placing
from sync.hub.circulation.hold_acts import Deed, HoldError
from sync.hub.circulation.hold_placing import Wanted
from sync.hub.circulation.hold_scan import scan
from sync.hub.county.patron_files import UnknownPatron, find
from sync.hub.county.permits import Action, Reach
from sync.hub.desk.context import desk
from sync.hub.desk.deciding import NOTE_LIMIT
from sync.hub.desk.hold_lists import (
    hold_queue,
    hold_shelf,
    is_pulled,
    pull_list,
    pull_part,
)
from sync.hub.desk.lookups import names_of_sites, patron_names
from sync.hub.desk.paging import PAGE, first_line, part
from sync.hub.desk.permission import actor, needs, user
from sync.hub.desk.site_field import (
    SiteField,
    asked_site,
    site_field,
    site_options,
    site_typed,
)
from sync.hub.desk.transfer_pages import cell
from sync.hub.desk.words import say
from sync.hub.store import schema
from sync.hub.store.rows import one

Answer = AnyResponse | tuple[str, int]
_COLUMNS = ("at", "clc", "title", "author", "copies", "reader", "pick_up", "placed")


def routes(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/holds", "holds", show_work)
    blueprint.add_url_rule("/holds/pull.csv", "holds_csv", pull_file)
    blueprint.add_url_rule("/holds/queue", "hold_queue", show_queue)
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


@needs(Action.SEE_RECORDS)
def show_work() -> str:
    return _work()


@needs(Action.SEE_RECORDS)
def pull_file() -> Response:
    """The pull list as a table; Excel looks for the mark at the beginning."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow([say(f"holds.{name}") for name in _COLUMNS])
    with desk().database.reading() as conn:
        lines = pull_list(conn, _within(_field(conn)))
        names = names_of_sites(conn, {line.at for line in lines})
    for line in lines:
        copies, reader = " ".join(line.barcodes), f"{line.patron} *{line.number}"
        book = (names.get(line.at, line.at), line.clc, line.title, line.author)
        placed = county_day(line.placed_at).isoformat()
        writer.writerow(map(cell, (*book, copies, reader, line.pick_up_name, placed)))
    named = {"Content-Disposition": 'attachment; filename="pull-list.csv"'}
    content = "\ufeff" + file.getvalue()
    return Response(content, mimetype="text/csv", headers=named)


@needs(Action.SEE_RECORDS)
def show_queue() -> str:
    return _queue()


@needs(Action.SERVE_HOLDS)
def place() -> Answer:
    """For a reader who asks staff, to be fetched at a site of theirs."""
    try:
        with desk().database.writing() as conn:
            wanted = _wanted(conn)
            hold_placing.place(conn, wanted, _deed())
    except UnknownPatron:
        return _queue("no_reader"), 409
    except HoldError as err:
        return _queue(err.code), 409
    return redirect(url_for("desk.hold_queue", site=wanted.site_id, placed=1))


@needs(Action.SERVE_HOLDS)
def scan_copy() -> Answer:
    site, barcode = _own_site(), request.form.get("barcode", "")
    try:
        with desk().database.writing() as conn:
            done = scan(conn, barcode, site, _deed())
            hold = one(conn, schema.holds, done.hold_id)
    except HoldError as err:
        return _work(err.code, barcode), 409
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
        return _queue(err.code), 409
    return redirect(url_for("desk.hold_queue"))


def _ruled(act: Callable[[Connection, str], None]) -> Answer:
    """A hold that is to be fetched elsewhere is none of the keeper's business."""
    hold_id = request.form.get("hold_id", "")
    try:
        with desk().database.writing() as conn:
            _require_pick_up(conn, hold_id)
            act(conn, hold_id)
    except HoldError as err:
        return _queue(err.code), 409
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
        return _work(err.code), 409
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


def _work(problem: str = "", barcode: str = "") -> str:
    args = request.values
    with desk().database.reading() as conn:
        field = _field(conn)
        reach, options = _within(field), field.options
        pulled = part("pull", pull_part(conn, reach, first_line("pull"), PAGE + 1))
        first = first_line("shelf")
        lying = hold_shelf(conn, reach, desk().clock(), first, PAGE + 1)
        places = [line.at for line in pulled.lines]
        names = names_of_sites(conn, [*places, args.get("to", "")])
    only = next(iter(options)) if options and len(options) == 1 else field.site_id
    return render_template(
        "desk/holds.html",
        pulled=pulled,
        by_site=[(at, list(of)) for at, of in groupby(pulled.lines, lambda o: o.at)],
        shelf=part("shelf", lying),
        site_field=field,
        wanted={"site": "" if field.is_unclear else only},
        names=names,
        problem=problem,
        barcode=barcode,
        told=args.get("told", "") if not problem else "",
        item=args.get("item", ""),
        to=names.get(args.get("to", ""), ""),
        may_serve=user().may(Action.SERVE_HOLDS),
    )


def _queue(problem: str = "") -> str:
    now = desk().clock()
    sees_patrons = user().may(Action.EDIT_PATRONS)
    with desk().database.reading() as conn:
        field, first = _field(conn), first_line("page")
        lines = hold_queue(conn, _within(field), now, first, PAGE + 1)
        barred = hold_bars.bars(conn) if sees_patrons else []
        readers = patron_names(conn, (bar.patron_ref for bar in barred))
        pick_ups = site_options(conn, user().sites)
    return render_template(
        "desk/hold_queue.html",
        queue=part("page", lines),
        site_field=field,
        wanted={"site": field.site_id},
        pick_ups=pick_ups,
        told="placed" if "placed" in request.args else "",
        barred=barred,
        readers=readers,
        problem=problem,
        may_serve=user().may(Action.SERVE_HOLDS),
    )


def _field(conn: Connection) -> SiteField:
    return site_field(conn, asked_site(), user().sites)


def _within(field: SiteField) -> Reach:
    """The site that was chosen, or all that the user sees."""
    chosen, reach = field.site_id, user().sites
    if not chosen:
        return reach
    seen = reach is None or chosen in reach
    return frozenset({chosen}) if seen else frozenset()


def _own_site() -> str:
    """Where the member of staff stands, as the form says."""
    site = request.form.get("site", "")
    if not site or not user().allows(Action.SERVE_HOLDS, site):
        abort(400)
    return site


def _deed() -> Deed:
    reason = request.form.get("reason", "").strip()[:NOTE_LIMIT]
    return Deed(actor(), desk().clock(), reason)
