"""Messages with types: read from and written to the wire by their own attributes.

An attribute is a fixed field of that name, or the field whose id has that name; its type
says how the text is read.
"""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any, get_type_hints

from sync.sip2 import answers, requests, wire
from sync.sip2.answers import Answer
from sync.sip2.dates import read_moment, write_moment
from sync.sip2.dialects import Dialect
from sync.sip2.fields import FREE_TEXT, IDS
from sync.sip2.layouts import LAYOUTS
from sync.sip2.requests import Request
from sync.sip2.wire import Message

Typed = Request | Answer

#: The longest value that the document allows.
_LONGEST = 255
_COUNT_LIMIT = 9999
#: These flags are 1 and 0; all others are Y and N.
_DIGIT_FLAGS = frozenset({"ok", "item_properties_ok"})


#: Message id → its class.
TYPES: Mapping[str, type[Typed]] = MappingProxyType(
    {
        kind.ID: kind
        for module in (requests, answers)
        for kind in vars(module).values()
        if hasattr(kind, "ID")
    }
)


def decode(line: bytes, dialect: Dialect) -> Typed:
    """Read a line. Raises BadMessage; what a field may not say is read as none."""
    return read(wire.decode(line, dialect))


def encode(typed: Typed, dialect: Dialect, sequence: int | None = None) -> bytes:
    """The line without its end, sealed if it has a number. Raises BadMessage."""
    return wire.encode(write(typed, dialect.delimiter, sequence), dialect)


def read(message: Message) -> Typed:
    """Never raises: the codec knows the id, and nothing else can be wrong with it."""
    kind = TYPES[message.message_id]
    places = _places(message.message_id)
    values: dict[str, Any] = {}
    for place in places:
        if place.field_id is None:
            texts: tuple[str, ...] = (message.fixed.get(place.name, ""),)
        else:
            texts = message.values(place.field_id)
        values[place.name] = _read(place.kind, tuple(map(_tidy, texts)))
    known = {place.field_id for place in places}
    other = tuple(pair for pair in message.fields if pair[0] not in known)
    return kind(**values, other=other)


def write(typed: Typed, delimiter: str = "|", sequence: int | None = None) -> Message:
    """In the document's order. Free text is made fit; ids and numbers stay as they are."""
    fixed: dict[str, str] = {}
    fields: list[tuple[str, str]] = []
    for place in _places(typed.ID):
        texts = _write(place, getattr(typed, place.name))
        if place.field_id is None:
            fixed[place.name] = texts[0]
        elif place.field_id in FREE_TEXT:
            fields += [(place.field_id, _fit(text, delimiter)) for text in texts]
        else:
            fields += [(place.field_id, text) for text in texts]
    number = None if sequence is None else str(sequence)
    return Message(typed.ID, fixed, (*fields, *typed.other), number)


@dataclass(frozen=True, slots=True)
class _Place:
    """`field_id` is None and `width` given for a fixed field."""

    name: str
    field_id: str | None
    width: int
    kind: object


@cache
def _places(message_id: str) -> tuple[_Place, ...]:
    """In the order of the layout."""
    layout, hints = LAYOUTS[message_id], get_type_hints(TYPES[message_id])
    fixed = [
        _Place(name, None, width, hints[name]) for name, width in layout.fixed.items()
    ]
    ids = {
        IDS[name]: name for name in hints if name in IDS and name not in layout.fixed
    }
    named = [_Place(ids[each], each, 0, hints[ids[each]]) for each in layout.ids]
    return (*fixed, *named)


def _read(kind: object, texts: tuple[str, ...]) -> object:
    if kind == tuple[str, ...]:
        return texts
    first = texts[0] if texts else None
    if kind is str:
        return first or ""
    if kind is bool:
        return _flag(first or "")
    return None if first is None else _READERS[kind](first)


def _flag(text: str) -> bool:
    return text in {"Y", "1"}


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None


def _optional_flag(text: str) -> bool | None:
    return _flag(text) if text else None


_READERS: Mapping[object, Callable[[str], object]] = {
    str | None: str,
    bool | None: _optional_flag,
    int | None: _count,
    dt.datetime | None: read_moment,
}


def _write(place: _Place, value: object) -> tuple[str, ...]:
    match value:
        case tuple():
            return value
        case bool():
            return (("01" if place.name in _DIGIT_FLAGS else "NY")[value],)
        case int():
            return (f"{min(value, _COUNT_LIMIT):0{place.width}}",)
        case str():
            return (value,)
        case dt.datetime():
            return (write_moment(value),)
        case _:
            return () if place.field_id else (" " * place.width,)


def _tidy(text: str) -> str:
    """Composed characters, as two forms of one name would differ."""
    return unicodedata.normalize("NFC", text)


def _fit(text: str, delimiter: str) -> str:
    """Cut and without anything that would end the field or the line."""
    cut = text[:_LONGEST].replace(delimiter, " ")
    return "".join(" " if unicodedata.category(each) == "Cc" else each for each in cut)
