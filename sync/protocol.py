"""What travels between a kiosk and its hub; PROTOCOL.md is the specification.

Everything is JSON; times are RFC 3339 in UTC. A struct here is shared by both
ends, so a change is a change of the protocol.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from kiosk.domain.rules import Rules
from kiosk.domain.values import Credential, Hold, Item, Loan, Patron, Site, Title

GENESIS_HASH = "0" * 64
#: Events in one batch; keeps a request under ~100 kB on a 4G link.
MAX_BATCH = 200
#: Older epochs that one heartbeat names.
MAX_OLDER = 50

Json = dict[str, Any]
#: What the name of a run of the feed looks like.
RUN_PATTERN = r"^[0-9a-f]{0,32}\Z"
Run = Annotated[str, Meta(pattern=RUN_PATTERN)]
#: A number in an answer, as a database can hold it; others are not our hub's.
Count = Annotated[int, Meta(ge=0, le=(1 << 63) - 1)]


def is_sane(moment: dt.datetime) -> bool:
    """Whether a time in an answer can be reckoned with: of our age, and with a zone."""
    return moment.tzinfo is not None and 1970 <= moment.year < 2200


class Kind(enum.StrEnum):
    """What happened."""

    CHECKOUT = "CHECKOUT"
    CHECKIN = "CHECKIN"
    RENEW = "RENEW"
    HOLD_PLACE = "HOLD_PLACE"
    HOLD_CANCEL = "HOLD_CANCEL"
    CONFIRMED = "CONFIRMED"
    WITHDRAWN = "WITHDRAWN"
    TAG_WRITTEN = "TAG_WRITTEN"
    SESSION_ENDED = "SESSION_ENDED"
    PEOPLE_COUNTED = "PEOPLE_COUNTED"
    CONTACT_CHANGED = "CONTACT_CHANGED"


#: What a kiosk may ask for before it happens.
ASKABLE = frozenset({Kind.CHECKOUT, Kind.RENEW})


class Mode(enum.StrEnum):
    """A fact happened; an ask happens only once a CONFIRMED closes it."""

    FACT = "fact"
    ASK = "ask"


class Clock(enum.StrEnum):
    """How far the wall clock could be trusted when an event was recorded."""

    SYNCED = "synced"
    RTC = "rtc"
    GUESSED = "guessed"


class DecidedBy(enum.StrEnum):
    """Who let a loan happen or not: the hub in time, or the kiosk's local rule."""

    HUB = "hub"
    LOCAL = "local"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that happened at one kiosk; immutable.

    `seq` counts 1, 2, 3 … within `epoch`, no gaps. `hash` is `chain_hash(self)`;
    `prev_hash` is that of seq-1, or GENESIS_HASH. `refers_to` names the event
    that a CONFIRMED or WITHDRAWN closes, or the hold that a HOLD_CANCEL gives up.
    `payload` per kind: see PROTOCOL.md.
    """

    event_id: str
    kiosk_id: str
    epoch: str
    seq: int
    kind: Kind
    occurred_at: dt.datetime
    boot_id: str
    monotonic_ns: int
    clock: Clock
    mode: Mode = Mode.FACT
    session_id: str | None = None
    item: str | None = None
    patron_ref: str | None = None
    loan_ref: str | None = None
    refers_to: str | None = None
    decided_by: DecidedBy = DecidedBy.LOCAL
    rules_version: int = 0
    mirror_version: int = 0
    payload: Json = {}
    prev_hash: str = GENESIS_HASH
    hash: str = ""


def canonical(event: Event) -> bytes:
    """The bytes that are hashed: sorted-key JSON of all fields but `hash`."""
    return _canonical(msgspec.to_builtins(event))


def chain_hash(event: Event) -> str:
    """SHA-256 over the canonical bytes, which contain `prev_hash`; lower-case hex."""
    return hashlib.sha256(canonical(event)).hexdigest()


def hash_as_sent(fields: Json) -> str:
    """The same of an event as it came, with fields that only a newer kiosk knows."""
    return hashlib.sha256(_canonical(fields)).hexdigest()


def _canonical(fields: Json) -> bytes:
    rest = {name: value for name, value in fields.items() if name != "hash"}
    return msgspec.json.encode(rest, order="deterministic")


def is_ask(event: Event) -> bool:
    """Tell what waits for a close from what happened."""
    return event.kind in ASKABLE and event.mode is Mode.ASK


class Outcome(enum.StrEnum):
    """The hub's verdict on one event; DEFERRED means "ask again later"."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_NOTICE = "accepted_with_notice"
    NEEDS_STAFF = "needs_staff"
    REFUSED = "refused"
    DEFERRED = "deferred"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the hub made of an event; stored for ever, a repeat gets the same one.

    `feed_version`, of the run `feed_run`: the mirror shows the effect once its cursor
    has reached it in a history that contains that run.
    `reason`: a code of the screen wording (E-LIMIT …), a hint (return.hold,
    return.other_site), the kind of a case, or, of an event that was not stored,
    one of NOT_STORED. `params` fill the wording.
    """

    event_id: str
    epoch: str
    seq: Count
    outcome: Outcome
    feed_version: Count = 0
    feed_run: Run = ""
    due_on: dt.date | None = None
    reason: str | None = None
    params: Json = {}


#: Words in `Verdict.reason` for an event that was not stored: another event has its
#: number, other content has its id, or it breaks the protocol.
CONFLICT = "conflict"
ID_CONFLICT = "id_conflict"
INVALID = "invalid"
NOT_STORED = frozenset({CONFLICT, ID_CONFLICT, INVALID})


def not_stored(verdict: Verdict) -> bool:
    """No verdict on what happened: the hub did not take the event."""
    return verdict.outcome is Outcome.REFUSED and verdict.reason in NOT_STORED


class AckedThrough(msgspec.Struct, frozen=True, kw_only=True):
    """The hub holds every event of this epoch up to and including `seq`."""

    epoch: str
    seq: Count
    hash: str


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """The hub's clock in an answer, and ours (of the same boot) when it had come."""

    hub_time: dt.datetime
    monotonic_ns: int


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """The device's clocks right before a request went out, at a repeat as well.

    `monotonic_ns` is that of events: nanoseconds since the boot, suspension included.
    """

    boot_id: str
    monotonic_ns: int
    wall: dt.datetime
    heard: Heard | None = None


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/events: events of one epoch in ascending seq, at most MAX_BATCH."""

    events: tuple[Event, ...]
    sent: Sent | None = None


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Only what is listed counts.

    `acked_through` is that of the batch's epoch, None while its first event is missing.
    """

    verdicts: tuple[Verdict, ...]
    acked_through: AckedThrough | None
    hub_time: dt.datetime


class SignedRules(msgspec.Struct, frozen=True, kw_only=True):
    """Rules with the hub's Ed25519 signature (hex) over `rules_bytes(rules)`."""

    rules: Rules
    signature: str


#: Came later. Left out of what is signed while empty, so that rules stay genuine which
#: were signed before, and rules that do without are understood by older kiosks.
_LATER_RULES = ("calendars", "holds")


def rules_bytes(rules: Rules) -> bytes:
    """The canonical bytes of a rule set that the hub signs."""
    fields = msgspec.to_builtins(rules, order="deterministic")
    for name in _LATER_RULES:
        if not fields[name]:
            del fields[name]
    return msgspec.json.encode(fields)


class PatronChanged(msgspec.Struct, frozen=True, tag="patron"):
    value: Patron


class CredentialChanged(msgspec.Struct, frozen=True, tag="credential"):
    value: Credential


class TitleChanged(msgspec.Struct, frozen=True, tag="title"):
    value: Title


class ItemChanged(msgspec.Struct, frozen=True, tag="item"):
    value: Item


class LoanChanged(msgspec.Struct, frozen=True, tag="loan"):
    value: Loan


class SiteChanged(msgspec.Struct, frozen=True, tag="site"):
    value: Site


class RulesChanged(msgspec.Struct, frozen=True, tag="rules"):
    value: SignedRules


class Removed(msgspec.Struct, frozen=True, tag="removed"):
    """`what` is one of the other tags, `key` its primary key (a closed loan, say)."""

    what: str
    key: str


ValueChanged = (
    PatronChanged
    | CredentialChanged
    | TitleChanged
    | ItemChanged
    | LoanChanged
    | SiteChanged
    | RulesChanged
)
Change = ValueChanged | Removed


class FeedRun(msgspec.Struct, frozen=True):
    """The versions from `first` on, up to the next run, were given in this run."""

    first: Count
    run: Run


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """GET /v1/feed?cursor=N&run=R&limit=M: changes after N, in order.

    `cursor` is where to go on, `run` the run of that version; `runs` are the newest
    that began after N. `more` says that there is something there already.
    `holds` changed as well, beside `changes`, which older kiosks know no further kind
    of; one that ended is `Removed` there.
    Applying a page twice changes nothing.
    """

    changes: tuple[Change, ...]
    holds: tuple[Hold, ...] = ()
    cursor: Count
    run: Run = ""
    runs: tuple[FeedRun, ...] = ()
    more: bool
    hub_time: dt.datetime


class Enrol(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/enrol, signed by the new key itself: proof that the device holds it."""

    code: str
    public_key: str  # Ed25519, 32 bytes, hex
    box_key: str  # X25519, 32 bytes, hex; see STICK.md
    hostname: str = ""


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """The device's name, its place, and the hub's keys (hex).

    `hub_key` signs rules and sticks; for `hub_box_key` the kiosk seals its sticks.
    """

    kiosk_id: str
    site_id: str
    hub_key: str
    hub_box_key: str
    hub_time: dt.datetime


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """POST /v1/heartbeat. Figures about the device only, nothing about a person.

    `epoch` and `seq` are the ledger's head, `pending` counts events without an answer.
    `older` names epochs before it of which the ledger still has events.
    """

    version: str
    pending: int
    epoch: str
    seq: int
    older: tuple[str, ...] = ()
    health: Json = {}
    sent: Sent | None = None


class HeartbeatAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """`acked_through` is that of the epoch the heartbeat names.

    `older` says the same of each older one, with seq 0 where the hub holds nothing.
    """

    acked_through: AckedThrough | None
    older: tuple[AckedThrough, ...] = ()
    hub_time: dt.datetime


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Every answer with a status of 400 or more. `error` is a word, `detail` a sentence."""

    error: str
    detail: str = ""
