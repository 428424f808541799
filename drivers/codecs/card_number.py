"""One card, many numbers: from what a wedge types to what the county has on file."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from drivers.api import BadOptions, ProtocolError
from drivers.codecs.card_number_forms import SPELLINGS, Form

#: Fewer digits at the end of a number say nothing.
_LEAST_LAST_DIGITS = 4
#: A reader that types 24 bits.
_SHORT_BYTES, _LONG_BYTES = 3, 4


class BadCardNumber(ProtocolError):
    """What was typed is no number of the kind that this reader types."""


class Order(enum.StrEnum):
    """FORWARD: the byte that the card sends first stands first."""

    FORWARD = "forward"
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class NumberRule:
    """What a reader types, and what to report for it.

    `report` None: what was typed, in upper case. HEX, FORWARD is how a reader that
    senses cards gives their UID. `strip_zeros`: leading ones. `last_digits`: so many
    characters are kept, 0 for all.

    A reader that types 24 bits does not tell the rest of the UID, nor can what it types
    be turned round; such a rule raises BadOptions.
    """

    typed: Form = Form.HEX
    typed_order: Order = Order.FORWARD
    report: Form | None = None
    report_order: Order = Order.FORWARD
    strip_zeros: bool = False
    last_digits: int = 0

    def __post_init__(self) -> None:
        typed_bytes = SPELLINGS[self.typed].size
        if self.report is None or typed_bytes != _SHORT_BYTES:
            return
        if SPELLINGS[self.report].size != typed_bytes:
            raise BadOptions(f"{self.typed} is 24 bits, too few for {self.report}")
        if self.typed_order is not self.report_order:
            raise BadOptions(f"{self.typed} is 24 bits and can't change its order")

    def number(self, text: str) -> str:
        """What to report when `text` was typed. Raises BadCardNumber."""
        number = text.strip().upper()
        if self.report is not None:
            number = self._write(self._read(number), self.report)
        if self.strip_zeros:
            number = number.lstrip("0") or "0"
        return number[-self.last_digits :]

    def number_or_same(self, text: str) -> str:
        """As `number`; what the rule can't read is reported as it is."""
        try:
            return self.number(text)
        except BadCardNumber:
            return text

    def _read(self, text: str) -> bytes:
        try:
            number = SPELLINGS[self.typed].read(text)
        except ValueError as err:
            raise BadCardNumber(f"{text!r} is no {self.typed}: {err}") from err
        return number[::-1] if self.typed_order is not self.report_order else number

    def _write(self, number: bytes, form: Form) -> str:
        size = SPELLINGS[form].size
        if size is not None and (not size <= len(number) <= _LONG_BYTES):
            raise BadCardNumber(f"{number.hex().upper()} does not fit {form}")
        return SPELLINGS[form].write(number[-size:] if size else number)


def candidates(typed: str) -> dict[str, NumberRule]:
    """Every number that `typed` may stand for, and the likeliest rule that gives it.

    For whoever sets up a reader: the county's number of that card is among them.
    """
    found: dict[str, NumberRule] = {}
    for rule in _rules():
        try:
            found.setdefault(rule.number(typed), rule)
        except BadCardNumber:
            continue
    return found


def teach(examples: Mapping[str, str]) -> list[NumberRule]:
    """Rules that give for each text that was typed the number on file, likeliest first.

    Looks at the end of the numbers only when no whole number agrees. One card may leave
    more than one rule; another card, best one with a leading zero, settles it.
    """
    shortest = min((len(number) for number in examples.values()), default=0)
    whole = [rule for rule in _rules() if _gives(rule, examples)]
    if whole or shortest < _LEAST_LAST_DIGITS:
        return whole
    cut = (replace(rule, last_digits=shortest) for rule in _rules())
    return [rule for rule in cut if _gives(rule, examples)]


def _gives(rule: NumberRule, examples: Mapping[str, str]) -> bool:
    try:
        return all(rule.number(typed) == want for typed, want in examples.items())
    except BadCardNumber:
        return False


def _rules() -> Iterator[NumberRule]:
    """Every rule without `last_digits`, the likely ones first."""
    for strip_zeros in (False, True):
        yield NumberRule(strip_zeros=strip_zeros)
        for typed, report in itertools.product(Form, repeat=2):
            for typed_order, report_order in itertools.product(Order, repeat=2):
                try:
                    yield NumberRule(
                        typed, typed_order, report, report_order, strip_zeros
                    )
                except BadOptions:
                    continue
