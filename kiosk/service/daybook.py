"""The daybook: how this point writes what happened into the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from kiosk.domain.rules import SecurityMode
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
    """Writes for one site. `new_id` makes identifiers that sort by time.

    `writes_tags`: some pad here can; where none can, nothing is wished of tags that
    were not seen.
    """

    knowledge: Knowledge
    site_id: str
    now: Callable[[], Moment]
    new_id: Callable[[Moment], str]
    writes_tags: bool = True

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

    def targets(self, books: Sequence[Book], desired: Security) -> list[TagTarget]:
        """What the tags of these books shall be from now on, seen or not."""
        unseen = [book for book in books if not book.uids]
        wished = unseen if unseen and self._may_find_tags() else []
        return [
            *tags_of(books, desired),
            *(TagTarget(None, book.barcode, desired) for book in wished),
        ]

    def receipt(self) -> str:
        """Return the next receipt number, to be drawn before the record it is for.

        It is durable with that record; if that fails, it only leaves a gap. Raises
        LedgerError.
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

    def withdraw_open_asks(self) -> int:
        """Withdraw asks that a crash or a full disk left open. Returns how many.

        An ask without a close never happened; the hub is told so. Raises LedgerError.
        """
        at = self.now()
        drafts = [
            Draft(
                self.new_id(at),
                Kind.WITHDRAWN,
                session_id=ask.session_id,
                refers_to=ask.event_id,
                payload={"reason": "restart"},
            )
            for ask in self.knowledge.ledger.open_asks()
        ]
        if drafts:
            self.record(drafts, at)
        return len(drafts)

    def note(self, kind: Kind, payload: Json) -> None:
        """Record something that concerns no loan. Raises LedgerError."""
        at = self.now()
        self.record([Draft(self.new_id(at), kind, payload=payload)], at)

    def _may_find_tags(self) -> bool:
        rules = self.knowledge.mirror.rules()
        gates = rules is None or rules.security.mode is not SecurityMode.NONE
        return gates and self.writes_tags


def tags_of(books: Iterable[Book], desired: Security) -> list[TagTarget]:
    """The tags that were seen of these books, to be brought into one state."""
    return [
        TagTarget(uid, book.barcode, desired) for book in books for uid in book.uids
    ]


def how(book: Book) -> Json:
    """The part of a payload that says how the book was recognised."""
    if not book.uids:
        return {"by": "barcode"}
    return {"by": "rfid", "tag_uids": list(book.uids)}
