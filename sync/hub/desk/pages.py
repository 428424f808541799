"""The desk's pages. Those with moving content also serve it bare, for live.js."""

from __future__ import annotations

import hashlib

from flask import (
    Blueprint,
    g,
    make_response,
    render_template,
    request,
)
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from sync.hub.county.permits import Action
from sync.hub.desk import (
    access,
    audit_pages,
    box_pages,
    case_pages,
    hold_deeds,
    hold_pages,
    item_pages,
    library_pages,
    overview,
    password_page,
    patron_pages,
    privacy_pages,
    rules_pages,
    site_edit,
    site_pages,
    transfer_pages,
    user_pages,
)
from sync.hub.desk.context import desk
from sync.hub.desk.events import EventFilter, kinds, latest_events
from sync.hub.desk.formats import register_formats
from sync.hub.desk.loans import COUNTED, LoanFilter, LoanPlace, find_loans
from sync.hub.desk.menu import MENU, Section
from sync.hub.desk.permission import User, needs, user
from sync.hub.desk.security import csrf_token, protect
from sync.hub.desk.site_field import asked_site, site_field
from sync.hub.desk.words import LANGUAGES, language

blueprint = Blueprint(
    "desk",
    __name__,
    url_prefix="/desk",
    template_folder="templates",
    static_folder="static",
)
protect(blueprint)
access.routes(blueprint)
case_pages.routes(blueprint)
hold_pages.routes(blueprint)
hold_deeds.routes(blueprint)
transfer_pages.routes(blueprint)
box_pages.routes(blueprint)
site_pages.routes(blueprint)
patron_pages.routes(blueprint)
privacy_pages.routes(blueprint)
item_pages.routes(blueprint)
audit_pages.routes(blueprint)
rules_pages.routes(blueprint)
library_pages.routes(blueprint)
user_pages.routes(blueprint)
password_page.routes(blueprint)
site_edit.routes(blueprint)
register_formats(blueprint)


@blueprint.context_processor
def _frame() -> dict[str, object]:
    """What the frame around every page shows."""
    with desk().database.reading() as conn:
        county = overview.county_name(conn)
    return {
        "county": county,
        "csrf_token": csrf_token,
        "language": language(),
        "languages": LANGUAGES,
        "user": g.get("user"),
        "menu": _menu(),
    }


def _menu() -> list[list[Section]]:
    who: User | None = g.get("user")
    if who is None:
        return []
    return [[one for one in group if who.may(one.action)] for group in MENU]


@blueprint.get("/", endpoint="overview")
@needs(Action.SEE_FIGURES)
def show_overview() -> str:
    return render_template("desk/overview.html", **_overview())


@blueprint.get("/now", endpoint="overview_now")
@needs(Action.SEE_FIGURES)
def show_overview_now() -> Response:
    return _live("desk/overview_now.html", **_overview())


@blueprint.get("/loans", endpoint="loans")
@needs(Action.SEE_RECORDS)
def show_loans() -> str:
    state = request.args.get("state", "open")
    with desk().database.reading() as conn:
        field = site_field(conn, asked_site(), user().sites)
        wanted = LoanFilter(
            state=state,
            site=field.site_id,
            item=request.args.get("item", "").strip(),
            patron=request.args.get("patron", "").strip(),
            after=_loan_place(state),
        )
        found = find_loans(conn, wanted, desk().clock(), user().sites)
    return render_template(
        "desk/loans.html",
        found=found,
        wanted=wanted,
        site_field=field,
        counted=COUNTED,
        first_args=_loan_args(wanted) if wanted.after else None,
        next_args=(
            {**_loan_args(wanted), "from": found.next.written} if found.next else None
        ),
    )


@blueprint.get("/events", endpoint="events")
@needs(Action.SEE_RECORDS)
def show_events() -> str:
    with desk().database.reading() as conn:
        content = _events(conn)
    return render_template("desk/events.html", kinds=kinds(), **content)


@blueprint.get("/events/now", endpoint="events_now")
@needs(Action.SEE_RECORDS)
def show_events_now() -> Response:
    with desk().database.reading() as conn:
        content = _events(conn)
    return _live("desk/events_now.html", **content)


def _loan_args(wanted: LoanFilter) -> dict[str, str]:
    """The filter as an address has it, from its first page on."""
    values = {
        name: getattr(wanted, name) for name in ("state", "site", "item", "patron")
    }
    return {name: value for name, value in values.items() if value}


def _loan_place(state: str) -> LoanPlace | None:
    """Where the page begins; from the top if the address makes no sense."""
    try:
        return LoanPlace.read(request.args.get("from", ""), state)
    except ValueError:
        return None


def _overview() -> dict[str, object]:
    now, reach = desk().clock(), user().sites
    page = request.args.get("page", 1, type=int)
    with desk().database.reading() as conn:
        sites = overview.sites(conn, now, reach)
        return {
            "figures": overview.figures(conn, now, reach),
            "devices": overview.devices(conn, now, reach, page),
            "sites": sites,
            "more_sites": len(sites) == overview.SITES,
        }


def _events(conn: Connection) -> dict[str, object]:
    reach = user().sites
    field = site_field(conn, asked_site(), reach)
    wanted = EventFilter(request.args.get("kind", ""), field.site_id)
    events = latest_events(conn, wanted, reach)
    return {"events": events, "wanted": wanted, "site_field": field}


def _live(template: str, **content: object) -> Response:
    """Answer with a piece of a page, or with 304 when the browser shows it already."""
    text = render_template(template, **content)
    response = make_response(text)
    response.set_etag(hashlib.sha256(text.encode()).hexdigest()[:32])
    return response.make_conditional(request.environ)
