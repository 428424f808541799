"""Titles with their copies, by words, ISBN, class or barcode; a page at a time, by key.

A page begins after the key that the last one ended with, so the thousandth costs as
much as the first.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, select

from kiosk.domain.credentials import normalise
from kiosk.domain.values import Item, Title
from sync.hub.county.search_terms import Kind, asked, class_steps, found_by
from sync.hub.store import schema
from sync.hub.store.rows import item_value, title_value

PAGE = 25
#: Copies of one title that a page shows.
COPIES = 10

_ITEMS, _TITLES = schema.items, schema.titles
_ISBN = re.compile(r"(?:97[89])?\d{9}[\dX]")
_CLASS = re.compile(r"[A-Z]{1,2}\d[\d./()=-]*|[A-Z]")


class Field(enum.StrEnum):
    """What is looked in. ANY finds out by the look of the text."""

    ANY = "any"
    WORDS = "words"
    BARCODE = "barcode"
    ISBN = "isbn"
    CLASS = "class"


@dataclass(frozen=True, slots=True)
class Found:
    """A title and its first copies; `more` if there are others."""

    title: Title
    items: tuple[Item, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class ItemPage:
    """`after` is where the next page begins, None on the last one."""

    found: tuple[Found, ...]
    after: str | None


def search_items(
    conn: Connection, text: str, field: Field, after: str = "", limit: int = PAGE
) -> ItemPage:
    """One page of titles. Without a text all of them, in the order of their keys."""
    if field in {Field.ANY, Field.BARCODE} and text:
        copy = _copy(conn, normalise(text))
        if copy is not None:
            return ItemPage((copy,), None)
    statement = _statement(text, field, after)
    if statement is None:
        return ItemPage((), None)
    rows = conn.execute(statement.limit(limit + 1)).mappings().all()
    titles = [title_value(row) for row in rows[:limit]]
    more = len(rows) > limit
    found = tuple(_with_copies(conn, title) for title in titles)
    return ItemPage(found, titles[-1].title_id if more else None)


def _copy(conn: Connection, barcode: str) -> Found | None:
    row = conn.execute(select(_ITEMS).where(_ITEMS.c.barcode == barcode)).mappings()
    copy = row.one_or_none()
    if copy is None:
        return None
    item = item_value(copy)
    named = conn.execute(select(_TITLES).where(_TITLES.c.title_id == item.title_id))
    title = named.mappings().one_or_none()
    return Found(title_value(title) if title else Title(item.title_id, ""), (item,))


def _statement(text: str, field: Field, after: str) -> Select[Any] | None:
    """What to ask for; None for what nothing can be found by."""
    key = _TITLES.c.title_id
    base = select(_TITLES)
    if not text:
        return base.where(key > after).order_by(key)
    plain = normalise(text).replace("-", "")
    if field is Field.ISBN or (field is Field.ANY and _ISBN.fullmatch(plain)):
        same = _TITLES.c.isbn.in_({plain, text.strip()})
        return base.where(same, key > after).order_by(key)
    named = normalise(text).rstrip(".")
    if field is Field.CLASS or (field is Field.ANY and _CLASS.fullmatch(named)):
        terms: Sequence[str] = [named] if named in class_steps(named) else []
        kind = Kind.CLASS
    else:
        terms, kind = asked(text) if field is not Field.BARCODE else (), Kind.TITLE
    return found_by(base, kind, terms, key, after) if terms else None


def _with_copies(conn: Connection, title: Title) -> Found:
    rows = conn.execute(
        select(_ITEMS)
        .where(_ITEMS.c.title_id == title.title_id)
        .order_by(_ITEMS.c.barcode)
        .limit(COPIES + 1)
    ).mappings()
    items = tuple(item_value(row) for row in rows)
    return Found(title, items[:COPIES], len(items) > COPIES)
