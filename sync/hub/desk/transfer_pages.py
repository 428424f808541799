"""The transfer lists of a site: what to send and to receive, by scanning it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence

from flask import Blueprint, Response, abort, render_template, request
from sqlalchemy import Connection

from sync.hub.county.catalogue import site
from sync.hub.county.permits import Action
from sync.hub.desk.context import desk
from sync.hub.desk.lookups import site_names
from sync.hub.desk.overview import day_start
from sync.hub.desk.permission import actor, needs, user
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
    return _page(_site())


@needs(Action.SEE_RECORDS)
def _file() -> Response:
    site_id, now = _site(), desk().clock()
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
    site_id, to_site, now = _site(), request.args.get("to", ""), desk().clock()
    with desk().database.reading() as conn:
        lines = lists.sent_since(conn, (site_id, to_site), day_start(now), now)
        names = site_names(conn)
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
    return _do(acts.send, lists.to_send)


@needs(Action.MOVE_ITEMS)
def _receive() -> tuple[str, int]:
    return _do(acts.receive, lists.to_receive)


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t"} else text


def scanned() -> list[str]:
    """The barcodes of the form, one a line as a scanner types them."""
    return request.form.get("barcodes", "").split()


def _do(act: Act, listed: Callable[..., Sequence[lists.Entry]]) -> tuple[str, int]:
    site_id, now = request.form.get("site", ""), desk().clock()
    with desk().database.reading() as conn:
        if site(conn, site_id) is None:
            abort(400)
    if not user().allows(Action.MOVE_ITEMS, site_id):
        abort(403)
    with desk().database.writing() as conn:
        codes = scanned()
        if "everything" in request.form:
            codes = [line.item for line in listed(conn, site_id, now)]
        done = act(conn, Counter(actor(), site_id, now), codes)
    failed = any(one.problem for one in done)
    return _page(site_id, done), 409 if failed else 200


def _page(site_id: str, done: Sequence[Scanned] = ()) -> str:
    now, reach = desk().clock(), user().sites
    with desk().database.reading() as conn:
        return render_template(
            "desk/transfers.html",
            site=site_id,
            done=done,
            to_send=lists.to_send(conn, site_id, now),
            to_receive=lists.to_receive(conn, site_id, now),
            guests=lists.guests(conn, site_id),
            late=lists.late(conn, now, reach),
            late_days=lists.late_days(conn),
            visible=site_names(conn, reach),
            site_names=site_names(conn),
            may_move=user().allows(Action.MOVE_ITEMS, site_id),
        )


def _site() -> str:
    """The site that is asked for; else one's own. 404 if it is none of one's sites."""
    asked = request.args.get("site", "") or user().standing.site or ""
    with desk().database.reading() as conn:
        visible = list(site_names(conn, user().sites))
    if asked and asked not in visible:
        abort(404)
    return asked or (visible[0] if visible else "")
