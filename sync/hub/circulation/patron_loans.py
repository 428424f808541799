"""The loans of readers that were open at some time between two moments."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, bindparam, select, union_all

from sync.hub.store import schema
from sync.hub.store.among import among
from sync.hub.store.identity_map import IdentityMap
from sync.hub.store.rows import Row

_LOANS = schema.loans
_THEIRS: Select[Any] = select(_LOANS).where(among(_LOANS.c.patron_ref, "refs"))
_TIME = _LOANS.c.loaned_at.type
_BEGUN = _THEIRS.where(_LOANS.c.loaned_at <= bindparam("until", type_=_TIME))
#: Each half looks up just these loans, however many the reader has had.
_BETWEEN = union_all(
    _BEGUN.where(_LOANS.c.returned_at.is_(None)),
    _BEGUN.where(_LOANS.c.returned_at >= bindparam("since", type_=_TIME)),
)


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment to another, both of them included."""

    since: dt.datetime
    until: dt.datetime

    def covers(self, other: Span) -> bool:
        return self.since <= other.since and other.until <= self.until

    def joined_with(self, other: Span) -> Span:
        """The shortest one that covers both."""
        return Span(min(self.since, other.since), max(self.until, other.until))


#: When what is still on loan ends, as far as anybody knows.
NO_END = dt.datetime.max.replace(tzinfo=dt.UTC)


class PatronLoans:
    """A view of the loans of one unit of work, by reader."""

    def __init__(self, loans: IdentityMap) -> None:
        self._loans = loans
        self._read: dict[str, Span] = {}

    def during(self, patron_ref: str, span: Span) -> list[Row]:
        """Those that were open at some moment of it, or at its edges."""
        self.fetch([patron_ref], span)
        known = self._loans.known("patron_ref", patron_ref)
        return [row for row in known if _open_during(row, span)]

    def fetch(self, patron_refs: Iterable[str], span: Span) -> None:
        """Read what `during` will be asked for, of many readers at once."""
        read = self._read
        missing = [
            ref
            for ref in dict.fromkeys(patron_refs)
            if ref not in read or not read[ref].covers(span)
        ]
        if missing:
            for ref in missing:
                span = span.joined_with(read.get(ref, span))
            self._loans.read(_BETWEEN, refs=missing, since=span.since, until=span.until)
            read.update(dict.fromkeys(missing, span))

    def forget(self) -> None:
        self._read.clear()


def _open_during(row: Row, span: Span) -> bool:
    ended: dt.datetime | None = row["returned_at"]
    begun: dt.datetime = row["loaned_at"]
    return begun <= span.until and (ended is None or ended >= span.since)
