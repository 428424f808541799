"""What the county knows of a reader or a copy, as answers need it."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Connection, RowMapping, func, select

from kiosk.domain.credentials import normalise
from kiosk.domain.policy import Refusal, patron_refusal, remaining
from kiosk.domain.values import Loan, county_day
from sync.hub.circulation.hold_terms import hold_limit
from sync.hub.circulation.hold_values import ACTIVE, HoldState
from sync.hub.county import catalogue
from sync.hub.county.card_kinds import CardState
from sync.hub.county.patrons import patron
from sync.hub.county.rulebook import current_rules
from sync.hub.sip2_server.known import Copy, Reader, Waiting
from sync.hub.store import schema
from sync.hub.store.rows import loan_value
from sync.hub.transfers.lines import LIVE, Reason, State


def reader(conn: Connection, card: str, now: dt.datetime) -> Reader | None:
    """Whom this card stands for, or stood for before it was lost."""
    cards = schema.credentials.c
    query = select(cards.digest, cards.patron_ref, cards.state)
    row = conn.execute(query.where(cards.text == normalise(card))).one_or_none()
    who = patron(conn, row.patron_ref) if row else None
    if row is None or who is None:
        return None
    rules, today = current_rules(conn), county_day(now)
    loans = _loans(conn, who.patron_ref)
    works = row.state == CardState.ACTIVE.value
    refusal = patron_refusal(who, loans, rules, today)
    return Reader(
        patron=who,
        card_id=row.digest,
        card_works=works,
        loans=loans,
        waiting=_waiting(conn, who.patron_ref),
        refusal=refusal if works else Refusal("E-CARD-LOST"),
        limit=len(loans) + remaining(who, loans, rules),
        hold_limit=hold_limit(rules, who.patron_type),
        today=today,
    )


def copy(conn: Connection, text: str) -> Copy:
    barcode = normalise(text)
    item = catalogue.item(conn, barcode)
    if item is None:
        return Copy(barcode, None)
    title = catalogue.title(conn, item.title_id)
    loans = schema.loans
    open_loan = select(loans).where(
        loans.c.item == barcode, loans.c.returned_at.is_(None)
    )
    row = conn.execute(open_loan).mappings().first()
    line = _line(conn, barcode)
    for_hold = line is not None and line["reason"] == Reason.HOLD
    return Copy(
        barcode,
        item,
        title.title if title else "",
        loan_value(row) if row else None,
        queue_of(conn, item.title_id),
        kept_until=_kept_until(conn, barcode),
        goes_to=line["to_site"] if line else "",
        goes_to_name=site_name(conn, line["to_site"]) if line else "",
        for_hold=for_hold,
        travels=for_hold or (line is not None and line["state"] == State.SENT),
    )


def queue_of(conn: Connection, title_id: str) -> int:
    """How many wait for a title or one of its copies."""
    holds = schema.holds.c
    mine = (holds.title_id == title_id, holds.state.in_(sorted(ACTIVE)))
    query = select(func.count()).select_from(schema.holds).where(*mine)
    return int(conn.execute(query).scalar_one())


def site_name(conn: Connection, site_id: str) -> str:
    site = catalogue.site(conn, site_id)
    return site.name if site else site_id


def _loans(conn: Connection, patron_ref: str) -> tuple[Loan, ...]:
    loans = schema.loans
    rows = conn.execute(
        select(loans)
        .where(loans.c.patron_ref == patron_ref, loans.c.returned_at.is_(None))
        .order_by(loans.c.due_on, loans.c.item)
    )
    return tuple(map(loan_value, rows.mappings()))


def _kept_until(conn: Connection, barcode: str) -> dt.date | None:
    """The last day on which it waits on the hold shelf."""
    holds = schema.holds.c
    mine = (holds.copy == barcode, holds.state == HoldState.READY.value)
    return conn.execute(select(holds.keep_until).where(*mine)).scalars().first()


def _line(conn: Connection, barcode: str) -> RowMapping | None:
    """The transfer that it is wanted for or on."""
    lines = schema.transfers
    live = lines.c.state.in_(sorted(LIVE))
    query = select(lines).where(lines.c.item == barcode, live)
    return conn.execute(query.order_by(lines.c.opened_at.desc())).mappings().first()


def _waiting(conn: Connection, patron_ref: str) -> tuple[Waiting, ...]:
    holds, titles = schema.holds, schema.titles
    rows = conn.execute(
        select(holds, titles.c.title)
        .outerjoin(titles, titles.c.title_id == holds.c.title_id)
        .where(holds.c.patron_ref == patron_ref, holds.c.state.in_(sorted(ACTIVE)))
        .order_by(holds.c.placed_at, holds.c.hold_id)
    )
    return tuple(map(_hold, rows.mappings()))


def _hold(row: RowMapping) -> Waiting:
    return Waiting(
        row["hold_id"],
        row["title_id"],
        row["title"] or "",
        row["item"],
        row["copy"] if row["state"] == HoldState.READY else "",
    )
