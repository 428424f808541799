"""What the county has on file of a card, told the same way by every reader of cards."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.codecs.card_number import NumberRule, Order
from drivers.codecs.card_number_forms import Form


class NumberOptions(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """How a card is reported, see `NumberRule`; without any of it by its UID in hex."""

    report: Form | None = None
    report_order: Order = Order.FORWARD
    strip_zeros: bool = False
    last_digits: Annotated[int, Meta(ge=0, le=20)] = 0

    def rule(self) -> NumberRule:
        """For a reader that tells the UID itself."""
        return self.rule_for(Form.HEX, Order.FORWARD)

    def rule_for(self, typed: Form, order: Order) -> NumberRule:
        """Raises BadOptions for what can't be reported of what is typed."""
        return NumberRule(
            typed=typed,
            typed_order=order,
            report=self.report,
            report_order=self.report_order,
            strip_zeros=self.strip_zeros,
            last_digits=self.last_digits,
        )
