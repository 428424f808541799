"""Which loans of a patron the kiosk would renew, by all it knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kiosk.domain.holds import Borrowing, kept_from
from kiosk.domain.policy import Grant, Refusal, card_refusal
from kiosk.domain.renewals import renewal_refusal, renewals, renewed_until
from kiosk.domain.rules import LoanRule, Rules
from kiosk.domain.values import Hold, Item, Loan, Patron
from kiosk.service.knowledge import Knowledge
from kiosk.service.local_rule import Decision
from kiosk.service.ports import Moment

#: Terms of a book that nothing is known of: it is not renewed here.
_NO_RENEWALS = LoanRule(periods_days=(30,))


@dataclass(frozen=True, slots=True)
class RenewalRule:
    """Decides loan by loan; one renewal has no say in another one."""

    knowledge: Knowledge
    site_id: str

    def decide(
        self, patron: Patron, loans: Sequence[Loan], at: Moment
    ) -> list[Decision]:
        """One decision a loan, in order."""
        rules = self.knowledge.mirror.rules()
        if rules is None:
            return [Refusal("E-GENERIC") for _ in loans]
        items = self.knowledge.mirror.items([loan.item for loan in loans])
        known = _Known(patron, rules, items, self.knowledge.holds_on(items.values()))
        today = self.knowledge.today(at)
        return [known.decide(loan, self.site_id, today) for loan in loans]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the decisions are made by; `holds`: who waits for books like these."""

    patron: Patron
    rules: Rules
    items: Mapping[str, Item]
    holds: tuple[Hold, ...]

    def decide(self, loan: Loan, site_id: str, today: dt.date) -> Decision:
        rule = self._rule(loan.item)
        until = renewed_until(rule, self.rules, today, site_id)
        refusal = card_refusal(self.patron, today) or renewal_refusal(
            loan, until, renewals(rule), today, held=self._held(loan, site_id, today)
        )
        return refusal or Grant(until)

    def _rule(self, barcode: str) -> LoanRule:
        item = self.items.get(barcode)
        if item is None:
            return _NO_RENEWALS
        key = f"{self.patron.patron_type}/{item.item_type}"
        return self.rules.loans.get(key) or _NO_RENEWALS

    def _held(self, loan: Loan, site_id: str, today: dt.date) -> bool:
        item = self.items.get(loan.item)
        if item is None:
            return False
        who = self.patron.patron_ref
        wanted = Borrowing(item.barcode, item.title_id, who, site_id, today)
        return kept_from(self.holds, wanted) is not None
