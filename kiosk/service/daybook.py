"""The daybook: how this point writes what happened into the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kiosk.domain.session import Book, Line
from kiosk.service.knowledge import Knowledge
from kiosk.service.ports import Draft, Moment, Security, TagTarget
from sync.protocol import Event, Json, Kind


@dataclass(frozen=True, slots=True)
class Result:
    """Lines of the screen; `receipt` is None when nothing was lent or returned."""

    lines: tuple[Line, ...]
    receipt: str | None


@dataclass(frozen=True, slots=True)
class Daybook:
    """Writes for one site. `new_id` makes identifiers that sort by time."""

    knowledge: Knowledge
    site_id: str
    now: Callable[[], Moment]
    new_id: Callable[[Moment], str]

    def record(
        self, drafts: Sequence[Draft], at: Moment, tags: Sequence[TagTarget] = ()
    ) -> tuple[Event, ...]:
        """Record in one transaction, with the versions it was decided by.

        Raises LedgerError, and then nothing of it happened.
        """
        basis = self.knowledge.basis()
        stamped = [
            replace(
                draft,
                rules_version=basis.rules_version,
                mirror_version=basis.status.cursor,
            )
            for draft in drafts
        ]
        return self.knowledge.ledger.record(stamped, at, tags)

    def want(self, books: Sequence[Book], desired: Security) -> None:
        """Note what the tags of books shall be that were recorded without them.

        Raises LedgerError.
        """
        self.knowledge.ledger.record([], self.now(), targets(books, desired))

    def receipt(self) -> str:
        """Return the next receipt number, to be drawn before the record it is for.

        Drawn after it, a disk that fills up in between would make a loan that
        happened look refused; drawn before, it only leaves a gap. Raises LedgerError.
        """
        return f"{self.site_id}-{self.knowledge.ledger.next_receipt():06d}"

    def end_session(self, session_id: str, loans: int, returns: int) -> None:
        """Record that a session with at least one completed action is over."""
        at = self.now()
        counts = {"loans": loans, "returns": returns}
        draft = Draft(
            self.new_id(at), Kind.SESSION_ENDED, session_id=session_id, payload=counts
        )
        self.record([draft], at)

    def note(self, kind: Kind, payload: Json) -> None:
        """Record something that concerns no loan. Raises LedgerError."""
        at = self.now()
        self.record([Draft(self.new_id(at), kind, payload=payload)], at)


def targets(books: Sequence[Book], desired: Security) -> list[TagTarget]:
    """What the tags of these books shall be from now on."""
    return [
        TagTarget(uid, book.barcode, desired) for book in books for uid in book.uids
    ]


def how(book: Book) -> Json:
    """The part of a payload that says how the book was recognised."""
    if not book.uids:
        return {"by": "barcode"}
    return {"by": "rfid", "tag_uids": list(book.uids)}
