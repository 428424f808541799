"""What the use cases need from the outside, as small protocols."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from kiosk.domain.rules import Rules
from kiosk.domain.values import Hold, Item, Loan, Patron, Site, Title
from sync.protocol import Clock, DecidedBy, Event, Json, Kind, Mode, Verdict


class LedgerError(Exception):
    """The ledger could not do it, and nothing was recorded."""


class NoSpace(LedgerError):
    """The disk is full; the same call succeeds once there is room."""


class Storage(enum.StrEnum):
    """What the disk allows: LOW warns, SHORT lends nothing, UNWRITABLE stops all."""

    ENOUGH = "enough"
    LOW = "low"
    SHORT = "short"
    UNWRITABLE = "unwritable"


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
    """What a tag's security bit shall be from now on.

    `uid` is None for an item whose tags were not seen: it stands for all of them.
    """

    uid: str | None
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
    mirror already shows. `met_boot` is the boot of the hub's last answer, which came
    `met_ns` after its start. `run` is the hub's run that gave the version `cursor`.
    """

    cursor: int
    synced_at: dt.datetime | None
    epoch: str = ""
    settled_seq: int = 0
    met_boot: str = ""
    met_ns: int = 0
    run: str = ""


class Ledger(Protocol):
    """Everything this kiosk did. One writing thread; each call is one transaction.

    Raises LedgerError when the transaction did not happen.
    """

    @property
    def trouble(self) -> LedgerError | None:
        """Why nothing can be written until `reopen` succeeds; reading goes on."""

    def reopen(self) -> None:
        """Try the file again after its medium failed."""

    def record(
        self, drafts: Sequence[Draft], at: Moment, tags: Sequence[TagTarget] = ()
    ) -> tuple[Event, ...]:
        """Append events and set the desired state of tags, durably, or nothing at all.

        What was seen of those tags before no longer counts: they may have been
        written elsewhere in between; nor does what was wished of their items.
        """

    def note_seen(self, seen: Mapping[str, Security | None]) -> None:
        """Store what read-back found, by tag UID; unknown UIDs are ignored."""

    def forget_tags(self, uids: Sequence[str]) -> None:
        """Give up tags whose loan state has moved on elsewhere."""

    def wishes(self) -> Mapping[str, Security]:
        """Items whose tags were not seen yet, and what those shall be; oldest first."""

    def settle_wishes(
        self, found: Sequence[TagTarget], moved_on: Sequence[str]
    ) -> None:
        """Tags of wished items were found; other items' loans have moved on elsewhere.

        Either way nothing is wished of these items any more.
        """

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

    def uptimes_after(self, after_seq: int) -> Mapping[str, int]:
        """Nanoseconds since its start at the last event of each boot since then."""

    def head(self) -> Head: ...

    def renew(
        self, epoch: str, final: Callable[[Sequence[str]], Collection[str]]
    ) -> int | None:
        """Record anew, in a new epoch, what the hub can't take under this one.

        `final` tells on which events the hub has given its last word; those stay as
        they are. Open asks stay open. Returns how many events went along, None if
        all is done already.
        """

    def oldest_events(self, epoch: str, through: int, limit: int) -> tuple[Event, ...]:
        """The first events of an epoch up to seq `through`, its last one left out."""

    def remove_through(self, last: Event) -> int:
        """Forget an epoch's events up to and with this one; return how many went."""

    def next_receipt(self) -> int:
        """Count receipts: 1, 2, 3 …, to be drawn before the record they are for.

        Once that is recorded, or the ledger closed, the number never comes again.
        """


class Mirror(Protocol):
    """Everything the hub said. Read-only; may be empty, and may change at any time."""

    def one_state(self) -> AbstractContextManager[None]:
        """What this thread asks inside is answered from one state of the mirror."""

    def final(self, event_ids: Sequence[str]) -> Collection[str]:
        """Those of these events on which the hub has given its last word."""

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

    def holds_on(self, title_ids: Collection[str]) -> tuple[Hold, ...]:
        """Who waits for these titles or for copies of them, the longest first."""

    def holds_of(self, patron_ref: str) -> tuple[Hold, ...]:
        """What a patron waits for, the longest first."""

    def rules(self) -> Rules | None: ...

    def site(self, site_id: str) -> Site | None: ...

    def status(self) -> MirrorStatus: ...

    def settled(self) -> Mapping[str, int]:
        """Up to which seq of each epoch the hub holds, and has judged, every event."""

    def shown(self, event_ids: Sequence[str]) -> Collection[str]:
        """Those of these events whose effect is in the mirror."""

    def verdicts(self, event_ids: Sequence[str]) -> Mapping[str, Verdict]:
        """The hub's verdicts, effect visible or not; only those that exist."""
