"""Who answers for whom, once all patrons of a file are stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, or_, select

from kiosk.domain.credentials import normalise
from sync.hub.county.patron_files import is_minor_type
from sync.hub.importers.patron_store import patron_store, stored_patrons
from sync.hub.importers.run import Run
from sync.hub.importers.seen import Seen
from sync.hub.importers.store import store_changed
from sync.hub.store import schema


@dataclass(frozen=True, slots=True)
class Link:
    """`guardian`: a card number, or a patron_ref, as it is written in that line."""

    line: int
    ward: str
    guardian: str


@dataclass(frozen=True, slots=True)
class _Guardian:
    patron_ref: str
    number: str
    patron_type: str


def bind(run: Run, links: Sequence[Link], types: Seen) -> None:
    """Write guardians of patrons that are stored; what can't be one is remarked on.

    `types`: of the file's own patrons by number, who in a dry run are not stored.
    """
    with run.writing() as conn:
        found = _guardians(conn, [link.guardian for link in links])
        wards = stored_patrons(conn, [link.ward for link in links])
        records = []
        for link in links:
            number = normalise(link.guardian)
            guardian = found.get(link.guardian) or found.get(number)
            if guardian is None and run.order.dry_run and number in types:
                guardian = _Guardian("", number, str(types.get(number)))
            reason = _obstacle(conn, link, guardian)
            if reason or guardian is None:
                what = f"guardian {link.guardian!r} {reason}; left out"
                run.tally.remark(link.line, what)
            elif link.ward in wards:
                ward = wards[link.ward]
                records.append(replace(ward, guardian=guardian.patron_ref))
        store = patron_store({}, lambda _taken: None)
        store_changed(conn, store, records, run.journal)


def _obstacle(conn: Connection, link: Link, guardian: _Guardian | None) -> str:
    if guardian is None:
        return "is no patron in the hub"
    if guardian.number == link.ward:
        return "is the patron"
    return "is a minor" if is_minor_type(conn, guardian.patron_type) else ""


def _guardians(conn: Connection, written: Sequence[str]) -> Mapping[str, _Guardian]:
    """By patron_ref and by number."""
    table = schema.patrons.c
    numbers = [normalise(text) for text in written]
    query = select(table.patron_ref, table.number, table.patron_type).where(
        or_(table.patron_ref.in_(written), table.number.in_(numbers))
    )
    found = [_Guardian(*row) for row in conn.execute(query)]
    return {one.patron_ref: one for one in found} | {one.number: one for one in found}
