"""Which tables leave the hub, and their rows as plain values.

What tells of readers goes only when it is asked for; secrets never go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, Table, select

from sync.hub.county.card_kinds import CardKind, CardState
from sync.hub.county.patrons import CardRecord
from sync.hub.store import schema

Row = dict[str, Any]

#: Tables without a word about a reader.
_OPEN = {
    "sites",
    "site_history",
    "boxes",
    "box_items",
    "transfers",
    "titles",
    "items",
    "item_parts",
    "rules",
    "devices",
    "sip2_accounts",
    "import_runs",
}
#: What the hub makes anew by itself, or what only serves its safety.
_MACHINERY = {
    "feed",
    "feed_clock",
    "feed_runs",
    "search_terms",
    "import_changes",
    "enrol_codes",
    "login_places",
    "login_tries",
    "settings",
    "sip2_answers",
}
_SECRETS = {"password", "digest", "pin", "secret", "token"}
_ROWS_AT_ONCE = 500
_UID = re.compile(r"(?:[0-9A-F]{2}){4,10}")


@dataclass(frozen=True, slots=True)
class ExportedTable:
    """A table and the columns of it that leave the hub, in order."""

    table: Table
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        return str(self.table.name)


def exported(*, readers: bool) -> list[ExportedTable]:
    """The tables to export; those that tell of readers only with `readers`."""
    return [
        ExportedTable(table, _columns(table))
        for table in schema.metadata.sorted_tables
        if table.name not in _MACHINERY and (readers or table.name in _OPEN)
    ]


def left_out(*, readers: bool) -> dict[str, str]:
    """Every table that is not exported, and why."""
    there = {each.name for each in exported(readers=readers)}
    return {
        str(name): "made by the hub itself"
        if name in _MACHINERY
        else "tells of readers"
        for name in sorted(schema.metadata.tables)
        if name not in there
    }


def rows(conn: Connection, what: ExportedTable) -> Iterator[Row]:
    """Every row by its primary key, a few at a time in memory."""
    found = conn.execute(
        select(what.table).order_by(*what.table.primary_key.columns),
        execution_options={"yield_per": _ROWS_AT_ONCE},
    ).mappings()
    while chunk := list(islice(found, _ROWS_AT_ONCE)):
        cards = _cards(conn, chunk) if what.table is schema.patrons else {}
        for row in chunk:
            plain = {**row, **(cards.get(row["patron_ref"], {}) if cards else {})}
            yield {name: plain.get(name) for name in what.columns}


def _columns(table: Table) -> tuple[str, ...]:
    names = tuple(str(c.name) for c in table.columns if c.name not in _SECRETS)
    # The import of patrons reads their cards beside them.
    return (*names, "card_uid", "qr", "cards") if table is schema.patrons else names


def _cards(
    conn: Connection, patrons: Sequence[RowMapping]
) -> Mapping[str, Mapping[str, str]]:
    """By patron_ref: what stands for the card number, and all cards in full."""
    table = schema.credentials
    refs = [row["patron_ref"] for row in patrons]
    query = select(table).where(table.c.patron_ref.in_(refs))
    found: dict[str, list[CardRecord]] = {}
    for row in conn.execute(query.order_by(table.c.text)):
        card = CardRecord(row.text, CardKind(row.kind), CardState(row.state), row.since)
        found.setdefault(row.patron_ref, []).append(card)
    return {ref: _card_columns(cards) for ref, cards in found.items()}


def _card_columns(cards: Sequence[CardRecord]) -> dict[str, str]:
    """Only cards that work stand by themselves: no table makes a lost one good again."""
    works = [
        card.text
        for card in cards
        if card.state is CardState.ACTIVE and card.kind is not CardKind.NUMBER
    ]
    return {
        "card_uid": ";".join(text for text in works if _UID.fullmatch(text)),
        "qr": ";".join(text for text in works if not _UID.fullmatch(text)),
        "cards": msgspec.json.encode(cards).decode(),
    }
