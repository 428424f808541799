"""Patrons in full, and their credentials as the digests that kiosks compare.

A digest costs tens of milliseconds on purpose. So it is made once per card, on
all cores, and before the transaction that stores it.
"""

from __future__ import annotations

import datetime as dt
import os
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kiosk.domain.credentials import digest, normalise
from kiosk.domain.rules import CredentialRule
from kiosk.domain.values import Patron, PatronState
from sync.hub.county.card_kinds import CardKind, CardState
from sync.hub.county.rulebook import current_rules
from sync.hub.county.search_terms import Kind, index, words
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.store import schema
from sync.hub.store.database import Database
from sync.hub.store.rows import one, patron_value, put_rows

#: Patrons per transaction of `import_patrons`.
CHUNK = 100


@dataclass(frozen=True, slots=True)
class CardRecord:
    """A card as another hub knew it; `since` of the state, None: from the beginning."""

    text: str
    kind: CardKind
    state: CardState = CardState.ACTIVE
    since: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class PatronRecord:
    """A patron as the county knows one. `card_uids`: chips that stand for the card.

    `home_site`: empty leaves what is known, but for `put_private`. `guardian`: a
    patron_ref; that one, `loan_limit` and `why` are written by `put_private` alone.
    `patron_ref`: of a new patron only; empty for a fresh one. `cards` says how those
    cards stand that are new to the hub; all others are active.
    """

    number: str
    name: str
    patron_type: str
    state: PatronState = PatronState.VALID
    expires_on: dt.date | None = None
    birth_year: int | None = None
    phone: str = ""
    card_uids: tuple[str, ...] = ()
    home_site: str = ""
    guardian: str | None = None
    loan_limit: int | None = None
    why: str = ""
    patron_ref: str = ""
    cards: tuple[CardRecord, ...] = field(default=(), compare=False)

    @property
    def credentials(self) -> dict[str, CardRecord]:
        """Every card by its normalised text."""
        said = {card.text: card for card in self.cards}
        texts = dict.fromkeys(map(normalise, self.card_uids), CardKind.UID)
        texts[normalise(self.number)] = CardKind.NUMBER
        return {t: said.get(t) or CardRecord(t, kind) for t, kind in texts.items()}


@dataclass(frozen=True, slots=True)
class Taken:
    """A credential left out, since it is another patron's already."""

    number: str
    text: str


Digests = Mapping[str, str]


def import_patrons(
    database: Database,
    records: Iterable[PatronRecord],
    progress: Callable[[int], None] = lambda _count: None,
) -> tuple[Taken, ...]:
    """Put any number of patrons, a transaction per chunk.

    It takes long: `progress` gets the size of each chunk when it is stored.
    """
    taken: list[Taken] = []
    rest = iter(records)
    while chunk := tuple(islice(rest, CHUNK)):
        digests = new_digests(database, chunk)
        with database.writing() as conn:
            taken += put_patrons(conn, chunk, digests)
        progress(len(chunk))
    return tuple(taken)


def new_digests(database: Database, records: Sequence[PatronRecord]) -> Digests:
    """Make the digests that are not stored yet, by normalised text."""
    texts = {text for record in records for text in record.credentials}
    with database.reading() as conn:
        rule = current_rules(conn).credential
        missing = sorted(texts - _owners(conn, texts).keys())
    return _make(missing, rule)


def put_patrons(
    conn: Connection, records: Sequence[PatronRecord], digests: Digests | None = None
) -> tuple[Taken, ...]:
    """Write patrons by their number and add the credentials they list.

    `digests` of `new_digests` spare the transaction the slow part. Credentials
    that a patron has already stay; those of somebody else are left out and
    returned.
    """
    known = _known(conn, records)
    refs = {number: ref for number, (ref, _home) in known.items()}
    _index_names(conn, records)
    put_rows(conn, schema.patrons, [_row(record, known) for record in records])
    mark(conn, Feed.PATRON, refs.values())
    return _put_credentials(conn, records, refs, digests or {})


def put_private(conn: Connection, records: Sequence[PatronRecord]) -> None:
    """Write guardian, home site, own limit and the reason of the state, as given.

    For patrons that are stored: `put_patrons` marks them for the kiosks.
    """
    table = schema.patrons
    names = ("guardian", "home_site", "loan_limit", "why")
    rows = [
        {"of": normalise(r.number), **{f"new_{n}": getattr(r, n) for n in names}}
        for r in records
    ]
    if rows:
        values: dict[str, object] = {name: bindparam(f"new_{name}") for name in names}
        mine = table.c.number == bindparam("of")
        conn.execute(update(table).where(mine).values(values), rows)


def patron(conn: Connection, patron_ref: str) -> Patron | None:
    row = one(conn, schema.patrons, patron_ref)
    return None if row is None else patron_value(row)


def drop_credential(conn: Connection, text: str) -> bool:
    """Take a card number or chip from its patron; False if nobody had it."""
    table = schema.credentials
    found = conn.execute(
        select(table.c.digest).where(table.c.text == normalise(text))
    ).scalar_one_or_none()
    if found is None:
        return False
    conn.execute(delete(table).where(table.c.digest == found))
    mark(conn, Feed.CREDENTIAL, [found])
    return True


def _index_names(conn: Connection, records: Sequence[PatronRecord]) -> None:
    """See that patrons are found by their names as they are now."""
    table = schema.patrons
    names = {normalise(record.number): record.name for record in records}
    rows = conn.execute(
        select(table.c.number, table.c.name).where(table.c.number.in_(names))
    )
    before = {row.number: words(row.name) for row in rows}
    after = {number: words(name) for number, name in names.items()}
    index(conn, Kind.PATRON, before, after)


def _known(
    conn: Connection, records: Sequence[PatronRecord]
) -> dict[str, tuple[str, str]]:
    """Number → patron_ref, that of the record or a random one if new, and home site."""
    table = schema.patrons.c
    numbers = [normalise(record.number) for record in records]
    rows = conn.execute(
        select(table.number, table.patron_ref, table.home_site).where(
            table.number.in_(numbers)
        )
    )
    known = {row.number: (row.patron_ref, row.home_site) for row in rows}
    given = {normalise(record.number): record.patron_ref for record in records}
    return {
        number: known.get(number) or (given[number] or uuid.uuid4().hex, "")
        for number in numbers
    }


def _row(
    record: PatronRecord, known: Mapping[str, tuple[str, str]]
) -> dict[str, object]:
    number = normalise(record.number)
    patron_ref, home_site = known[number]
    return {
        "patron_ref": patron_ref,
        "number": number,
        "name": record.name,
        "patron_type": record.patron_type,
        "state": record.state.value,
        "expires_on": record.expires_on,
        "birth_year": record.birth_year,
        "phone": record.phone,
        "home_site": record.home_site or home_site,
    }


def _put_credentials(
    conn: Connection,
    records: Sequence[PatronRecord],
    refs: Mapping[str, str],
    digests: Digests,
) -> tuple[Taken, ...]:
    owners = _owners(conn, [text for record in records for text in record.credentials])
    stored = frozenset(owners)
    fresh: dict[str, tuple[str, CardRecord]] = {}
    taken = []
    for record in records:
        ref = refs[normalise(record.number)]
        for text, card in record.credentials.items():
            owner = owners.setdefault(text, ref)
            if owner != ref:
                taken.append(Taken(record.number, text))
            elif text not in stored:
                fresh[text] = (ref, card)
    _insert(conn, fresh, digests)
    return tuple(taken)


def _insert(
    conn: Connection, wanted: Mapping[str, tuple[str, CardRecord]], digests: Digests
) -> None:
    slow = [text for text in wanted if text not in digests]
    made = {**digests, **_make(slow, current_rules(conn).credential)}
    rows = [
        {
            "digest": made[text],
            "patron_ref": ref,
            "kind": card.kind.value,
            "text": text,
            "state": card.state.value,
            "since": card.since,
        }
        for text, (ref, card) in wanted.items()
    ]
    if rows:
        conn.execute(insert(schema.credentials), rows)
        mark(conn, Feed.CREDENTIAL, [made[text] for text in wanted])


def _owners(conn: Connection, texts: Iterable[str]) -> dict[str, str]:
    """Who has the stored ones among these credentials: text → patron_ref."""
    table = schema.credentials
    rows = conn.execute(
        select(table.c.text, table.c.patron_ref).where(table.c.text.in_(tuple(texts)))
    )
    return {row.text: row.patron_ref for row in rows}


def _make(texts: Sequence[str], rule: CredentialRule) -> dict[str, str]:
    # scrypt lets go of the interpreter lock, so threads use every core.
    with ThreadPoolExecutor(os.cpu_count(), "digest") as pool:
        made = pool.map(lambda text: digest(text, rule), texts)
        return dict(zip(texts, made, strict=True))
