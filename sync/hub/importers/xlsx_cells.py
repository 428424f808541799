"""What a cell of a workbook shows: text, number, date or the result of a formula."""

from __future__ import annotations

import datetime as dt
import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from xml.etree.ElementTree import Element

#: Day 0 of the two calendars; the earlier one counts a 29 February 1900 there never was.
_EPOCH, _EPOCH_1904 = dt.datetime(1899, 12, 30), dt.datetime(1904, 1, 1)  # noqa: DTZ001
#: Formats that every workbook knows by number: days, and times of day.
_DAYS = {14, 15, 16, 17, 22, *range(27, 37), *range(50, 59)}
_TIMES = {18, 19, 20, 21, 45, 46, 47}
#: Literals and conditions of a format, which say nothing about its kind.
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
#: Excel keeps 15 digits of a number; what is longer was lost when it was typed.
_DIGITS = 15


class BadValue(ValueError):
    """The cell shows no value that could be taken."""

    def __init__(self, value: str, reason: str) -> None:
        super().__init__(reason)
        self.value = value


class Kind(enum.Enum):
    NUMBER = enum.auto()
    DAY = enum.auto()
    TIME = enum.auto()


@dataclass(frozen=True, slots=True)
class Look:
    """How a number is shown. `zeros`: a format like 0000 fills up so many digits."""

    kind: Kind = Kind.NUMBER
    zeros: int = 0


@dataclass(frozen=True, slots=True)
class Shared:
    """What all cells of a workbook share."""

    texts: Sequence[str]
    looks: Sequence[Look]
    since_1904: bool


def looks(styles: Element) -> list[Look]:
    """The look of each cell style, in order."""
    codes = {
        int(e.get("numFmtId", "0")): e.get("formatCode", "")
        for e in styles.iter()
        if _tag(e) == "numFmt"
    }
    cells = next((e for e in styles if _tag(e) == "cellXfs"), None)
    numbers = [int(e.get("numFmtId", "0")) for e in cells] if cells is not None else []
    return [_look(number, codes.get(number, "")) for number in numbers]


def shown(cell: Element, shared: Shared) -> str:
    """The text of a cell, trimmed. Raises BadValue."""
    kind = cell.get("t", "n")
    value = next((e.text or "" for e in cell if _tag(e) == "v"), None)
    if kind == "inlineStr":
        return "".join(e.text or "" for e in cell.iter() if _tag(e) == "t").strip()
    if value is None:
        if any(_tag(e) == "f" for e in cell):
            raise BadValue("", "is a formula without a stored result")
        return ""
    match kind:
        case "s":
            return _text(value, shared.texts).strip()
        case "e":
            raise BadValue(value, "is an error of the spreadsheet")
        case "b":
            return "1" if value == "1" else "0"
        case "n":
            return _number(value, _style(cell, shared.looks), shared)
        case _:  # "str" and "d": a formula's text, an ISO date
            return value.strip()


def _text(value: str, texts: Sequence[str]) -> str:
    if not (value.isdigit() and int(value) < len(texts)):
        raise BadValue(value, "refers to a text that the workbook does not have")
    return texts[int(value)]


def _style(cell: Element, styles: Sequence[Look]) -> Look:
    number = int(cell.get("s", "0"))
    return styles[number] if number < len(styles) else Look()


def _number(value: str, look: Look, shared: Shared) -> str:
    try:
        number = Decimal(value)
    except InvalidOperation as err:
        raise BadValue(value, "is no number") from err
    if look.kind is not Kind.NUMBER:
        return _moment(number, look.kind, shared)
    if number != number.to_integral_value():
        return f"{float(value):.{_DIGITS}g}"
    digits = f"{number:.0f}"
    if len(digits.lstrip("-")) > _DIGITS:
        reason = f"has more than {_DIGITS} digits and lost some; format it as text"
        raise BadValue(value, reason)
    return digits.zfill(look.zeros)


def _moment(number: Decimal, kind: Kind, shared: Shared) -> str:
    try:
        since = _EPOCH_1904 if shared.since_1904 else _EPOCH
        moment = since + dt.timedelta(seconds=round(float(number) * 86400))
    except OverflowError as err:
        raise BadValue(str(number), "is no day of the calendar") from err
    return f"{moment:%H:%M}" if kind is Kind.TIME else f"{moment:%Y-%m-%d}"


def _look(number: int, code: str) -> Look:
    plain = _QUOTED.sub("", code).lower().partition(";")[0]
    if number in _DAYS or re.search("[yd年日]", plain):
        return Look(Kind.DAY)
    if number in _TIMES or re.search("[hs时]", plain):
        return Look(Kind.TIME)
    return Look(zeros=len(plain) if plain and set(plain) == {"0"} else 0)


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]
