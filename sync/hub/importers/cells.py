"""What may stand in a cell: codes, barcodes, dates, times, yes and no."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec

from kiosk.domain.credentials import normalise
from sync.hub.county.patron_files import MAX_LOANS
from sync.hub.importers.tables import BadCell, Row

#: Barcodes and card numbers: letters and digits, as on a printed label.
_NUMBER = re.compile(r"[0-9A-Z][0-9A-Z._/-]{2,31}")
#: ISO 15511: at most 16 characters.
_ISIL = re.compile(r"[0-9A-Za-z:/-]{2,16}")
_UID = re.compile(r"(?:[0-9A-F]{2}){4,10}")
#: A tag's UID has 8 bytes; of a UHF tag it is the EPC, which may have 62.
_TAG_UID = re.compile(r"(?:[0-9A-F]{2}){4,62}")
#: What readers put between two bytes.
_BETWEEN_BYTES = re.compile(r"[\s:-]+")
_MADE_ID = re.compile(r"[0-9a-f]{32}")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_YEAR = re.compile("(?:19|20)[0-9]{2}")
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_MOMENT = Annotated[dt.datetime, msgspec.Meta(tz=True)]
_YES_OR_NO = {"": False, "0": False, "no": False, "false": False, "否": False}
_YES_OR_NO |= {"1": True, "yes": True, "true": True, "是": True}


def is_number(text: str) -> bool:
    """Tell whether a normalised text can be a barcode or a card number."""
    return _NUMBER.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one row, each read as what it must be, else BadCell."""

    row: Row

    def text(self, column: str) -> str:
        """Return a cell that must not be empty."""
        value = self.optional(column)
        if not value:
            raise BadCell(column, value, "must not be empty")
        return value

    def optional(self, column: str) -> str:
        return self.row.cells.get(column, "")

    def number(self, column: str) -> str:
        """Return a barcode or card number in its one spelling."""
        value = normalise(self.text(column))
        return self._matching(_NUMBER, column, value, "is no barcode or card number")

    def isil(self, column: str) -> str:
        return self._matching(_ISIL, column, self.text(column), "is no ISIL")

    def choice(self, column: str, words: Mapping[str, str]) -> str:
        """Return the code of a word; `words` maps what may be written to codes."""
        value = self.text(column)
        code = words.get(value) or words.get(value.lower()) or words.get(value.upper())
        if code is None:
            known = ", ".join(dict.fromkeys(words.values()))
            raise BadCell(column, value, f"is not one of {known}")
        return code

    def flag(self, column: str) -> bool:
        value = self.optional(column)
        if value.lower() not in _YES_OR_NO:
            raise BadCell(column, value, "is neither 1 nor 0")
        return _YES_OR_NO[value.lower()]

    def count(self, column: str, most: int = 99) -> int:
        """Return a whole number from 1 to `most`; an empty cell is 1."""
        value = self.optional(column) or "1"
        if not (value.isascii() and value.isdigit() and 1 <= int(value) <= most):
            raise BadCell(column, value, f"is no number from 1 to {most}")
        return int(value)

    def limit(self, column: str) -> int | None:
        """Return a whole number from 0 to MAX_LOANS; an empty cell is None."""
        value = self.optional(column)
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and int(value) <= MAX_LOANS):
            raise BadCell(column, value, f"is no number from 0 to {MAX_LOANS}")
        return int(value)

    def one_of(self, column: str, words: type[enum.StrEnum]) -> str:
        """Return a word of an enumeration, or "" for an empty cell."""
        value = self.optional(column).lower()
        return value and self.choice(column, {word: word for word in words})

    def json(self, column: str, form: type) -> str:
        """Return JSON of this form in its one spelling, or "" for an empty cell."""
        value = self.optional(column)
        try:
            read = msgspec.json.decode(value, type=form) if value else None
        except msgspec.DecodeError as err:
            raise BadCell(column, value, str(err)) from err
        return msgspec.json.encode(read).decode() if value else ""

    def made_id(self, column: str) -> str:
        """Return an id that a hub made at random, or "" for an empty cell."""
        value = self.optional(column)
        if not value:
            return ""
        return self._matching(_MADE_ID, column, value, "is no id that a hub made")

    def moment(self, column: str) -> dt.datetime | None:
        """Return 2026-07-03T04:05:06Z as a time in UTC; an empty cell is None."""
        value = self.optional(column)
        if not value:
            return None
        try:
            read = msgspec.convert(value, _MOMENT)
        except msgspec.ValidationError as err:
            complaint = "is no time like 2026-07-03T04:05:06Z"
            raise BadCell(column, value, complaint) from err
        return read.astimezone(dt.UTC)

    def date(self, column: str) -> dt.date | None:
        """Return 2026-07-03, 2026/7/3 or 2026.7.3 as a date; an empty cell is None."""
        value = self.optional(column)
        if not value:
            return None
        found = _DATE.fullmatch(value)
        if found is None:
            raise BadCell(column, value, "is no date like 2026-07-03")
        try:
            return dt.date(*(int(part) for part in found.groups()))
        except ValueError as err:
            raise BadCell(column, value, "is no day of the calendar") from err

    def year(self, column: str) -> int | None:
        """Return a year of four digits; an empty cell is None."""
        value = self.optional(column)
        if not value:
            return None
        if not _YEAR.fullmatch(value):
            raise BadCell(column, value, "is no year like 1978")
        return int(value)

    def time(self, column: str) -> str:
        """Return a time of day like 09:00, or "" for an empty cell."""
        value = self.optional(column)
        padded = value if len(value) != len("9:00") else f"0{value}"
        if not value:
            return ""
        return self._matching(_TIME, column, padded, "is no time like 09:00")

    def uids(self, column: str) -> tuple[str, ...]:
        """Return card UIDs, separated by ";" in the cell, as upper-case hex."""
        return tuple(
            self._matching(_UID, column, value.upper(), "is no card UID in hex")
            for value in self.words(column)
        )

    def tag_uid(self, column: str) -> str:
        """Return one tag's UID as upper-case hex, or "" for an empty cell."""
        value = _BETWEEN_BYTES.sub("", self.optional(column)).upper()
        if not value:
            return ""
        return self._matching(_TAG_UID, column, value, "is no tag UID in hex")

    def words(self, column: str) -> tuple[str, ...]:
        """Return what stands in a cell between ";" or blanks."""
        return (
            tuple(re.split(r"[;；\s]+", self.optional(column)))
            if self.optional(column)
            else ()
        )

    @staticmethod
    def _matching(
        pattern: re.Pattern[str], column: str, value: str, complaint: str
    ) -> str:
        if not pattern.fullmatch(value):
            raise BadCell(column, value, complaint)
        return value
