"""Registering a reader who has agreed to the text that they were shown."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from sqlalchemy import Connection

from sync.hub.county.audit import Actor
from sync.hub.county.patron_files import PatronFile
from sync.hub.county.registration import register
from sync.hub.privacy.consent import BadConsent, Purpose, current_text, give


def join(
    conn: Connection,
    number: str,
    values: Mapping[str, object],
    agreed_to: int | None,
    who: Actor,
    now: dt.datetime,
) -> PatronFile:
    """Register, and write down the consent; `agreed_to`: the version that was shown.

    As long as the county has no text, nobody can agree, and the reader is listed as
    one who has not. Raises BadPatron, BadConsent; then nothing must be committed.
    """
    text = current_text(conn)
    made = register(conn, number, values, who, now)
    if text is None:
        return made
    if agreed_to != text.version:
        told = "nothing" if agreed_to is None else f"version {agreed_to}"
        said = f"consent: to version {text.version} is needed, not {told}"
        raise BadConsent("version", said, n=text.version)
    give(conn, made, Purpose.SERVICE, who, now)
    return made
