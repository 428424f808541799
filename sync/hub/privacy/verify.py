"""Looking for links that should have been forgotten, apart from what forgets them."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, exists, func, or_, select

from sync.hub.circulation.facts import Move, Standing
from sync.hub.circulation.former import PREFIX
from sync.hub.privacy.answers import old_answers
from sync.hub.privacy.consent import keep_history
from sync.hub.privacy.events import is_free
from sync.hub.privacy.kept import why_kept
from sync.hub.privacy.links import known_reader
from sync.hub.privacy.renaming import CARD, NAME
from sync.hub.privacy.retention import cut_off as due_by
from sync.hub.privacy.runs import last_purge
from sync.hub.store import schema

_LOANS, _FACTS = schema.loans.c, schema.facts.c
_EVENTS, _CASES = schema.events.c, schema.cases.c


class Checked(msgspec.Struct, frozen=True):
    """`links`: how many there are and should not be, by where they stand.

    `kept`: items whose loans still name their readers, by the reason.
    """

    cut_off: dt.datetime
    links: dict[str, int]
    kept: dict[str, int]

    @property
    def is_clean(self) -> bool:
        return not self.links


def verify_last(conn: Connection, now: dt.datetime) -> Checked:
    """Look at what the last purge that came to its end should have forgotten."""
    last = last_purge(conn)
    return verify(conn, last.cut_off if last else due_by(conn, now))


def verify(conn: Connection, cut_off: dt.datetime) -> Checked:
    """Look at everything that ended by `cut_off`."""
    links: Counter[str] = Counter()
    kept: dict[str, str] = {}
    spared = keep_history(conn)
    for place, query in (("loans", _loans(cut_off)), ("facts", _facts(cut_off))):
        for row in conn.execute(query):
            why = why_kept(conn, row.item)
            if why is not None:
                kept[row.item] = why.value
            elif row.patron_ref not in spared:
                links[place] += row.number
    links["events"] = _count(conn, _told(cut_off))
    links["cases"] = _count(conn, _shown(cut_off))
    links["answers"] = _count(conn, old_answers(cut_off))
    return Checked(cut_off, dict(+links), dict(Counter(kept.values())))


def _loans(cut_off: dt.datetime) -> Select[tuple[str, str, int]]:
    """By item and reader, the loans that say who it was."""
    over = (_LOANS.returned_at <= cut_off, known_reader(_LOANS.patron_ref))
    query = select(_LOANS.item, _LOANS.patron_ref, func.count().label("number")).where(
        *over
    )
    return query.group_by(_LOANS.item, _LOANS.patron_ref)


def _facts(cut_off: dt.datetime) -> Select[tuple[str, str, int]]:
    """The same of all else that was recorded, where no loan of the reader goes on."""
    goes_on = exists().where(
        _LOANS.item == _FACTS.item,
        _LOANS.patron_ref == _FACTS.patron_ref,
        or_(_LOANS.returned_at.is_(None), _LOANS.returned_at > cut_off),
    )
    query = select(_FACTS.item, _FACTS.patron_ref, func.count().label("number")).where(
        _FACTS.at <= cut_off,
        _FACTS.move != Move.HOLD.value,
        _FACTS.standing != Standing.ASKED.value,
        known_reader(_FACTS.patron_ref),
        ~goes_on,
    )
    return query.group_by(_FACTS.item, _FACTS.patron_ref)


def _told(cut_off: dt.datetime) -> ColumnElement[bool]:
    """Events of nobody known that are as they came, or still say who it was."""
    says = _EVENTS.body.contains(f'"{NAME}":"')
    former = _EVENTS.body.contains(f'"{NAME}":"{PREFIX}')
    card = _EVENTS.body.contains(f'"{CARD}":"')
    whole = _EVENTS.fingerprint.is_(None) | (says & ~former) | card
    return (_EVENTS.received_at <= cut_off) & whole & is_free()


def _shown(cut_off: dt.datetime) -> ColumnElement[bool]:
    """Closed cases that name the reader of a forgotten loan, or quote an event."""
    forgotten = exists().where(
        _FACTS.fact_id == _CASES.event_id, _FACTS.patron_ref.startswith(PREFIX)
    )
    names = known_reader(func.coalesce(_CASES.patron_ref, "")) & forgotten
    quotes = _CASES.item.is_(None) & _CASES.sides.contains(NAME)
    return (_CASES.closed_at <= cut_off) & (names | quotes)


def _count(conn: Connection, which: ColumnElement[bool]) -> int:
    query = select(func.count()).where(which)
    return int(conn.execute(query).scalar_one())
