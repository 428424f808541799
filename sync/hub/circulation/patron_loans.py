"""The loans of readers as far back as they matter to somebody who lends today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, bindparam, select, union_all

from sync.hub.store import schema
from sync.hub.store.among import among
from sync.hub.store.identity_map import IdentityMap
from sync.hub.store.rows import Row

_LOANS = schema.loans
_THEIRS: Select[Any] = select(_LOANS).where(among(_LOANS.c.patron_ref, "refs"))
#: Each half looks up just these loans, however many the reader has had.
_SINCE = union_all(
    _THEIRS.where(_LOANS.c.returned_at.is_(None)),
    _THEIRS.where(
        _LOANS.c.returned_at >= bindparam("since", type_=_LOANS.c.returned_at.type)
    ),
)


class PatronLoans:
    """A view of the loans of one unit of work, by reader."""

    def __init__(self, loans: IdentityMap) -> None:
        self._loans = loans
        self._read_since: dict[str, dt.datetime] = {}

    def since(self, patron_ref: str, since: dt.datetime) -> list[Row]:
        """Those that began or were still open then, or at any time later."""
        self.fetch([patron_ref], since)
        known = self._loans.known("patron_ref", patron_ref)
        return [row for row in known if _open_since(row, since)]

    def fetch(self, patron_refs: Iterable[str], since: dt.datetime) -> None:
        """Read what `since` will be asked for, of many readers at once."""
        missing = [
            ref
            for ref in dict.fromkeys(patron_refs)
            if ref not in self._read_since or since < self._read_since[ref]
        ]
        if missing:
            self._loans.read(_SINCE, refs=missing, since=since)
            self._read_since.update(dict.fromkeys(missing, since))

    def forget(self) -> None:
        self._read_since.clear()


def _open_since(row: Row, since: dt.datetime) -> bool:
    ended: dt.datetime | None = row["returned_at"]
    return ended is None or ended >= since
