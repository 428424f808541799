"""What staff do for holds, and what the hub's upkeep does; within `Database.writing()`.

Each act is kept as a step and put in the audit log; what follows from it is worked
out as ever, with all that the kiosks have seen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, select

from kiosk.domain.credentials import normalise
from kiosk.domain.values import county_day
from sync.hub.circulation import cases, holds
from sync.hub.circulation.facts import Finding, Severity, side
from sync.hub.circulation.hold_copies import has_copies
from sync.hub.circulation.hold_travel import send_home
from sync.hub.circulation.hold_values import ACTIVE, Act, Hold, HoldState
from sync.hub.circulation.unit_of_work import UnitOfWork, unit_of_work
from sync.hub.county.audit import Actor, note
from sync.hub.refusal import CodedRefusal
from sync.hub.store import schema
from sync.hub.store.rows import Row

_HOLDS = schema.holds
#: Holds that are ended in one transaction; kiosks wait for it.
EXPIRED_AT_ONCE = 20


class HoldError(CodedRefusal, ValueError):
    """It can't be done for this hold; `code` says why, in the desk's wording."""


@dataclass(frozen=True, slots=True)
class Deed:
    """Who does something, when, and why where that is asked for."""

    who: Actor
    now: dt.datetime
    reason: str = ""


def set_aside(
    conn: Connection, hold_id: str, barcode: str, site_id: str, by: Deed
) -> Hold:
    """A copy for this hold is in hand, at this site. Returns the hold as it is now.

    Raises HoldError.
    """
    with unit_of_work(conn) as work:
        row = _active(work, hold_id)
        item = work.item(normalise(barcode))
        if item is None or item.title_id != row["title_id"]:
            raise HoldError("other_title", f"{barcode} is no copy of what is wanted")
        if row["item"] not in ("", item.barcode):
            raise HoldError("other_copy", f"{row['item']} is wanted, not {barcode}")
        loans = work.loans.having("item", item.barcode)
        if any(loan["returned_at"] is None for loan in loans):
            raise HoldError("on_loan", f"{barcode} is on loan: take it back first")
        if item.current_site != site_id:
            work.put_item(replace(item, current_site=site_id))
        hold = _act(work, row, Act.SET_ASIDE, by, item.barcode, site_id)
        if hold.copy != item.barcode:
            raise HoldError("taken", f"{barcode} is kept for somebody else")
        return hold


def not_found(
    conn: Connection, hold_id: str, barcode: str, site_id: str, by: Deed
) -> None:
    """The copy is not on the shelf where it should be; the next one is looked for.

    A case, once none is left. Raises HoldError.
    """
    with unit_of_work(conn) as work:
        row = _active(work, hold_id)
        hold = _act(work, row, Act.NOT_FOUND, by, normalise(barcode), site_id)
        if not has_copies(work.conn, row):
            _open_case(work, hold, by.now)


def look_again(conn: Connection, hold_id: str, by: Deed) -> None:
    """What was not found for this hold is looked for once more. Raises HoldError."""
    with unit_of_work(conn) as work:
        hold = _act(work, _active(work, hold_id), Act.LOOK_AGAIN, by)
        known = work.cases.some([cases.case_id(_not_found(hold))])
        cases.reconcile(work, known, [], {}, by.now)


def cancel(conn: Connection, hold_id: str, by: Deed) -> None:
    """Staff end a hold, and say why. Raises HoldError."""
    if not by.reason.strip():
        raise HoldError("reason", "a reason must be given")
    with unit_of_work(conn) as work:
        _act(work, _active(work, hold_id), Act.CANCELLED, by)


def put_back(conn: Connection, hold_id: str, by: Deed) -> str:
    """The copy of a hold that is over is off the hold shelf. Raises HoldError.

    Returns the site that it has to go to now; empty if it stays where it is.
    """
    with unit_of_work(conn) as work:
        row = work.holds.get(hold_id)
        if row is None or not row["copy"] or row["state"] in ACTIVE:
            raise HoldError("unknown", "no copy lies there for this hold any more")
        _act(work, row, Act.PUT_BACK, by, row["copy"], row["copy_site"])
        return send_home(work, row["copy"], hold_id, by.now, by.who.name)


def expire(conn: Connection, by: Deed, after: str = "") -> Sequence[str]:
    """End the next holds, in order, whose copies nobody fetched in time; which ones."""
    today = county_day(by.now)
    due = select(_HOLDS.c.hold_id).where(
        _HOLDS.c.state == HoldState.READY.value,
        _HOLDS.c.keep_until < today,
        _HOLDS.c.hold_id > after,
    )
    query = due.order_by(_HOLDS.c.hold_id).limit(EXPIRED_AT_ONCE)
    names = conn.execute(query).scalars().all()
    with unit_of_work(conn) as work:
        for name in names:
            row = work.holds.get(name)
            if row is not None and row["state"] == HoldState.READY:
                _act(work, row, Act.EXPIRED, by, row["copy"], row["copy_site"])
    return names


def _open_case(work: UnitOfWork, hold: Hold, now: dt.datetime) -> None:
    """Staff have looked everywhere: somebody has to tell the reader, or buy a copy."""
    fact = hold.fact
    cases.reconcile(work, [], [_not_found(hold)], {fact.fact_id: fact}, now)


def _not_found(hold: Hold) -> Finding:
    sides = {"hold": side(hold.fact)}
    return Finding("hold_not_found", Severity.MEDIUM, hold.fact.fact_id, sides)


def _active(work: UnitOfWork, hold_id: str) -> Row:
    row = work.holds.get(hold_id)
    if row is None or row["state"] not in ACTIVE:
        raise HoldError("unknown", f"nobody waits by hold {hold_id!r}")
    return row


def _act(
    work: UnitOfWork, row: Row, act: Act, by: Deed, item: str = "", site_id: str = ""
) -> Hold:
    """Keep the act and store what follows; returns the hold as it is then."""
    hold_id, title_id = row["hold_id"], row["title_id"]
    number = len(work.hold_steps.having("title_id", title_id)) + 1
    work.hold_steps.put(
        {
            "step_id": f"{title_id}#{number:06d}",
            "hold_id": hold_id,
            "title_id": title_id,
            "at": by.now,
            "who": by.who.name,
            "act": act.value,
            "item": item,
            "site_id": site_id,
            "reason": by.reason,
        }
    )
    holds.review(work, title_id, by.now)
    after: Mapping[str, object] = {"item": item, "site_id": site_id} if item else {}
    note(
        work.conn,
        by.who,
        f"hold.{act}",
        f"hold:{hold_id}",
        by.now,
        after=after,
        reason=by.reason,
    )
    found = holds.on_title(work, title_id)
    return next(one for one in found if one.fact.fact_id == hold_id)
