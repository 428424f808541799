"""Records of CNMARC and MARC21 from an ISO 2709 file in UTF-8, GBK or GB18030."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from pymarc import Field, Record
from pymarc.exceptions import PymarcException

from sync.hub.importers import iso2709
from sync.hub.importers.iso2709 import BadRecord, Frame
from sync.hub.importers.report import Rejected
from sync.hub.importers.source import Content

#: pymarc would take the first byte of a character for the subfield's code.
_BAD_CODE = re.compile(rb"\x1f([^ -~])")

#: Switches character sets in MARC-8; no part of any character of the others.
_ESCAPE = b"\x1b"


class Encoding(enum.StrEnum):
    """`AUTO` looks at each record by itself: joined files mix encodings."""

    AUTO = "auto"
    UTF_8 = "utf-8"
    GBK = "gbk"
    GB18030 = "gb18030"


@dataclass(frozen=True, slots=True)
class MarcField:
    """One field; a control field (001 … 009) has `data` and no subfields."""

    tag: str
    data: str = ""
    subfields: tuple[tuple[str, str], ...] = ()

    def all(self, code: str) -> tuple[str, ...]:
        """Return the values of a subfield that are not empty, in order."""
        return tuple(value for key, value in self.subfields if key == code and value)

    def first(self, code: str) -> str:
        return next(iter(self.all(code)), "")


@dataclass(frozen=True, slots=True)
class MarcRecord:
    """One record of the file, decoded; texts are trimmed."""

    number: int
    offset: int
    fields: tuple[MarcField, ...]

    def all(self, tag: str) -> tuple[MarcField, ...]:
        return tuple(field for field in self.fields if field.tag == tag)

    def control(self, tag: str) -> str:
        return next((field.data for field in self.all(tag)), "")

    def first(self, tag: str, code: str) -> str:
        """Return the first value of that subfield in any field of that tag."""
        return next((v for field in self.all(tag) for v in field.all(code)), "")


def read_records(
    content: Content, encoding: Encoding = Encoding.AUTO
) -> Iterator[MarcRecord | Rejected]:
    """Read every record of a file; a damaged one becomes a Rejected in its place."""
    for frame in iso2709.frames(content):
        try:
            iso2709.check(frame)
            yield _read(frame, encoding)
        except BadRecord as err:
            yield Rejected(number=frame.number, offset=frame.offset, reason=str(err))


def detect(content: bytes) -> Encoding:
    """Tell UTF-8 from GB18030 by what most of the bytes beyond ASCII are.

    A few wrong bytes in UTF-8 leave it UTF-8, so a damaged record is refused
    instead of being read as other characters. GBK is a part of GB18030.
    """
    text = content.decode("utf-8", errors="replace")
    wrong = text.count("\N{REPLACEMENT CHARACTER}")
    right = sum(1 for character in text if not character.isascii()) - wrong
    return Encoding.UTF_8 if right >= wrong else Encoding.GB18030


def _read(frame: Frame, encoding: Encoding) -> MarcRecord:
    if _ESCAPE in frame.content:
        raise BadRecord("characters are in MARC-8; have it exported in UTF-8")
    if encoding is Encoding.AUTO:
        encoding = detect(frame.content)
    fields = tuple(_field(raw, encoding) for raw in _parse(frame.content).fields)
    return MarcRecord(frame.number, frame.offset, fields)


def _parse(content: bytes) -> Record:
    """Let pymarc take the record apart, leaving the values as bytes."""
    bad_code = _BAD_CODE.search(content)
    if bad_code:
        raise BadRecord(f"subfield code {bad_code[1].hex().upper()} is no character")
    try:
        return Record(data=content, to_unicode=False)
    except (PymarcException, UnicodeDecodeError) as err:
        raise BadRecord(f"unreadable record: {err}") from err


def _field(raw: Field, encoding: Encoding) -> MarcField:
    if raw.control_field:
        return MarcField(raw.tag, data=_text(raw.tag, raw.data, encoding))
    subfields = tuple(
        (part.code, _text(f"{raw.tag}${part.code}", part.value, encoding))
        for part in raw.subfields
    )
    return MarcField(raw.tag, subfields=subfields)


def _text(place: str, raw: str | None, encoding: Encoding) -> str:
    value = cast(bytes, raw)  # pymarc types a raw field like a decoded one
    try:
        return value.decode(encoding).strip()
    except UnicodeDecodeError as err:
        shown = value[err.start : err.end].hex().upper()
        raise BadRecord(
            f"{place}: byte {shown} at {err.start} is not {encoding}"
        ) from err
