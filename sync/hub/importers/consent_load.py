"""The imports of what readers are asked to agree to, and of what they agreed to."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, func, select

from sync.hub.importers.consent_store import (
    CONSENT_COLUMNS,
    CONSENTS,
    TEXT_COLUMNS,
    TEXTS,
    consent,
    consent_text,
)
from sync.hub.importers.csv_tables import Taken
from sync.hub.importers.load import (
    begin_table,
    each_chunk,
    fitting,
    open_table,
    require,
)
from sync.hub.importers.report import ImportReport
from sync.hub.importers.run import Order
from sync.hub.importers.store import known, store_changed
from sync.hub.importers.tables import BadCell
from sync.hub.privacy.consent import Consent, ConsentText
from sync.hub.store import schema
from sync.hub.store.database import Database

#: A text to agree to has as many lines as it takes; there are few of them.
_LINES_A_TEXT = 1000
_CONSENTS, _VERSION = schema.consents, schema.consent_texts.c.version


def import_consent_texts(database: Database, order: Order) -> ImportReport:
    """Take the versions of the text. One that is in the hub must say the same."""
    table = open_table(order, TEXT_COLUMNS, _LINES_A_TEXT)
    run = begin_table(database, order, "consent_texts", table)

    def take(conn: Connection, taken: list[Taken[ConsentText]]) -> None:
        stored = TEXTS.stored(conn, [each.key for each in taken])
        fits = fitting(run, taken, lambda text: _check_text(text, stored))
        run.tally.changed += store_changed(conn, TEXTS, fits, run.journal)

    each_chunk(run, table, consent_text, take)
    return run.report()


def import_consents(database: Database, order: Order) -> ImportReport:
    """Take what readers agreed to. Readers and texts must be in the database before.

    Whoever withdrew since does not come to agree again by an older file.
    """
    table = open_table(order, CONSENT_COLUMNS)
    run = begin_table(database, order, "consents", table)

    def take(conn: Connection, taken: list[Taken[Consent]]) -> None:
        check = _consent_check(conn, [each.value for each in taken])
        fits = fitting(run, taken, check)
        run.tally.changed += store_changed(conn, CONSENTS, fits, run.journal)

    each_chunk(run, table, consent, take)
    return run.report()


def _check_text(text: ConsentText, stored: Mapping[str, ConsentText]) -> None:
    old = stored.get(str(text.version))
    if old is not None and (old.zh, old.en) != (text.zh, text.en):
        raise BadCell("version", str(text.version), "is another text in the hub")


def _consent_check(
    conn: Connection, values: Sequence[Consent]
) -> Callable[[Consent], None]:
    refs = {ref for each in values for ref in (each.patron_ref, each.given_by or "")}
    people = known(conn, schema.patrons.c.patron_ref, sorted(refs))
    texts = {str(text) for text in conn.execute(select(_VERSION)).scalars()}
    stored = CONSENTS.stored(conn, [each.consent_id for each in values])
    withdrawn = _withdrawn(conn, [each.patron_ref for each in values])

    def check(one: Consent) -> None:
        require("patron_ref", one.patron_ref, people, "patron")
        require("given_by", one.given_by or "", people, "patron")
        require("version", str(one.version), texts, "text")
        if stored.get(one.consent_id, one).patron_ref != one.patron_ref:
            raise BadCell("consent_id", one.consent_id, "is another reader's already")
        last = withdrawn.get((one.patron_ref, one.purpose.value))
        if last is not None and one.withdrawn_at is None and one.given_at < last:
            raise BadCell("withdrawn_at", "", f"the reader withdrew on {last:%Y-%m-%d}")

    return check


def _withdrawn(
    conn: Connection, refs: Sequence[str]
) -> dict[tuple[str, str], dt.datetime]:
    """When these readers withdrew last, by reader and purpose."""
    whose, last = _CONSENTS.c.patron_ref, func.max(_CONSENTS.c.withdrawn_at)
    query = select(whose, _CONSENTS.c.purpose, last).where(
        whose.in_(refs), _CONSENTS.c.withdrawn_at.is_not(None)
    )
    rows = conn.execute(query.group_by(whose, _CONSENTS.c.purpose))
    return {(ref, purpose): at for ref, purpose, at in rows}
