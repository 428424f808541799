"""Staff place a hold for a reader, who is told at once if that can't be.

A kiosk's hold is a fact and stands; staff can still be refused.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Connection, select

from kiosk.domain.credentials import normalise
from kiosk.domain.policy import patron_refusal
from kiosk.domain.rules import Rules
from kiosk.domain.values import Item, ItemState, Patron, county_day
from sync.hub.circulation import holds
from sync.hub.circulation.hold_acts import Deed, HoldError
from sync.hub.circulation.hold_answers import active_holds
from sync.hub.circulation.hold_terms import hold_limit
from sync.hub.circulation.hold_values import HoldState
from sync.hub.circulation.staff_facts import put_hold
from sync.hub.circulation.unit_of_work import UnitOfWork, unit_of_work
from sync.hub.county.audit import note
from sync.hub.store import schema

#: A copy in such a state will not come to anybody.
_GONE = (ItemState.LOST, ItemState.WITHDRAWN, ItemState.REFERENCE)
_OPEN = "open"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a reader wants: the title of this copy, or the copy itself; and where."""

    patron_ref: str
    barcode: str
    site_id: str
    this_copy: bool = False


def place(conn: Connection, wanted: Wanted, by: Deed) -> str:
    """Place the hold; returns its number. Raises HoldError, then nothing is changed."""
    with unit_of_work(conn) as work:
        item = work.item(normalise(wanted.barcode))
        if item is None or not _can_come(work, item, this_copy=wanted.this_copy):
            raise HoldError("no_copy", f"no copy like {wanted.barcode!r} can be had")
        _require_site(work, wanted.site_id)
        _require_reader(work, wanted.patron_ref, item, by)
        copy = item.barcode if wanted.this_copy else ""
        name = secrets.token_hex(16)
        where = (wanted.site_id, by.now)
        put_hold(work, name, wanted.patron_ref, (item.title_id, copy), where)
        holds.review(work, item.title_id, by.now)
        placed = work.holds.get(name)
        if placed is None or placed["state"] == HoldState.DECLINED:
            raise HoldError("suspended", "this reader's holds are suspended")
    after = {"title_id": item.title_id, "item": copy, "site_id": wanted.site_id}
    note(conn, by.who, "hold.placed", f"hold:{name}", by.now, after=after)
    return name


def _can_come(work: UnitOfWork, item: Item, *, this_copy: bool) -> bool:
    table = schema.items.c
    asked = (
        table.barcode == item.barcode if this_copy else table.title_id == item.title_id
    )
    usable = table.state.not_in([state.value for state in _GONE])
    found = work.ask(select(table.barcode).where(asked, usable).limit(1))
    return found.first() is not None


def _require_site(work: UnitOfWork, site_id: str) -> None:
    row = work.sites.get(site_id)
    if row is None or row["state"] != _OPEN:
        raise HoldError("no_site", f"there is no open site {site_id!r}")


def _require_reader(work: UnitOfWork, patron_ref: str, item: Item, by: Deed) -> None:
    patron = work.patron(patron_ref)
    rules = work.rules_of(work.rules_version)
    if patron is None or _card_is_bad(patron, rules, by):
        raise HoldError("card", "this reader must not borrow")
    waiting = holds.waiting(work, item.title_id)
    if any(one.fact.patron_ref == patron_ref for one in waiting):
        raise HoldError("waits_already", "this reader waits for it already")
    if _has(work, patron_ref, item.title_id):
        raise HoldError("has_it", "this reader has it on loan")
    if active_holds(work, patron_ref) >= hold_limit(rules, patron.patron_type):
        raise HoldError("limit", "this reader waits for as many as the rules allow")


def _has(work: UnitOfWork, patron_ref: str, title_id: str) -> bool:
    loans, items = schema.loans.c, schema.items.c
    query = (
        select(loans.loan_id)
        .join(schema.items, items.barcode == loans.item)
        .where(items.title_id == title_id, loans.patron_ref == patron_ref)
        .where(loans.returned_at.is_(None))
    )
    return work.ask(query.limit(1)).first() is not None


def _card_is_bad(patron: Patron, rules: Rules, by: Deed) -> bool:
    """Whatever the reader has on loan or owes: that may be settled by then."""
    refusal = patron_refusal(patron, (), rules, county_day(by.now))
    return refusal is not None and refusal.reason.startswith("E-CARD")
