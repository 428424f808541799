"""The cards of a patron: added, lost, found again, replaced.

What is lost stays in the records, so that nobody else gets it; by the feed it stops
working at every kiosk.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, select, update

from kiosk.domain.credentials import digest, normalise
from sync.hub.county.audit import Actor, note
from sync.hub.county.card_kinds import CardKind, CardState
from sync.hub.county.patron_files import BadPatron
from sync.hub.county.rulebook import current_rules
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.refusal import CodedRefusal
from sync.hub.store import schema

#: Signs of a card that its hint shows; of what has fewer than twice as many, none.
_TAIL = 4
_CARDS = schema.credentials
_FORMS = {
    CardKind.NUMBER: re.compile(r"[0-9A-Z][0-9A-Z._/-]{2,31}"),
    CardKind.UID: re.compile(r"(?:[0-9A-F]{2}){4,10}"),
    CardKind.QR: re.compile(r"\S{4,128}"),
    CardKind.IDENTITY: re.compile(r"[0-9A-F]{64}"),
}


class UnknownCard(CodedRefusal, LookupError):
    """There is no such card, or it is another patron's."""


@dataclass(frozen=True, slots=True)
class Card:
    """`hint` tells a patron's cards apart without telling what they say.

    `card_id` is the digest by which kiosks know it; `since` when, None: always.
    """

    card_id: str
    kind: CardKind
    state: CardState
    hint: str
    since: dt.datetime | None


def fits(kind: CardKind, text: str) -> bool:
    """Whether a normalised text can be on a card of this kind."""
    return _FORMS[kind].fullmatch(text) is not None


def cards_of(conn: Connection, patron_ref: str) -> tuple[Card, ...]:
    """All of them, those that work first."""
    rows = conn.execute(
        select(_CARDS)
        .where(_CARDS.c.patron_ref == patron_ref)
        .order_by(_CARDS.c.state, _CARDS.c.kind, _CARDS.c.digest)
    )
    return tuple(_card(row) for row in rows.mappings())


def find_card(conn: Connection, patron_ref: str, text: str) -> Card:
    """A patron's card by what it says. Raises UnknownCard."""
    return _one_card(conn, patron_ref, _CARDS.c.text == normalise(text))


def card_by_id(conn: Connection, patron_ref: str, card_id: str) -> Card:
    """A patron's card by its digest. Raises UnknownCard."""
    return _one_card(conn, patron_ref, _CARDS.c.digest == card_id)


def add_card(
    conn: Connection,
    patron_ref: str,
    kind: CardKind,
    text: str,
    who: Actor,
    now: dt.datetime,
) -> Card:
    """Let something stand for a patron. Raises BadPatron.

    An identity card is given by its fingerprint: its number is not for our records.
    """
    said = normalise(text)
    if not fits(kind, said):
        text = f"card: what was given is no card of the kind {kind.value}"
        raise BadPatron("card_kind", text)
    taken = select(_CARDS.c.patron_ref).where(_CARDS.c.text == said)
    owner = conn.execute(taken).scalar_one_or_none()
    if owner is not None:
        whose = "this patron" if owner == patron_ref else "another patron"
        text = f"card: it is in the records already, as one of {whose}"
        raise BadPatron("card_own" if owner == patron_ref else "card_taken", text)
    made = digest(said, current_rules(conn).credential)
    row = {
        "digest": made,
        "patron_ref": patron_ref,
        "kind": kind.value,
        "text": said,
        "state": CardState.ACTIVE.value,
        "since": now,
    }
    conn.execute(insert(_CARDS), [row])
    mark(conn, Feed.CREDENTIAL, [made])
    _note(conn, "patron.card_add", patron_ref, who, now, "", CardState.ACTIVE.value)
    return find_card(conn, patron_ref, said)


def set_card_state(
    conn: Connection,
    patron_ref: str,
    card_id: str,
    state: CardState,
    who: Actor,
    now: dt.datetime,
) -> None:
    """A card is lost, or was found again. Raises UnknownCard."""
    mine = (_CARDS.c.digest == card_id, _CARDS.c.patron_ref == patron_ref)
    before = conn.execute(select(_CARDS.c.state).where(*mine)).scalar_one_or_none()
    if before is None:
        raise UnknownCard("no_card", "this patron has no such card")
    if before == state.value:
        return
    changed = {"state": state.value, "since": now}
    conn.execute(update(_CARDS).where(*mine).values(**changed))
    mark(conn, Feed.CREDENTIAL, [card_id])
    _note(conn, "patron.card_state", patron_ref, who, now, before, state.value)


def replace_card(
    conn: Connection,
    patron_ref: str,
    old: Card,
    text: str,
    who: Actor,
    now: dt.datetime,
) -> Card:
    """Give a new card of the same kind; the old one stops working. Raises BadPatron."""
    added = add_card(conn, patron_ref, old.kind, text, who, now)
    set_card_state(conn, patron_ref, old.card_id, CardState.REPLACED, who, now)
    return added


def _one_card(
    conn: Connection, patron_ref: str, condition: ColumnElement[bool]
) -> Card:
    mine = (_CARDS.c.patron_ref == patron_ref, condition)
    row = conn.execute(select(_CARDS).where(*mine)).mappings().one_or_none()
    if row is None:
        raise UnknownCard("no_card", "this patron has no such card")
    return _card(row)


def _card(row: RowMapping) -> Card:
    text = row["text"]
    tail = text[-_TAIL:] if len(text) >= 2 * _TAIL else ""
    kind = CardKind(row["kind"])
    hint = "" if kind is CardKind.IDENTITY else f"*{tail}"
    return Card(row["digest"], kind, CardState(row["state"]), hint, row["since"])


def _note(
    conn: Connection,
    what: str,
    patron_ref: str,
    who: Actor,
    now: dt.datetime,
    before: str,
    after: str,
) -> None:
    about = f"patron:{patron_ref}"
    states = ({"state": before}, {"state": after})
    note(conn, who, what, about, now, before=states[0], after=states[1])
