"""What readers agreed to: which version of the text, when, and who took it down."""

from __future__ import annotations

import datetime as dt
import enum
import uuid

import msgspec
from sqlalchemy import ColumnElement, Connection, func, insert, select, update

from kiosk.domain.values import county_day
from sync.hub.county.audit import Actor, note
from sync.hub.county.patron_files import PatronFile, is_minor
from sync.hub.refusal import CodedRefusal
from sync.hub.store import schema

_TEXTS, _CONSENTS = schema.consent_texts, schema.consents
#: Years; whoever is younger does not agree alone.
AGE_OF_CONSENT = 14
_HOLDS = _CONSENTS.c.withdrawn_at.is_(None)


class BadConsent(CodedRefusal, ValueError):
    """A consent that can't be; the text says why."""


class Purpose(enum.StrEnum):
    """HISTORY: that the hub remembers what the reader has borrowed."""

    SERVICE = "service"
    HISTORY = "history"


class ConsentText(msgspec.Struct, frozen=True):
    """What readers are asked to agree to, in both languages."""

    version: int
    since: dt.datetime
    zh: str
    en: str


class Consent(msgspec.Struct, frozen=True):
    """`given_by`: the guardian's patron_ref; None: the reader."""

    consent_id: str
    patron_ref: str
    purpose: Purpose
    version: int
    given_at: dt.datetime
    taken_by: str
    given_by: str | None
    withdrawn_at: dt.datetime | None
    withdrawn_by: str | None


def put_text(
    conn: Connection, zh: str, en: str, who: Actor, now: dt.datetime
) -> ConsentText:
    """Add a version; from now on readers are asked for this one. Raises BadConsent."""
    if not zh.strip() or not en.strip():
        raise BadConsent("texts", "text: must be there in Chinese and in English")
    newest = current_text(conn)
    made = ConsentText(newest.version + 1 if newest else 1, now, zh, en)
    conn.execute(insert(_TEXTS), [msgspec.structs.asdict(made)])
    about = f"consent-text:{made.version}"
    note(conn, who, "privacy.text", about, now, after={"version": made.version})
    return made


def texts(conn: Connection) -> list[ConsentText]:
    """Every version, the newest first."""
    rows = conn.execute(select(_TEXTS).order_by(_TEXTS.c.version.desc())).mappings()
    return [ConsentText(**row) for row in rows]


def current_text(conn: Connection) -> ConsentText | None:
    return next(iter(texts(conn)), None)


def give(
    conn: Connection, patron: PatronFile, purpose: Purpose, who: Actor, now: dt.datetime
) -> None:
    """The reader agrees to the current text; for a minor the guardian does.

    Raises BadConsent.
    """
    text = current_text(conn)
    if text is None:
        raise BadConsent("no_text", "text: there is none yet to agree to")
    is_child = is_minor(conn, patron) or _may_be_a_child(patron, now)
    guardian = patron.guardian if is_child else None
    if is_child and guardian is None:
        said = "guardian: a minor's must agree, and none is recorded"
        raise BadConsent("needs_guardian", said)
    _end(conn, patron.patron_ref, purpose, who, now)
    row = {
        "consent_id": uuid.uuid4().hex,
        "patron_ref": patron.patron_ref,
        "purpose": purpose.value,
        "version": text.version,
        "given_at": now,
        "taken_by": who.name,
        "given_by": guardian,
    }
    conn.execute(insert(_CONSENTS), [row])
    _note(conn, "privacy.agree", patron.patron_ref, purpose, who, now)


def _may_be_a_child(patron: PatronFile, now: dt.datetime) -> bool:
    """Whether a guardian must agree by law; of the birth only the year is known."""
    born = patron.birth_year
    return born is not None and county_day(now).year - born <= AGE_OF_CONSENT


def withdraw(
    conn: Connection, patron: PatronFile, purpose: Purpose, who: Actor, now: dt.datetime
) -> None:
    """The reader agrees no longer. Raises BadConsent if there was no agreement."""
    if not _end(conn, patron.patron_ref, purpose, who, now):
        text = f"{purpose.value}: {patron.number} had not agreed"
        raise BadConsent("not_agreed", text)
    _note(conn, "privacy.withdraw", patron.patron_ref, purpose, who, now)


def consents_of(conn: Connection, patron_ref: str) -> list[Consent]:
    """All that a reader ever agreed to, the newest first."""
    mine = _CONSENTS.c.patron_ref == patron_ref
    query = select(_CONSENTS).where(mine).order_by(_CONSENTS.c.given_at.desc())
    rows = conn.execute(query).mappings()
    return [Consent(**{**row, "purpose": Purpose(row["purpose"])}) for row in rows]


def keep_history(conn: Connection) -> frozenset[str]:
    """The readers who want the hub to remember what they borrowed."""
    query = select(_CONSENTS.c.patron_ref).where(_HOLDS, _is_for(Purpose.HISTORY))
    return frozenset(conn.execute(query).scalars())


def without_consent(conn: Connection, after: str, limit: int) -> list[str]:
    """The numbers of patrons who have not agreed to the current text, in order."""
    newest = select(func.max(_TEXTS.c.version)).scalar_subquery()
    agreed = select(_CONSENTS.c.patron_ref).where(
        _HOLDS, _is_for(Purpose.SERVICE), _CONSENTS.c.version == newest
    )
    people = schema.patrons.c
    query = select(people.number).where(
        people.number > after, people.patron_ref.not_in(agreed)
    )
    rows = conn.execute(query.order_by(people.number).limit(limit))
    return list(rows.scalars())


def _is_for(purpose: Purpose) -> ColumnElement[bool]:
    return _CONSENTS.c.purpose == purpose.value


def _end(
    conn: Connection, patron_ref: str, purpose: Purpose, who: Actor, now: dt.datetime
) -> bool:
    mine = _CONSENTS.c.patron_ref == patron_ref
    ended = conn.execute(
        update(_CONSENTS)
        .where(mine, _HOLDS, _is_for(purpose))
        .values(withdrawn_at=now, withdrawn_by=who.name)
    )
    return ended.rowcount > 0


def _note(
    conn: Connection,
    what: str,
    patron_ref: str,
    purpose: Purpose,
    who: Actor,
    now: dt.datetime,
) -> None:
    about = f"patron:{patron_ref}"
    note(conn, who, f"{what}.{purpose.value}", about, now)
