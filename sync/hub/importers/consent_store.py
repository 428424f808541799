"""What readers are asked to agree to, and what they agreed to: its tables and stores."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection

from sync.hub.importers.cells import Cells
from sync.hub.importers.store import Store, as_imported, as_known, rows_by
from sync.hub.importers.tables import BadCell, Column
from sync.hub.privacy.consent import Consent, ConsentText, Purpose
from sync.hub.store import schema
from sync.hub.store.rows import put_rows

TEXT_COLUMNS = (
    Column("version", "版本"),
    Column("since", "起始时间"),
    Column("zh", "中文文本"),
    Column("en", "英文文本"),
)
CONSENT_COLUMNS = (
    Column("consent_id", "同意编号"),
    Column("patron_ref", "读者内部编号"),
    Column("purpose", "用途"),
    Column("version", "版本"),
    Column("given_at", "同意时间"),
    Column("taken_by", "记录人"),
    Column("given_by", "代为同意人", required=False),
    Column("withdrawn_at", "撤回时间", required=False),
    Column("withdrawn_by", "撤回经手人", required=False),
)
#: More than a county ever words; a year typed by mistake is above it.
MOST_VERSIONS = 999
_TEXTS, _CONSENTS = schema.consent_texts, schema.consents


def consent_text(cells: Cells) -> tuple[str, ConsentText]:
    """Read one version of the text."""
    cells.text("version")
    since = cells.moment("since")
    if since is None:
        raise BadCell("since", "", "must not be empty")
    value = ConsentText(
        cells.count("version", MOST_VERSIONS), since, cells.text("zh"), cells.text("en")
    )
    return str(value.version), value


def consent(cells: Cells) -> tuple[str, Consent]:
    """Read what a reader agreed to; withdrawn is what says when and by whom."""
    for column in ("consent_id", "patron_ref", "version"):
        cells.text(column)
    given_at, withdrawn_at = cells.moment("given_at"), cells.moment("withdrawn_at")
    if given_at is None:
        raise BadCell("given_at", "", "must not be empty")
    value = Consent(
        consent_id=cells.made_id("consent_id"),
        patron_ref=cells.made_id("patron_ref"),
        purpose=Purpose(cells.choice("purpose", {word: word for word in Purpose})),
        version=cells.count("version", MOST_VERSIONS),
        given_at=given_at,
        taken_by=cells.text("taken_by"),
        given_by=cells.made_id("given_by") or None,
        withdrawn_at=withdrawn_at,
        withdrawn_by=cells.optional("withdrawn_by") or None,
    )
    _check(value, cells)
    return value.consent_id, value


def _check(value: Consent, cells: Cells) -> None:
    if (value.withdrawn_at is None) != (value.withdrawn_by is None):
        told = cells.optional("withdrawn_by")
        raise BadCell("withdrawn_by", told, "belongs to withdrawn_at")
    if value.withdrawn_at is not None and value.withdrawn_at < value.given_at:
        told = cells.text("withdrawn_at")
        raise BadCell("withdrawn_at", told, "is before given_at")
    if value.given_by == value.patron_ref:
        raise BadCell("given_by", value.patron_ref, "is the reader")


def _stored_texts(conn: Connection, keys: Sequence[str]) -> dict[str, ConsentText]:
    query = _TEXTS.select().where(_TEXTS.c.version.in_([int(key) for key in keys]))
    rows = conn.execute(query).mappings()
    return {str(row["version"]): ConsentText(**row) for row in rows}


def _put_texts(conn: Connection, values: Sequence[ConsentText]) -> None:
    put_rows(conn, _TEXTS, [msgspec.structs.asdict(value) for value in values])


def _stored_consents(conn: Connection, keys: Sequence[str]) -> dict[str, Consent]:
    rows = rows_by(conn, _CONSENTS, _CONSENTS.c.consent_id, keys)
    return {
        row["consent_id"]: Consent(**{**row, "purpose": Purpose(row["purpose"])})
        for row in rows
    }


def _put_consents(conn: Connection, values: Sequence[Consent]) -> None:
    rows = [msgspec.structs.asdict(value) for value in values]
    put_rows(
        conn, _CONSENTS, [{**row, "purpose": row["purpose"].value} for row in rows]
    )


#: A version that readers may have agreed to is never another one.
TEXTS: Store[ConsentText] = Store(
    "consent_texts",
    lambda text: str(text.version),
    _stored_texts,
    _put_texts,
    as_known,
)
CONSENTS: Store[Consent] = Store(
    "consents",
    lambda consent: consent.consent_id,
    _stored_consents,
    _put_consents,
    as_imported,
)
