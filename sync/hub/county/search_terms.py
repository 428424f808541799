"""Words to find records by: the same on every database. ADR-search.md says why.

Chinese has no blanks, so a run of Han characters is found by each two that stand
together, and by its first one alone; other scripts by their words.
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, select

from sync.hub.store import schema
from sync.hub.store.rows import put_rows

#: Terms of a query beyond these no longer narrow it down.
MAX_QUERY_TERMS = 12
_LONGEST = 40

_TERMS = schema.search_terms
_HAN = "\u3400-\u9fff\U00020000-\U0003ffff"
_RUNS = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_CLASS = re.compile(r"[A-Z][A-Z0-9./()=-]*")


class Kind(enum.StrEnum):
    """What a term leads to."""

    TITLE = "t"
    CLASS = "c"  # a title by its place in the classification
    PATRON = "p"


def words(shown: str) -> frozenset[str]:
    """The terms that a text is found by."""
    found: set[str] = set()
    for run in _runs(shown):
        found |= {run} if not _is_han(run) else {run[0], *_pairs(run)}
    return frozenset(found)


def asked(query: str) -> tuple[str, ...]:
    """The terms that everything has which contains what is asked for."""
    found: dict[str, None] = {}
    for run in _runs(query):
        pairs = _pairs(run) if _is_han(run) and len(run) > 1 else [run]
        found |= dict.fromkeys(pairs)
    return tuple(found)[:MAX_QUERY_TERMS]


def class_steps(clc: str) -> frozenset[str]:
    """A class and all those above it: I247.5 is found by I, I2, I24, I247, I247.5."""
    plain = unicodedata.normalize("NFKC", clc).strip().upper()[:_LONGEST]
    found = _CLASS.match(plain)
    whole = found.group() if found else ""
    return frozenset(whole[:end].rstrip(".") for end in range(1, len(whole) + 1))


def index(
    conn: Connection,
    kind: Kind,
    before: Mapping[str, Collection[str]],
    after: Mapping[str, Collection[str]],
) -> None:
    """Bring the terms of these keys from what they were to what they are."""
    for key, terms in before.items():
        gone = set(terms) - set(after.get(key, ()))
        if gone:
            conn.execute(
                delete(_TERMS).where(
                    _TERMS.c.kind == kind.value,
                    _TERMS.c.key == key,
                    _TERMS.c.term.in_(gone),
                )
            )
    # In the order of the index, so that neighbours are written together.
    fresh = sorted(
        (term, key)
        for key, terms in after.items()
        for term in set(terms) - set(before.get(key, ()))
    )
    rows = [{"kind": kind.value, "term": term, "key": key} for term, key in fresh]
    put_rows(conn, _TERMS, rows)


def found_by(
    statement: Select[Any],
    kind: Kind,
    terms: Sequence[str],
    key: ColumnElement[str],
    after: str,
) -> Select[Any]:
    """Narrow a statement to what all of these terms lead to, in the order of `key`.

    `after` is the key that the page before ended with. There is one term at least.
    """
    first, *others = terms
    narrowed = statement.join(_TERMS, _TERMS.c.key == key).where(
        _TERMS.c.kind == kind.value, _TERMS.c.term == first, _TERMS.c.key > after
    )
    also = [_leads_here(kind, term) for term in others]
    return narrowed.where(*also).order_by(_TERMS.c.key)


def keys_found(kind: Kind, terms: Sequence[str]) -> Select[tuple[str]]:
    """The keys that all of these terms lead to. There is one term at least."""
    first, *others = terms
    here = select(_TERMS.c.key).where(
        _TERMS.c.kind == kind.value, _TERMS.c.term == first
    )
    return here.where(*(_leads_here(kind, term) for term in others))


def _leads_here(kind: Kind, term: str) -> ColumnElement[bool]:
    also = _TERMS.alias()
    return exists().where(
        also.c.kind == kind.value, also.c.term == term, also.c.key == _TERMS.c.key
    )


def _runs(shown: str) -> list[str]:
    return [
        run[:_LONGEST] if not _is_han(run) else run
        for run in _RUNS.findall(unicodedata.normalize("NFKC", shown).casefold())
    ]


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _is_han(run: str) -> bool:
    return "\u3400" <= run[0] <= "\u9fff" or run[0] >= "\U00020000"
