"""A message as text: its fixed fields by name, the others in their order.

Bytes are made text before they are split: the second byte of a GBK character may be the
delimiter. What is odd but can be read is a problem of the message, not an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sync.sip2.dialects import Dialect
from sync.sip2.errors import BadMessage
from sync.sip2.layouts import LAYOUTS, UNNUMBERED, Layout
from sync.sip2.trailer import ChecksumStatus, Trailer, find_trailer, judge, seal

#: No message of any server is longer.
LIMIT_BYTES = 65536
_ID_CHARACTERS = 2
_END_OF_LINE = b"\r\n"
_JUNK = b"\r\n\0 "
_BREAKS_LINE = frozenset("\r\n\0")


@dataclass(frozen=True, slots=True)
class Message:
    """Values are as they stand on the wire. A `sequence` is one digit."""

    message_id: str
    fixed: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[tuple[str, str], ...] = ()
    sequence: str | None = None
    checksum: ChecksumStatus = ChecksumStatus.ABSENT
    problems: tuple[str, ...] = ()

    def value(self, field_id: str) -> str | None:
        """The first one."""
        return next(iter(self.values(field_id)), None)

    def values(self, field_id: str) -> tuple[str, ...]:
        return tuple(value for each, value in self.fields if each == field_id)


def decode(line: bytes, dialect: Dialect) -> Message:
    """Read a line, with or without its end. Raises BadMessage.

    Only an unknown id, a line without one and a line too long are refused.
    """
    line = line.lstrip(_JUNK).rstrip(_END_OF_LINE)
    if len(line) > LIMIT_BYTES:
        raise BadMessage(f"{len(line)} bytes, longer than {LIMIT_BYTES}", offset=0)
    trailer = find_trailer(line, dialect.delimiter.encode())
    body, all_known = dialect.decode(
        line[: len(line) - (trailer.length if trailer else 0)]
    )
    message_id = body[:_ID_CHARACTERS]
    layout = _layout_of(message_id)
    fixed, fields = _split(body, layout, dialect.delimiter)
    return Message(
        message_id,
        fixed,
        fields,
        trailer.sequence if trailer else None,
        _status(trailer, body, dialect),
        tuple(_problems(body, layout, fields, dialect, all_known=all_known)),
    )


def encode(message: Message, dialect: Dialect) -> bytes:
    """The line without its end. Raises BadMessage for what the wire can't carry.

    It is sealed if it has a sequence number, or needs none and errors are detected.
    """
    layout = _layout_of(message.message_id)
    text = message.message_id + "".join(_fixed(message, layout))
    for field_id, value in message.fields:
        _check_field(message.message_id, field_id, value, dialect)
        text += f"{field_id}{value}{dialect.delimiter}"
    try:
        body = dialect.encode(text)
    except UnicodeEncodeError as err:
        raise BadMessage(
            f"a character that {dialect.charset} lacks",
            message_id=message.message_id,
            field=_field_at(text, layout, dialect, err.start),
            offset=err.start,
        ) from err
    unnumbered = message.message_id in UNNUMBERED and dialect.error_detection
    if message.sequence is None and not unnumbered:
        return body
    return seal(body, _digit(message))


def _layout_of(message_id: str) -> Layout:
    if len(message_id) < _ID_CHARACTERS:
        raise BadMessage("no message id", offset=0)
    if message_id not in LAYOUTS:
        raise BadMessage(f"unknown message id {message_id!a}", offset=0)
    return LAYOUTS[message_id]


def _split(
    body: str, layout: Layout, delimiter: str
) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    fixed = {name: body[start:end] for name, start, end in layout.places()}
    pieces = filter(None, body[layout.length :].split(delimiter))
    return fixed, tuple((piece[:2], piece[2:]) for piece in pieces)


def _status(trailer: Trailer | None, body: str, dialect: Dialect) -> ChecksumStatus:
    if trailer is None:
        return ChecksumStatus.ABSENT
    through_az, _ = dialect.decode(trailer.summed)
    return judge(trailer, body, through_az, dialect.delimiter)


def _problems(
    body: str,
    layout: Layout,
    fields: tuple[tuple[str, str], ...],
    dialect: Dialect,
    *,
    all_known: bool,
) -> Iterator[str]:
    if not all_known:
        yield f"bytes that are no {dialect.charset}"
    if len(body) < layout.length:
        yield f"fixed part is {len(body)} of {layout.length} characters"
    if fields and not body.endswith(dialect.delimiter):
        yield "last field lacks its delimiter"
    present = {field_id for field_id, _ in fields}
    for field_id in sorted(present - {each for each in present if _is_id(each)}):
        yield f"odd field id {field_id!a}"
    for field_id in layout.ids:
        if field_id in layout.required - present:
            yield f"required field {field_id} is missing"


def _fixed(message: Message, layout: Layout) -> Iterator[str]:
    for unknown in message.fixed.keys() - layout.fixed.keys():
        raise BadMessage(
            "no such fixed field", message_id=message.message_id, field=unknown
        )
    for name, start, end in layout.places():
        value = message.fixed.get(name, "")
        if len(value) != end - start or not _BREAKS_LINE.isdisjoint(value):
            raise BadMessage(
                f"{len(value)} characters, or a control one; wants {end - start}",
                message_id=message.message_id,
                field=name,
                offset=start,
            )
        yield value


def _check_field(message_id: str, field_id: str, value: str, dialect: Dialect) -> None:
    if (
        len(field_id) != _ID_CHARACTERS
        or not field_id.isascii()
        or field_id in {"AY", "AZ"}
    ):
        raise BadMessage(
            "no id for a field", message_id=message_id, field=f"{field_id!a}"
        )
    forbidden = (_BREAKS_LINE | {dialect.delimiter}).intersection(field_id + value)
    if forbidden:
        raise BadMessage(
            f"holds {min(forbidden)!a}, which the wire can't carry",
            message_id=message_id,
            field=field_id,
        )


def _field_at(text: str, layout: Layout, dialect: Dialect, at: int) -> str | None:
    if at < layout.length:
        return next(name for name, _, end in layout.places() if at < end)
    start = max(text.rfind(dialect.delimiter, layout.length, at) + 1, layout.length)
    return text[start : start + 2]


def _digit(message: Message) -> str | None:
    sequence = message.sequence
    if sequence is not None and not (len(sequence) == 1 and sequence in "0123456789"):
        raise BadMessage(
            "the sequence number is one digit",
            message_id=message.message_id,
            field="AY",
        )
    return None if message.message_id in UNNUMBERED else sequence


def _is_id(text: str) -> bool:
    return len(text) == _ID_CHARACTERS and text.isascii() and text.isalnum()
