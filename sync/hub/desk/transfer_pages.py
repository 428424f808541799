"""The transfer lists of a site: what to send and to receive, by scanning it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy import Connection

from sync.hub.county.catalogue import site
from sync.hub.county.permits import Action
from sync.hub.desk.context import desk
from sync.hub.desk.lookups import names_of_sites
from sync.hub.desk.overview import day_start
from sync.hub.desk.paging import PAGE, first_line, part
from sync.hub.desk.permission import actor, needs, user
from sync.hub.desk.site_field import (
    SiteField,
    asked_site,
    site_field,
    site_options,
    site_typed,
)
from sync.hub.desk.words import say
from sync.hub.transfers import acts, lists
from sync.hub.transfers.acts import Counter, Scanned

Act = Callable[[Connection, Counter, Iterable[str]], list[Scanned]]
_COLUMNS = ("item", "title", "clc", "from_site", "to_site", "reason", "state")


def routes(blueprint: Blueprint) -> None:
    rule = blueprint.add_url_rule
    rule("/transfers", "transfers", _show)
    rule("/transfers.csv", "transfers_csv", _file)
    rule("/transfers/slip", "transfers_slip", _slip)
    rule("/transfers/send", "transfers_send", _send, methods=["POST"])
    rule("/transfers/receive", "transfers_receive", _receive, methods=["POST"])


@needs(Action.SEE_RECORDS)
def _show() -> str:
    return _page(_field())


@needs(Action.SEE_RECORDS)
def _file() -> Response:
    site_id, now = _field().site_id, desk().clock()
    with desk().database.reading() as conn:
        lines = lists.to_send(conn, site_id, now) + lists.to_receive(conn, site_id, now)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(say(f"transfers.{name}") for name in _COLUMNS)
    for line in lines:
        writer.writerow(cell(str(getattr(line, name))) for name in _COLUMNS)
    named = {"Content-Disposition": f'attachment; filename="transfers-{now:%F}.csv"'}
    content = text.getvalue().encode("utf-8-sig")
    return Response(content, mimetype="text/csv", headers=named)


@needs(Action.SEE_RECORDS)
def _slip() -> str:
    """What left this site for another one today, to go with it on paper."""
    site_id, now = _field().site_id, desk().clock()
    with desk().database.reading() as conn:
        to_site = site_typed(conn, request.args.get("to", "").strip())
        lines = lists.sent_since(conn, (site_id, to_site), day_start(now), now)
        names = names_of_sites(conn, (site_id, to_site))
    return render_template(
        "desk/transfer_slip.html",
        lines=lines,
        site=site_id,
        to_site=to_site,
        site_names=names,
        now=now,
    )


@needs(Action.MOVE_ITEMS)
def _send() -> tuple[str, int]:
    return _do(acts.send, lists.to_send, "send")


@needs(Action.MOVE_ITEMS)
def _receive() -> tuple[str, int]:
    return _do(acts.receive, lists.to_receive, "receive")


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t"} else text


def scanned() -> list[str]:
    """The barcodes of the form, one a line as a scanner types them."""
    return request.form.get("barcodes", "").split()


def _do(
    act: Act, listed: Callable[..., Sequence[lists.Entry]], name: str
) -> tuple[str, int]:
    site_id, now = request.form.get("site", ""), desk().clock()
    with desk().database.reading() as conn:
        if site(conn, site_id) is None:
            abort(400)
    if not user().allows(Action.MOVE_ITEMS, site_id):
        abort(403)
    with desk().database.writing() as conn:
        codes = scanned()
        if "everything" in request.form:
            shown = lists.Window(first_line(name), PAGE)
            codes = [line.item for line in listed(conn, site_id, now, shown)]
        done = act(conn, Counter(actor(), site_id, now), codes)
    failed = any(one.problem for one in done)
    return _page(_field(), done), 409 if failed else 200


def _page(field: SiteField, done: Sequence[Scanned] = ()) -> str:
    now, reach, site_id = desk().clock(), user().sites, field.site_id
    with desk().database.reading() as conn:
        send = lists.to_send(conn, site_id, now, _window("send"))
        receive = lists.to_receive(conn, site_id, now, _window("receive"))
        late = lists.late(conn, now, reach, _window("late"))
        guests = lists.guests(conn, site_id, _window("guests"))
        places = {site_id, *(one.to_site for one in (*send, *late))}
        places |= {one.to_site for one in guests} | {one.to_site for one in done}
        places |= {one.from_site for one in receive}
        return render_template(
            "desk/transfers.html",
            site=site_id,
            site_field=field,
            done=done,
            to_send=part("send", send),
            to_receive=part("receive", receive),
            guests=part("guests", guests),
            late=part("late", late),
            late_days=lists.late_days(conn),
            site_names=names_of_sites(conn, places),
            site_options=site_options(conn),
            may_move=bool(site_id) and user().allows(Action.MOVE_ITEMS, site_id),
        )


def _window(name: str) -> lists.Window:
    """The page that is asked for, and one line more."""
    return lists.Window(first_line(name), PAGE + 1)


def _field() -> SiteField:
    """The site that is asked for; else one's own. 404 if the list offers none such."""
    asked = asked_site() or user().standing.site or ""
    with desk().database.reading() as conn:
        field = site_field(conn, asked, user().sites)
    if field.options is None:
        return field
    if asked and asked not in field.options:
        abort(404)
    return replace(field, site_id=asked or next(iter(field.options), ""))
