"""The import of patrons: records and cards first, then who answers for whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace

from sqlalchemy import select

from sync.hub.county.patrons import CHUNK, PatronRecord
from sync.hub.county.patrons import Taken as LeftOut
from sync.hub.importers import csv_tables
from sync.hub.importers.csv_tables import Taken, read_rows
from sync.hub.importers.guardians import Link, bind
from sync.hub.importers.load import (
    begin_table,
    open_table,
    require,
    sort_out,
    those_that_fit,
)
from sync.hub.importers.patron_store import digests_of, patron_store
from sync.hub.importers.report import ImportReport
from sync.hub.importers.run import Order, Run
from sync.hub.importers.seen import Seen
from sync.hub.importers.source import chunks, count
from sync.hub.importers.store import known, store_changed
from sync.hub.importers.tables import BadCell
from sync.hub.store import schema
from sync.hub.store.database import Database


@dataclass(frozen=True, slots=True)
class _File:
    """What earlier rows of the file said.

    `cards` and `refs`: whose they are. `wards`: who answers for a patron, as written.
    `types`: of patrons by number.
    """

    cards: Seen
    refs: Seen
    wards: Seen
    types: Seen


def import_patrons(database: Database, order: Order) -> ImportReport:
    """Take a table of patrons. A card that is another's already stays that one's."""
    table = open_table(order, csv_tables.PATRON_COLUMNS)
    with ExitStack() as stack:
        numbers = stack.enter_context(Seen())
        file = _File(*(stack.enter_context(Seen()) for _ in range(4)))
        run = begin_table(database, order, "patrons", table)
        rows = read_rows(table.rows, csv_tables.patron, numbers)
        total = count(order.content, b"\n")
        for chunk in chunks(rows, CHUNK):
            _take(run, _that_fit(run, sort_out(run, chunk), file), file)
            order.progress(len(chunk), total)
        for links in chunks(_links(file, numbers), CHUNK):
            bind(run, links, file.types)
    return run.report()


def _that_fit(
    run: Run, taken: list[Taken[PatronRecord]], file: _File
) -> list[Taken[PatronRecord]]:
    """Reject patrons of a site that there is not, or with the id of another one."""
    homes = [each.value.home_site for each in taken]
    refs = [each.value.patron_ref for each in taken if each.value.patron_ref]
    people = schema.patrons.c
    query = select(people.patron_ref, people.number).where(people.patron_ref.in_(refs))
    with run.database.reading() as conn:
        sites = known(conn, schema.sites.c.site_id, homes)
        owners = {row.patron_ref: row.number for row in conn.execute(query)}

    def check(one: PatronRecord) -> None:
        require("home_site", one.home_site, sites, "site")
        if one.patron_ref:
            stored = owners.get(one.patron_ref, one.number)
            owner = str(file.refs.first(one.patron_ref, stored))
            if owner != one.number:
                reason = f"is the id of {owner} already"
                raise BadCell("patron_ref", one.patron_ref, reason)

    return those_that_fit(run, taken, check)


def _take(run: Run, taken: Sequence[Taken[PatronRecord]], file: _File) -> None:
    records = [_alone(_own_cards(run, each, file.cards), file) for each in taken]
    digests = digests_of(run.database, records, dry_run=run.order.dry_run)
    lines = {each.key: each.line for each in taken}

    def left_out(other: LeftOut) -> None:
        _remark_card(run, lines[other.number], other.text)

    with run.writing() as conn:
        store = patron_store(digests, left_out)
        run.tally.changed += store_changed(conn, store, records, run.journal)
    run.tally.taken += len(records)


def _alone(record: PatronRecord, file: _File) -> PatronRecord:
    """Put off who answers for them, who may stand further down in the file."""
    file.types.first(record.number, record.patron_type)
    if record.guardian:
        file.wards.first(record.number, record.guardian)
    return replace(record, guardian=None)


def _links(file: _File, numbers: Seen) -> Iterator[Link]:
    return (
        Link(
            line=int(numbers.first(ward, 0)),
            ward=ward,
            guardian=str(file.refs.get(str(written)) or written),
        )
        for ward, written in file.wards
    )


def _own_cards(run: Run, taken: Taken[PatronRecord], cards: Seen) -> PatronRecord:
    """Leave out cards that an earlier row of the file gave to another patron."""
    own = list[str]()
    for text in taken.value.credentials:
        if cards.first(text, taken.key) == taken.key:
            own.append(text)
        else:
            _remark_card(run, taken.line, text)
    return replace(taken.value, card_uids=tuple(own))


def _remark_card(run: Run, line: int, text: str) -> None:
    run.tally.remark(line, f"{text} identifies another patron already; left out")
