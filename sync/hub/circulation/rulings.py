"""What staff have ruled about a fact; it stays as recorded, and is read as ruled.

A ruling lies beside the fact, so it holds however often what follows is worked out,
whatever facts come later and however the clocks are corrected.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import msgspec

from sync.hub.circulation.facts import Fact, Standing
from sync.protocol import Clock


class Ruling(msgspec.Struct, frozen=True, omit_defaults=True):
    """What staff know better; None leaves it as it was recorded.

    `at`: when it happened. `happened`: False if it never did. `patron_ref`: who the
    unknown reader was. `due_on`: until when the reader may keep the book.
    """

    at: dt.datetime | None = None
    happened: bool = True
    patron_ref: str | None = None
    due_on: dt.date | None = None


NOTHING = Ruling()


def ruling_of(text: str | None) -> Ruling:
    """The ruling that is stored with a fact."""
    return msgspec.json.decode(text, type=Ruling) if text else NOTHING


def as_text(ruling: Ruling) -> str | None:
    """The ruling as it is stored; None if it says nothing."""
    return None if ruling == NOTHING else msgspec.json.encode(ruling).decode()


def merged(old: Ruling, new: Ruling) -> Ruling:
    """What both say; the new one where they differ."""
    said = {
        name: value
        for name in Ruling.__struct_fields__
        if (value := getattr(new, name)) != getattr(NOTHING, name)
    }
    return msgspec.structs.replace(old, **said)


def as_ruled(fact: Fact, ruling: Ruling) -> Fact:
    """The fact as staff have it, before its terms are worked out."""
    if ruling.at is not None:
        fact = _placed(fact, ruling.at)
    if ruling.patron_ref is not None:
        fact = replace(fact, patron_ref=ruling.patron_ref)
    if not ruling.happened and fact.standing is Standing.FIRM:
        fact = replace(fact, standing=Standing.WITHDRAWN)
    return fact


def agreed(fact: Fact, ruling: Ruling) -> Fact:
    """The fact with the day that staff have granted."""
    if ruling.due_on is None:
        return fact
    return replace(fact, due_on=ruling.due_on, kept=True)


def _placed(fact: Fact, at: dt.datetime) -> Fact:
    return replace(
        fact,
        at=at,
        earliest=at,
        latest=at,
        clock=Clock.SYNCED,
        believed=True,
        placed=True,
    )
