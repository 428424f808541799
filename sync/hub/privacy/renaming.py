"""Readers' names in stored JSON, put in place of one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from sync.hub.circulation.facts import Records

NAME = "patron_ref"
#: In the payload of a machine's event: the number of a card that nobody knew.
CARD = "card"
_SESSION, _PAYLOAD = "session_id", "payload"


def renamed(text: str, old: str, new: str | None) -> str:
    """JSON in which `new` stands wherever a `patron_ref` was `old`."""
    plain = _renamed(msgspec.json.decode(text), old, new)
    return msgspec.json.encode(plain).decode()


def nameless(text: str) -> str:
    """JSON without any `patron_ref`, card or session."""
    return msgspec.json.encode(_nameless(msgspec.json.decode(text))).decode()


def body_without(body: str, former: str) -> str:
    """An event that no longer tells whose it was, nor in which session.

    A session would lead from its old loans to those whose readers are known.
    """
    fields = msgspec.json.decode(body)
    fields[_SESSION] = None
    fields.get(_PAYLOAD, {}).pop(CARD, None)
    if fields.get(NAME) is not None:
        fields[NAME] = former
    return msgspec.json.encode(fields).decode()


def records_without(records: Records, new: str) -> str:
    """What the county knew of a reader, less what only one of them could be."""
    if records.patron is not None:
        known = records.patron
        patron = replace(known, patron_ref=new, expires_on=None, loan_limit=None)
        records = replace(records, patron=patron)
    return msgspec.json.encode(records).decode()


def _renamed(value: Any, old: str, new: str | None) -> Any:
    match value:
        case dict():
            return {
                name: new if name == NAME and one == old else _renamed(one, old, new)
                for name, one in value.items()
            }
        case list():
            return [_renamed(one, old, new) for one in value]
        case str() if value.startswith("{"):
            return _within(value, lambda text: renamed(text, old, new))
        case _:
            return value


def _nameless(value: Any) -> Any:
    match value:
        case dict():
            return {
                name: _nameless(one)
                for name, one in value.items()
                if name not in (NAME, CARD, _SESSION)
            }
        case list():
            return [_nameless(one) for one in value]
        case str() if value.startswith("{"):
            return _within(value, nameless)
        case _:
            return value


def _within(text: str, change: Callable[[str], str]) -> str:
    """A text that may be JSON itself, as the body of an event within a case is."""
    try:
        return change(text)
    except msgspec.DecodeError:
        return text
