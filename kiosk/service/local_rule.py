"""What the kiosk would decide alone, by the county's rules and all it knows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kiosk.domain.holds import Borrowing, kept_from
from kiosk.domain.policy import Grant, Refusal, may_lend, offline_refusal
from kiosk.domain.rules import Rules
from kiosk.domain.session import Book
from kiosk.domain.values import Hold, Item, Loan, Patron
from kiosk.service.knowledge import Knowledge
from kiosk.service.ports import Moment

Decision = Grant | Refusal


@dataclass(frozen=True, slots=True)
class LocalRule:
    """Decides a stack book by book; each grant counts against the next one's limits."""

    knowledge: Knowledge
    site_id: str

    def decide(
        self, patron: Patron, books: Sequence[Book], at: Moment, *, offline: bool
    ) -> list[Decision]:
        """One decision a book, in order. `offline`: the limits of a kiosk alone apply."""
        with self.knowledge.mirror.one_state():
            return self._decide(patron, books, at, offline=offline)

    def _decide(
        self, patron: Patron, books: Sequence[Book], at: Moment, *, offline: bool
    ) -> list[Decision]:
        basis = self.knowledge.basis()
        if basis.rules is None:
            return [Refusal("E-GENERIC") for _ in books]
        account = self._account(patron, books)
        age = self.knowledge.mirror_age(at) if offline else None
        today = self.knowledge.today(at)
        decisions: list[Decision] = []
        for book in books:
            decision = account.decide(book.barcode, basis.rules, today)
            if offline and isinstance(decision, Grant):
                decision = account.alone(decision, basis.rules, age)
            if isinstance(decision, Grant):
                account = account.with_loan(book.barcode, decision, at)
            decisions.append(decision)
        return decisions

    def _account(self, patron: Patron, books: Sequence[Book]) -> _Account:
        knowledge = self.knowledge
        loans = knowledge.loans_of(patron.patron_ref)
        wanted = [book.barcode for book in books]
        known = [*wanted, *(loan.item for loan in loans)]
        items = knowledge.mirror.items(known)
        return _Account(
            self.site_id,
            patron,
            loans,
            knowledge.unreported_loans(patron.patron_ref),
            items,
            knowledge.loans_of_items(wanted),
            knowledge.holds_on([items[name] for name in wanted if name in items]),
        )


@dataclass(frozen=True, slots=True)
class _Account:
    """A patron's loans, those granted a moment ago included, beside what is wanted.

    `items`: everything that the mirror knows of the books concerned; `on_loan`: the
    open loans of those that are wanted; `holds`: who waits for them.
    """

    site_id: str
    patron: Patron
    loans: tuple[Loan, ...]
    unreported: int
    items: Mapping[str, Item]
    on_loan: Mapping[str, Loan]
    holds: tuple[Hold, ...]

    def decide(self, barcode: str, rules: Rules, today: dt.date) -> Decision:
        item = self.items.get(barcode)
        if item is None:
            return Refusal("E-ITEM-UNKNOWN")
        decision = may_lend(
            self.patron,
            item,
            self.loans,
            self.on_loan.get(barcode),
            rules,
            today,
            same_type_loans=self._of_type(item.item_type),
            site_id=self.site_id,
        )
        who, title_id = self.patron.patron_ref, item.title_id
        wanted = Borrowing(barcode, title_id, who, self.site_id, today)
        if isinstance(decision, Grant) and kept_from(self.holds, wanted):
            return Refusal("E-ITEM-HELD")
        return decision

    def alone(self, grant: Grant, rules: Rules, age: dt.timedelta | None) -> Decision:
        """Hold a grant against the limits of a kiosk that can't ask."""
        return offline_refusal(rules, age, self.unreported) or grant

    def with_loan(self, barcode: str, grant: Grant, at: Moment) -> _Account:
        """Count a grant, though it is not recorded and has no reference yet."""
        loan = Loan("", barcode, self.patron.patron_ref, at.wall, grant.due_on)
        return replace(
            self,
            loans=(*self.loans, loan),
            unreported=self.unreported + 1,
            on_loan={**self.on_loan, barcode: loan},
        )

    def _of_type(self, item_type: str) -> int:
        items = (self.items.get(loan.item) for loan in self.loans)
        return sum(item.item_type == item_type for item in items if item)
