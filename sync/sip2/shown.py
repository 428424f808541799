"""A message as JSON and for people; what is about a person is masked unless asked for."""

from __future__ import annotations

import msgspec

from sync.sip2.errors import BadMessage
from sync.sip2.fields import MASK, NAMES, masked
from sync.sip2.wire import Message


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A message as JSON; what `as_json` gives can be read as this."""

    message_id: str
    fixed: dict[str, str] = {}
    fields: tuple[tuple[str, str], ...] = ()
    sequence: str | None = None


def as_json(message: Message, *, show_personal: bool) -> dict[str, object]:
    """`fields` are pairs in their order."""
    return {
        "message_id": message.message_id,
        "fixed": dict(message.fixed),
        "fields": [list(pair) for pair in _pairs(message, show_personal=show_personal)],
        "sequence": message.sequence,
        "checksum_status": message.checksum.value,
        "problems": list(message.problems),
    }


def as_listing(message: Message, *, show_personal: bool) -> dict[str, object]:
    """The same with names, and a field's values side by side."""
    named: dict[str, str] = {}
    for field_id, value in _pairs(message, show_personal=show_personal):
        name = f"{field_id} {NAMES.get(field_id, '')}".rstrip()
        named[name] = f"{named[name]} / {value}" if name in named else value
    return {**as_json(message, show_personal=show_personal), "fields": named}


def from_json(text: str) -> Message:
    """Raises BadMessage, for a value that is still masked, too."""
    try:
        given = msgspec.json.decode(text, type=Given)
    except (msgspec.MsgspecError, UnicodeEncodeError) as err:
        raise BadMessage(f"no message in JSON: {err}") from err
    for field_id, value in given.fields:
        if value == MASK:
            raise BadMessage(
                "its value is masked", message_id=given.message_id, field=field_id
            )
    return Message(given.message_id, given.fixed, given.fields, given.sequence)


def _pairs(message: Message, *, show_personal: bool) -> tuple[tuple[str, str], ...]:
    if show_personal:
        return message.fields
    return tuple((each, masked(each, value)) for each, value in message.fields)
