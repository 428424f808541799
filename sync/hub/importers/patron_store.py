"""How patrons of a table are found and written; their digests are made beforehand."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from kiosk.domain.credentials import normalise
from kiosk.domain.values import PatronState
from sync.hub.county.patrons import (
    Digests,
    PatronRecord,
    Taken,
    new_digests,
    put_patrons,
    put_private,
)
from sync.hub.importers.store import Store, rows_by
from sync.hub.store import schema
from sync.hub.store.database import Database


def patron_store(
    digests: Digests, left_out: Callable[[Taken], None]
) -> Store[PatronRecord]:
    """`left_out` is told of credentials that are somebody else's."""

    def put(conn: Connection, records: Sequence[PatronRecord]) -> None:
        for taken in put_patrons(conn, records, digests):
            left_out(taken)
        put_private(conn, records)

    return Store("patrons", lambda each: each.number, stored_patrons, put, _filled_in)


def digests_of(
    database: Database, records: Sequence[PatronRecord], *, dry_run: bool
) -> Digests:
    """The slow part. What is rolled back anyway needs no real ones."""
    if not dry_run:
        return new_digests(database, records)
    return {text: uuid.uuid4().hex for each in records for text in each.credentials}


def stored_patrons(conn: Connection, numbers: Sequence[str]) -> dict[str, PatronRecord]:
    """Patrons by number, each with every credential but the number itself."""
    rows = rows_by(conn, schema.patrons, schema.patrons.c.number, numbers)
    texts = _credentials(conn, [row["patron_ref"] for row in rows])
    return {
        row["number"]: PatronRecord(
            number=row["number"],
            name=row["name"],
            patron_type=row["patron_type"],
            state=PatronState(row["state"]),
            expires_on=row["expires_on"],
            birth_year=row["birth_year"],
            phone=row["phone"],
            home_site=row["home_site"],
            guardian=row["guardian"],
            loan_limit=row["loan_limit"],
            why=row["why"],
            patron_ref=row["patron_ref"],
            card_uids=_cards(texts.get(row["patron_ref"], ()), row["number"]),
        )
        for row in rows
    }


def _filled_in(record: PatronRecord, old: PatronRecord | None) -> PatronRecord:
    """What the table does not carry stays, and so does who answers for the patron."""
    before = () if old is None else old.card_uids
    filled = replace(
        record, card_uids=_cards((*before, *record.card_uids), record.number)
    )
    if old is None:
        return filled
    return replace(
        filled,
        birth_year=record.birth_year or old.birth_year,
        phone=record.phone or old.phone,
        home_site=record.home_site or old.home_site,
        guardian=record.guardian or old.guardian,
        loan_limit=old.loan_limit if record.loan_limit is None else record.loan_limit,
        why=record.why or (old.why if record.state is old.state else ""),
        patron_ref=old.patron_ref,
    )


def _cards(texts: Sequence[str], number: str) -> tuple[str, ...]:
    """Each credential once, in one order; the number is always one."""
    return tuple(sorted({normalise(text) for text in texts} - {normalise(number)}))


def _credentials(conn: Connection, refs: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Every credential of these patrons, their card number too, by patron_ref."""
    texts: dict[str, tuple[str, ...]] = {}
    table = schema.credentials
    for row in rows_by(conn, table, table.c.patron_ref, refs):
        texts[row["patron_ref"]] = (*texts.get(row["patron_ref"], ()), row["text"])
    return texts
