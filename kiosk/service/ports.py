"""What the use cases need from the outside, as small protocols."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kiosk.domain.rules import Rules
from kiosk.domain.values import Item, Loan, Patron, Site, Title
from sync.protocol import Clock, DecidedBy, Event, Json, Kind, Mode, Verdict


class LedgerError(Exception):
    """The ledger could not do it, and nothing was recorded."""


class Security(enum.StrEnum):
    """State of a tag's security bit: IN makes the gate ring, OUT does not."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Moment:
    """One reading of all clocks; `wall` is UTC, `quality` how far it can be trusted."""

    wall: dt.datetime
    boot_id: str
    monotonic_ns: int
    quality: Clock


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before the ledger gives it its number and its place in the chain."""

    event_id: str
    kind: Kind
    mode: Mode = Mode.FACT
    session_id: str | None = None
    item: str | None = None
    patron_ref: str | None = None
    loan_ref: str | None = None
    refers_to: str | None = None
    decided_by: DecidedBy = DecidedBy.LOCAL
    rules_version: int = 0
    mirror_version: int = 0
    payload: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TagTarget:
    """What a tag's security bit shall be from now on."""

    uid: str
    item: str
    desired: Security


@dataclass(frozen=True, slots=True)
class TagState:
    """A tag whose bit this kiosk answers for; `seen` is None before the first read-back."""

    uid: str
    item: str
    desired: Security
    seen: Security | None


@dataclass(frozen=True, slots=True)
class Head:
    """Where the chain stands; seq 0 and the genesis hash in an empty epoch."""

    epoch: str
    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class MirrorStatus:
    """How old our knowledge is.

    `synced_at` is the hub's time of the last complete pull, None before the first.
    Every own event of `epoch` up to `settled_seq` has a verdict whose effect the
    mirror already shows.
    """

    cursor: int
    synced_at: dt.datetime | None
    epoch: str = ""
    settled_seq: int = 0


class Ledger(Protocol):
    """Everything this kiosk did. One writing thread; each call is one transaction.

    Raises LedgerError when the transaction did not happen.
    """

    def record(
        self, drafts: Sequence[Draft], at: Moment, tags: Sequence[TagTarget] = ()
    ) -> tuple[Event, ...]:
        """Append events and set the desired state of tags, durably, or nothing at all.

        What was seen of those tags before no longer counts: they may have been
        written elsewhere in between.
        """

    def note_seen(self, seen: Mapping[str, Security | None]) -> None:
        """Store what read-back found, by tag UID; unknown UIDs are ignored."""

    def forget_tags(self, uids: Sequence[str]) -> None:
        """Give up tags whose loan state has moved on elsewhere."""

    def tag_states(self, uids: Sequence[str]) -> Mapping[str, TagState]: ...

    def unhealed_tags(self) -> tuple[TagState, ...]:
        """Tags whose seen state is not the desired one, oldest first."""

    def open_asks(self) -> tuple[Event, ...]:
        """Asks without CONFIRMED or WITHDRAWN, oldest first."""

    def events_of_item(self, item: str, after_seq: int) -> tuple[Event, ...]:
        """Events of the current epoch later than `after_seq`, in order, closes included.

        A CONFIRMED or WITHDRAWN names item, patron and loan of the ask it closes.
        """

    def events_of_items(
        self, items: Collection[str], after_seq: int
    ) -> tuple[Event, ...]:
        """The same of several items, in one order."""

    def events_of_patron(
        self, patron_ref: str, after_seq: int
    ) -> tuple[Event, ...]: ...

    def head(self) -> Head: ...

    def next_receipt(self) -> int:
        """Count receipts: 1, 2, 3 …, never the same twice."""


class Mirror(Protocol):
    """Everything the hub said. Read-only; may be empty, and may change at any time."""

    def patron_by_digest(self, digest: str) -> Patron | None: ...

    def patron(self, patron_ref: str) -> Patron | None: ...

    def item(self, barcode: str) -> Item | None: ...

    def item_of_tag(self, tag_uid: str) -> Item | None:
        """The copy that is known by the UID of a tag which says nothing itself."""

    def items(self, barcodes: Collection[str]) -> Mapping[str, Item]:
        """Those of these items that there are, by barcode."""

    def title(self, title_id: str) -> Title | None: ...

    def loan_of(self, item: str) -> Loan | None: ...

    def loans_of_items(self, barcodes: Collection[str]) -> Mapping[str, Loan]:
        """The open loan of each of these items that is on loan, by barcode."""

    def loans_of(self, patron_ref: str) -> tuple[Loan, ...]: ...

    def rules(self) -> Rules | None: ...

    def site(self, site_id: str) -> Site | None: ...

    def status(self) -> MirrorStatus: ...

    def verdicts(self, event_ids: Sequence[str]) -> Mapping[str, Verdict]:
        """The hub's verdicts, effect visible or not; only those that exist."""
