"""A decision of the member of staff who is logged in, as a form has it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection, select

from kiosk.domain.credentials import normalise
from kiosk.domain.values import COUNTY_TIME
from sync.hub.circulation.choices import Answer, CaseError, Choice
from sync.hub.circulation.resolving import resolve, undo
from sync.hub.county.permits import Action
from sync.hub.desk.context import desk
from sync.hub.desk.permission import actor, user
from sync.hub.store import schema
from sync.hub.store.rows import one

#: Longest note that is kept.
NOTE_LIMIT = 500


class Refused(ValueError):
    """Nothing was changed; `code` says why, as `case_problem.…` in the wording."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def decide(case_id: str, form: Mapping[str, str]) -> None:
    """Decide a case. Raises Refused."""
    now = desk().clock()
    with desk().database.writing() as conn:
        _require_reach(conn, case_id)
        try:
            resolve(conn, case_id, _answer(conn, form, now), actor(), now)
        except CaseError as err:
            raise Refused(err.code) from err


def take_back(case_id: str, note: str) -> None:
    """Undo the decision about a case. Raises Refused."""
    with desk().database.writing() as conn:
        _require_reach(conn, case_id)
        try:
            undo(conn, case_id, actor(), desk().clock(), note.strip()[:NOTE_LIMIT])
        except CaseError as err:
            raise Refused(err.code) from err


def _require_reach(conn: Connection, case_id: str) -> None:
    """Of a case elsewhere it is not even said that there is one."""
    row = one(conn, schema.cases, case_id)
    if row is None or not user().allows(Action.SETTLE_CASES, row["site_id"]):
        raise Refused("unknown")


def _answer(conn: Connection, form: Mapping[str, str], now: dt.datetime) -> Answer:
    try:
        choice = Choice(form.get("choice", ""))
    except ValueError as err:
        raise Refused("choice") from err
    return Answer(
        choice=choice,
        note=form.get("note", "").strip()[:NOTE_LIMIT],
        patron_ref=patron_ref(conn, form.get("card", "")),
        when=_time(form.get("when", ""), now),
    )


def patron_ref(conn: Connection, card: str) -> str | None:
    """The reader with this card; None if there is none."""
    table = schema.credentials.c
    query = select(table.patron_ref).where(table.text == normalise(card))
    return conn.execute(query).scalar_one_or_none()


def _time(text: str, now: dt.datetime) -> dt.datetime | None:
    """A time of day in the county, as browsers send it; never one that is to come."""
    try:
        local = dt.datetime.fromisoformat(text).replace(tzinfo=COUNTY_TIME)
        when = local.astimezone(dt.UTC)
    except (ValueError, OverflowError):  # the county is ahead of UTC in year 1, too
        return None
    return when if when <= now else None
