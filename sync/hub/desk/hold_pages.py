"""Which copies to fetch for readers, the hold shelf, and who waits for what."""

from __future__ import annotations

import csv
import io
from itertools import groupby

from flask import (
    Blueprint,
    Response,
    render_template,
    request,
)
from sqlalchemy import Connection
from werkzeug.wrappers import Response as AnyResponse

from kiosk.domain.values import county_day
from sync.hub.circulation import hold_bars
from sync.hub.county.permits import Action, Reach
from sync.hub.desk.context import desk
from sync.hub.desk.hold_lists import (
    hold_queue,
    hold_shelf,
    pull_list,
    pull_part,
)
from sync.hub.desk.lookups import names_of_sites, patron_names
from sync.hub.desk.paging import PAGE, first_line, part
from sync.hub.desk.permission import needs, user
from sync.hub.desk.site_field import (
    SiteField,
    asked_site,
    site_field,
    site_options,
)
from sync.hub.desk.transfer_pages import cell
from sync.hub.desk.words import say

Answer = AnyResponse | tuple[str, int]
_COLUMNS = ("at", "clc", "title", "author", "copies", "reader", "pick_up", "placed")


def routes(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/holds", "holds", show_work)
    blueprint.add_url_rule("/holds/pull.csv", "holds_csv", pull_file)
    blueprint.add_url_rule("/holds/queue", "hold_queue", show_queue)


@needs(Action.SEE_RECORDS)
def show_work() -> str:
    return work_page()


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
    return queue_page()


def work_page(problem: str = "", barcode: str = "") -> str:
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


def queue_page(problem: str = "") -> str:
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
