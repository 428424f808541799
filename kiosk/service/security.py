"""Which tags on the pad still carry the wrong security bit, and may be put right."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from kiosk.domain.rules import SecurityRule
from kiosk.domain.session import Book
from kiosk.domain.values import Loan
from kiosk.service.daybook import tags_of
from kiosk.service.knowledge import Knowledge
from kiosk.service.ports import LedgerError, Security

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Custodian:
    """Brings every tag it sees to the state that the item's loan calls for."""

    knowledge: Knowledge

    def wrong(self, present: Collection[str]) -> dict[str, Security]:
        """Tags on the pad to be written, with their desired state.

        A tag whose loan has moved on at another point is given up: there the
        bit was set, and writing our old wish would disarm a returned book.
        """
        states = [
            state
            for state in self.knowledge.ledger.unhealed_tags()
            if state.uid in present
        ]
        if not states:
            return {}
        loans = self.knowledge.loans_of_items({state.item for state in states})
        due = {
            state.uid: state.desired
            for state in states
            if state.desired is _called_for(loans.get(state.item))
        }
        self._give_up([state.uid for state in states if state.uid not in due])
        return due

    def find(self, read: Callable[[], Iterable[Book]]) -> None:
        """Let tags on the pad take over what was wished of their books by barcode.

        A set does so when all its tags are there. `read` tells what lies there, and
        is asked only if something is wished.
        """
        wished = self.knowledge.ledger.wishes()
        if not wished:
            return
        books = [book for book in read() if book.kind.circulates and book.uids]
        found = {book.barcode: book for book in books if book.barcode in wished}
        if not found:
            return
        loans = self.knowledge.loans_of_items(found)
        due = [
            book
            for item, book in found.items()
            if wished[item] is _called_for(loans.get(item))
        ]
        moved_on = found.keys() - {book.barcode for book in due}
        targets = [tag for book in due for tag in tags_of([book], wished[book.barcode])]
        try:
            self.knowledge.ledger.settle_wishes(targets, sorted(moved_on))
        except LedgerError as err:
            log.warning("found tags not stored", reason=str(err))

    def note(self, seen: Mapping[str, Security | None]) -> None:
        """Store what read-back found; what can't be stored is found once more."""
        try:
            self.knowledge.ledger.note_seen(seen)
        except LedgerError as err:
            log.warning("tag states not stored", reason=str(err))

    def rule(self) -> SecurityRule:
        rules = self.knowledge.mirror.rules()
        return rules.security if rules else SecurityRule()

    def _give_up(self, uids: Sequence[str]) -> None:
        try:
            if uids:
                self.knowledge.ledger.forget_tags(uids)
        except LedgerError as err:
            log.warning("stale tag states not removed", reason=str(err))


def _called_for(loan: Loan | None) -> Security:
    return Security.OUT if loan else Security.IN


def afi_of(state: Security, rule: SecurityRule) -> int:
    """The AFI value for a state."""
    return rule.afi_out if state is Security.OUT else rule.afi_in


def state_of(afi: int | None, rule: SecurityRule) -> Security | None:
    """The state that an AFI value means; None for any other value."""
    return {rule.afi_in: Security.IN, rule.afi_out: Security.OUT}.get(
        -1 if afi is None else afi
    )
