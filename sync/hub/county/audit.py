"""Who changed what, when, from where and why: entries that nobody can take out unseen.

Each entry carries the hash of the one before, and the last one's is kept apart.
An entry is written in the transaction of the change it tells of, so there is
neither a change without an entry nor an entry without a change.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select

from sync.hub.store import schema
from sync.hub.store.rows import one, put_rows

GENESIS = "0" * 64
HIDDEN = "*"
#: What of a patron may stand in the log; of everything else only that it changed.
_PLAIN_OF_PATRONS = {"state", "patron_type", "expires_on", "site_id"}
#: Personal or secret wherever it occurs.
_NEVER_PLAIN = {"keeper", "phone", "password", "number", "patron", "patron_name"}
_HEAD = "audit_head"
#: Entries read at once while checking.
_CHUNK = 1000

_LOG = schema.audit_log


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `origin`: the address of a browser, or "command"."""

    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry. Noted outside, it shows whether entries went missing since."""

    entry: int
    hash: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry that is not as it was written, and what is wrong with it."""

    entry: int
    why: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries; empty for all. `what` may be the beginning, like "site."."""

    who: str = ""
    what: str = ""
    about: str = ""


class Entry(msgspec.Struct, frozen=True):
    """One change, as it is read."""

    entry: int
    at: dt.datetime
    who: str
    origin: str
    what: str
    about: str
    before: dict[str, object]
    after: dict[str, object]
    reason: str


def note(
    conn: Connection,
    who: Actor,
    what: str,
    about: str,
    now: dt.datetime,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
    reason: str = "",
) -> None:
    """Add an entry; within `Database.writing()`, beside the change itself.

    `what` is like "site.move". `about` names one thing as kind:id, like "site:0417";
    a patron by "patron:" and the patron_ref, never by a number or name. Of `before`
    and `after` give what changed: personal values are left out here.
    """
    last = head(conn)
    values: dict[str, object] = {
        "entry": last.entry + 1,
        "at": now.astimezone(dt.UTC),
        "who": who.name,
        "origin": who.origin,
        "what": what,
        "about": about,
        "before": _text(about, before),
        "after": _text(about, after),
        "reason": reason,
        "prev_hash": last.hash,
    }
    digest = _hash(values)
    conn.execute(insert(_LOG), [values | {"hash": digest}])
    _keep_head(conn, Head(last.entry + 1, digest))


def head(conn: Connection) -> Head:
    """The last entry as it was noted apart from the log; entry 0 before the first."""
    row = one(conn, schema.settings, _HEAD)
    if row is None:
        return Head(0, GENESIS)
    return msgspec.json.decode(row["value"], type=Head)


def hash_of(conn: Connection, entry: int) -> str:
    """The hash of an entry; of entry 0 the one that the chain begins with."""
    found = select(_LOG.c.hash).where(_LOG.c.entry == entry)
    missing = "" if entry else GENESIS
    return str(conn.execute(found).scalar_one_or_none() or missing)


def entries(
    conn: Connection, wanted: AuditFilter, limit: int, before: int | None = None
) -> list[Entry]:
    """The latest entries that fit, or those before entry `before`."""
    chosen = select(_LOG).order_by(_LOG.c.entry.desc()).limit(limit)
    for name in ("who", "about"):
        value = getattr(wanted, name)
        if value:
            chosen = chosen.where(_LOG.c[name] == value)
    if wanted.what:
        chosen = chosen.where(_LOG.c.what.startswith(wanted.what, autoescape=True))
    if before is not None:
        chosen = chosen.where(_LOG.c.entry < before)
    return [_entry(row) for row in conn.execute(chosen).mappings()]


def check(conn: Connection) -> Broken | None:
    """Read the whole log; None if every entry is there as it was written."""
    expected = Head(0, GENESIS)
    while rows := _after(conn, expected.entry):
        for row in rows:
            why = _fault(row, expected)
            if why:
                return Broken(expected.entry + 1, why)
            expected = Head(row["entry"], row["hash"])
    last = head(conn)
    if last == expected:
        return None
    why = f"the log should end with entry {last.entry} ({last.hash[:12]}…)"
    return Broken(expected.entry + 1, why)


def without_personal(about: str, values: Mapping[str, object]) -> dict[str, object]:
    """What may be kept for years: of the rest only that there was a value."""
    is_patron = about.startswith("patron:")
    return {
        name: value if _is_plain(name, is_patron=is_patron) else _hidden(value)
        for name, value in values.items()
    }


def _is_plain(name: str, *, is_patron: bool) -> bool:
    return name in _PLAIN_OF_PATRONS if is_patron else name not in _NEVER_PLAIN


def _hidden(value: object) -> str:
    return HIDDEN if value not in (None, "") else ""


def _text(about: str, values: Mapping[str, object] | None) -> str:
    plain = without_personal(about, values or {})
    return msgspec.json.encode(plain, order="sorted").decode()


def _hash(values: Mapping[str, object] | RowMapping) -> str:
    fields = [values[column.name] for column in _LOG.columns if column.name != "hash"]
    return hashlib.sha256(msgspec.json.encode(fields)).hexdigest()


def _keep_head(conn: Connection, last: Head) -> None:
    value = msgspec.json.encode(last).decode()
    put_rows(conn, schema.settings, [{"name": _HEAD, "value": value}])


def _entry(row: RowMapping) -> Entry:
    names = ("entry", "at", "who", "origin", "what", "about", "reason")
    return Entry(
        **{name: row[name] for name in names},
        before=msgspec.json.decode(row["before"]),
        after=msgspec.json.decode(row["after"]),
    )


def _after(conn: Connection, entry: int) -> list[RowMapping]:
    rows = select(_LOG).where(_LOG.c.entry > entry).order_by(_LOG.c.entry).limit(_CHUNK)
    return list(conn.execute(rows).mappings())


def _fault(row: RowMapping, before: Head) -> str:
    if row["entry"] != before.entry + 1:
        return "the entry is missing"
    if row["prev_hash"] != before.hash:
        return "the entry before it was changed"
    return "" if _hash(row) == row["hash"] else "the entry was changed"
