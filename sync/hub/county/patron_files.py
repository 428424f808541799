"""One patron's record: what is in it, and changing it. Every change is in the audit log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields

from sqlalchemy import Connection, RowMapping, select, update

from kiosk.domain.credentials import digest, normalise
from kiosk.domain.values import PatronState
from sync.hub.county.audit import Actor, note
from sync.hub.county.rulebook import current_rules
from sync.hub.county.search_terms import Kind, index, words
from sync.hub.feed.feedmarks import Feed, mark
from sync.hub.refusal import CodedRefusal
from sync.hub.store import schema
from sync.hub.store.rows import one

_PATRONS, _CARDS = schema.patrons, schema.credentials
MAX_LOANS = 10_000


class UnknownPatron(CodedRefusal, LookupError):
    """No patron has this number or card."""


class BadPatron(CodedRefusal, ValueError):
    """A record that can't be; the text names the field and the value."""


@dataclass(frozen=True, slots=True)
class PatronFile:
    """All of a patron but the cards. `guardian`: the patron_ref of who answers for them.

    `loan_limit`: in place of that of the type. `why`: of the state, for staff.
    """

    patron_ref: str
    number: str
    name: str
    patron_type: str
    state: PatronState
    why: str = ""
    expires_on: dt.date | None = None
    birth_year: int | None = None
    phone: str = ""
    home_site: str = ""
    guardian: str | None = None
    loan_limit: int | None = None


#: What staff may change; the number names the patron for good.
EDITABLE = frozenset(field.name for field in fields(PatronFile)) - {
    "patron_ref",
    "number",
}


def patron_file(conn: Connection, patron_ref: str) -> PatronFile | None:
    row = one(conn, _PATRONS, patron_ref)
    return None if row is None else file_of(row)


def file_of(row: RowMapping) -> PatronFile:
    """A row of `schema.patrons`."""
    return PatronFile(**{**row, "state": PatronState(row["state"])})


def find(conn: Connection, number: str) -> PatronFile:
    """The patron with this number, or with any card that says so. Raises UnknownPatron."""
    text = normalise(number)
    by_number = select(_PATRONS).where(_PATRONS.c.number == text)
    by_card = (
        select(_PATRONS)
        .join(_CARDS, _CARDS.c.patron_ref == _PATRONS.c.patron_ref)
        .where(_CARDS.c.text == text)
    )
    for query in (by_number, by_card):
        row = conn.execute(query).mappings().one_or_none()
        if row is not None:
            return file_of(row)
    said = f"no patron has the number or card {text!r}"
    raise UnknownPatron("no_patron", said, value=text)


def by_digest(conn: Connection, text: str) -> str | None:
    """The patron_ref of a card by what kiosks compare; costs tens of milliseconds."""
    made = digest(text, current_rules(conn).credential)
    found: str | None = conn.execute(
        select(_CARDS.c.patron_ref).where(_CARDS.c.digest == made)
    ).scalar_one_or_none()
    return found


def wards(conn: Connection, patron_ref: str) -> tuple[PatronFile, ...]:
    """Whom this patron answers for, by number."""
    rows = conn.execute(
        select(_PATRONS)
        .where(_PATRONS.c.guardian == patron_ref)
        .order_by(_PATRONS.c.number)
    )
    return tuple(file_of(row) for row in rows.mappings())


def is_minor(conn: Connection, patron: PatronFile) -> bool:
    """Whether the rules in force treat this type as minors."""
    return is_minor_type(conn, patron.patron_type)


def is_minor_type(conn: Connection, patron_type: str) -> bool:
    rule = current_rules(conn).patrons.get(patron_type)
    return rule is not None and rule.minor


def change(
    conn: Connection,
    patron_ref: str,
    values: Mapping[str, object],
    who: Actor,
    now: dt.datetime,
    reason: str = "",
) -> PatronFile:
    """Change some of EDITABLE. Raises UnknownPatron, BadPatron, and then nothing is.

    The kiosks learn what concerns them.
    """
    before = patron_file(conn, patron_ref)
    if before is None:
        raise UnknownPatron(
            "no_patron", f"there is no patron {patron_ref!r}", value=patron_ref
        )
    fresh = {
        name: value for name, value in values.items() if getattr(before, name) != value
    }
    _check(conn, before, fresh)
    if not fresh:
        return before
    mine = _PATRONS.c.patron_ref == patron_ref
    conn.execute(update(_PATRONS).where(mine).values(**fresh))
    after = patron_file(conn, patron_ref) or before
    names = ({before.number: words(before.name)}, {after.number: words(after.name)})
    index(conn, Kind.PATRON, *names)
    mark(conn, Feed.PATRON, [patron_ref])
    old = {name: getattr(before, name) for name in fresh}
    about = f"patron:{patron_ref}"
    note(conn, who, "patron.change", about, now, before=old, after=fresh, reason=reason)
    return after


def _check(conn: Connection, before: PatronFile, fresh: Mapping[str, object]) -> None:
    for name, value in fresh.items():
        if name not in EDITABLE:
            raise BadPatron("fixed", f"{name} can't be changed", field=name)
        check = _CHECKS.get(name)
        if check is not None:
            check(conn, before, value)


def _check_name(_conn: Connection, _before: PatronFile, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise BadPatron("no_name", "name: must not be empty")


def _check_type(conn: Connection, _before: PatronFile, value: object) -> None:
    known = current_rules(conn).patrons
    if value not in known:
        text = f"patron_type: {value!r} is not one of {', '.join(known)}"
        raise BadPatron("type", text, value=value)


def _check_site(conn: Connection, _before: PatronFile, value: object) -> None:
    if value != "" and one(conn, schema.sites, str(value)) is None:
        text = f"home_site: there is no site {value!r}"
        raise BadPatron("site", text, value=value)


def _check_limit(_conn: Connection, _before: PatronFile, value: object) -> None:
    if value is not None and not (isinstance(value, int) and 0 <= value <= MAX_LOANS):
        text = f"loan_limit: {value!r} is not from 0 to {MAX_LOANS}"
        raise BadPatron("limit", text, value=value, high=MAX_LOANS)


def _check_guardian(conn: Connection, before: PatronFile, value: object) -> None:
    if value is None:
        return
    guardian = patron_file(conn, str(value))
    if guardian is None:
        text = f"guardian: there is no patron {value!r}"
        raise BadPatron("no_patron", text, value=value)
    if guardian.patron_ref == before.patron_ref:
        raise BadPatron("own_guardian", "guardian: nobody is their own guardian")
    if is_minor(conn, guardian):
        text = f"guardian: {guardian.number} is a minor"
        raise BadPatron("minor_guardian", text, value=guardian.number)


def _check_birth(_conn: Connection, _before: PatronFile, value: object) -> None:
    if value is not None and not (isinstance(value, int) and 1900 <= value <= 2100):
        text = f"birth_year: {value!r} is no year of birth"
        raise BadPatron("birth_year", text, value=value)


_CHECKS = {
    "name": _check_name,
    "patron_type": _check_type,
    "home_site": _check_site,
    "loan_limit": _check_limit,
    "guardian": _check_guardian,
    "birth_year": _check_birth,
}
