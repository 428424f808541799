"""Registering a reader: a new number, the card that says it, and the record."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection

from kiosk.domain.credentials import normalise
from sync.hub.county.audit import Actor, note
from sync.hub.county.card_kinds import CardKind
from sync.hub.county.cards import fits
from sync.hub.county.patron_files import (
    BadPatron,
    PatronFile,
    UnknownPatron,
    change,
    find,
)
from sync.hub.county.patrons import PatronRecord, put_patrons


def register(
    conn: Connection,
    number: str,
    values: Mapping[str, object],
    who: Actor,
    now: dt.datetime,
) -> PatronFile:
    """Make a record under a number that nobody has, with values as `change` takes them.

    Raises BadPatron, and then the transaction must not be committed.
    """
    said = normalise(number)
    if not fits(CardKind.NUMBER, said):
        raise BadPatron(
            "card_number", f"number: {said!r} is no card number", value=said
        )
    if _is_known(conn, said):
        text = f"number: {said} is in the records already"
        raise BadPatron("known", text, value=said)
    for name, code in (("name", "no_name"), ("patron_type", "no_type")):
        if not values.get(name):
            raise BadPatron(code, f"{name}: must not be empty")
    # Of a type that is none yet, so that `change` checks all that is given.
    put_patrons(conn, [PatronRecord(said, "", "")])
    made = find(conn, said)
    note(conn, who, "patron.add", f"patron:{made.patron_ref}", now)
    return change(conn, made.patron_ref, values, who, now)


def _is_known(conn: Connection, number: str) -> bool:
    try:
        find(conn, number)
    except UnknownPatron:
        return False
    return True
