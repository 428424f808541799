"""A reader's own affairs, from what the hub told and what happened here since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.domain.account import Account, OnLoan, Waiting
from kiosk.domain.values import Hold, Loan, Patron, Title
from kiosk.service.knowledge import Knowledge
from kiosk.service.ports import Moment
from kiosk.service.renewal_rule import RenewalRule


@dataclass(frozen=True, slots=True)
class Accounts:
    """Reads accounts for one site; never anything of a loan that has ended."""

    knowledge: Knowledge
    site_id: str

    def read(self, patron: Patron, at: Moment) -> Account:
        """Everything that the account screen shows, from one state of the mirror."""
        with self.knowledge.mirror.one_state():
            who = patron.patron_ref
            loans = sorted(
                self.knowledge.loans_of(who), key=lambda loan: (loan.due_on, loan.item)
            )
            back = self.knowledge.returned_here(who)
            return Account(
                self.knowledge.today(at),
                self._on_loan(patron, loans, at),
                tuple(self._title(loan.item).title or loan.item for loan in back),
                self.waiting(who),
            )

    def waiting(self, patron_ref: str) -> tuple[Waiting, ...]:
        """A patron's holds; what is ready comes first."""
        found = [self._waiting(hold) for hold in self.knowledge.holds_of(patron_ref)]
        return tuple(sorted(found, key=lambda one: one.ready_at is None))

    def _on_loan(
        self, patron: Patron, loans: Sequence[Loan], at: Moment
    ) -> tuple[OnLoan, ...]:
        rule = RenewalRule(self.knowledge, self.site_id)
        found = []
        for loan, decision in zip(loans, rule.decide(patron, loans, at), strict=True):
            title = self._title(loan.item)
            found.append(OnLoan(loan, title.title, title.author, decision))
        return tuple(found)

    def _waiting(self, hold: Hold) -> Waiting:
        title = self.knowledge.mirror.title(hold.title_id)
        name = title.title if title else ""
        # On its way it has a copy as well; only where it is fetched is it ready.
        if not hold.copy or hold.copy_site != hold.site_id:
            return Waiting(name)
        if hold.site_id == self.site_id:
            return Waiting(name, "", hold.keep_until)
        site = self.knowledge.mirror.site(hold.site_id)
        return Waiting(name, site.name if site else hold.site_id, hold.keep_until)

    def _title(self, barcode: str) -> Title:
        item = self.knowledge.mirror.item(barcode)
        known = self.knowledge.mirror.title(item.title_id) if item else None
        return known or Title("", "")
