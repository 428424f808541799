"""A batch as it comes off the wire, read strictly, one event at a time.

An event that can't be read as one of this version's is still kept, if its
envelope shows where it belongs: a newer kiosk may know kinds and fields that we don't.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import msgspec
import structlog

from sync.protocol import (
    ASKABLE,
    MAX_BATCH,
    Event,
    Heartbeat,
    Json,
    Mode,
    Sent,
    chain_hash,
    hash_as_sent,
)

_NAME = re.compile(r"[0-9A-Za-z._:-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")
_SEQ_LIMIT = 1 << 63

log = structlog.get_logger(__name__)


class Malformed(ValueError):
    """The hub can't read the request; the text says where."""


class TooLarge(ValueError):
    """More events in one batch than the protocol allows."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What every event has, whatever its kind and version."""

    event_id: str
    kiosk_id: str
    epoch: str
    seq: int
    kind: str
    prev_hash: str
    hash: str
    refers_to: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """One event as it came: `event` is None if only its envelope could be read.

    `flaw` says what breaks the protocol; such an event is not stored.
    """

    envelope: Envelope
    body: str
    event: Event | None
    flaw: str | None


@dataclass(frozen=True, slots=True)
class Load:
    """What a batch is to the hub's door. `open_ask`: it asks and does not close it."""

    events: int
    open_ask: bool


class _Outline(msgspec.Struct, frozen=True):
    event_id: str = ""
    kind: str = ""
    mode: str = ""
    refers_to: str | None = None


class _OutlinedBatch(msgspec.Struct, frozen=True):
    events: tuple[_Outline, ...]


class _Clocks(msgspec.Struct, frozen=True):
    sent: Sent | None = None


class _RawBatch(msgspec.Struct, frozen=True):
    events: tuple[msgspec.Raw, ...]


def glance(body: bytes) -> Load:
    """See what a batch is, unchecked and cheap; one that can't be read is small."""
    try:
        events = msgspec.json.decode(body, type=_OutlinedBatch).events
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Load(1, open_ask=False)
    closed = {one.refers_to for one in events}
    open_ask = any(_asks(one) and one.event_id not in closed for one in events)
    return Load(min(len(events), MAX_BATCH), open_ask)


def _asks(one: _Outline) -> bool:
    return one.kind in ASKABLE and one.mode == Mode.ASK


def read_batch(body: bytes) -> tuple[Received, ...]:
    """Read POST /v1/events. Raises Malformed, TooLarge."""
    try:
        batch = msgspec.json.decode(body, type=_RawBatch)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise Malformed(f"batch: {err}") from err
    if len(batch.events) > MAX_BATCH:
        raise TooLarge(f"{len(batch.events)} events, at most {MAX_BATCH} at once")
    return tuple(
        read_event(bytes(raw), f"events[{place}]")
        for place, raw in enumerate(batch.events)
    )


def read_sent(body: bytes) -> Sent | None:
    """The sender's clocks; None if they can't be read, which costs nothing else."""
    try:
        return msgspec.json.decode(body, type=_Clocks).sent
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        log.warning("clocks unreadable", why=str(err))
        return None


def read_heartbeat(body: bytes) -> Heartbeat:
    """Read POST /v1/heartbeat, without clocks that make no sense. Raises Malformed."""
    try:
        fields = msgspec.json.decode(body, type=Json)
        fields.pop("sent", None)
        heartbeat = msgspec.convert(fields, Heartbeat)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise Malformed(f"heartbeat: {err}") from err
    if not all(map(_NAME.fullmatch, (heartbeat.epoch, *heartbeat.older))):
        raise Malformed("heartbeat: an epoch is not a name")
    return msgspec.structs.replace(heartbeat, sent=read_sent(body))


def read_event(content: bytes, where: str = "event") -> Received:
    """Read one event as it came. Raises Malformed, saying `where`."""
    try:
        envelope = msgspec.json.decode(content, type=Envelope)
        event = _event(content)
        flaw = _flaw(envelope) or _false_hash(content, event, envelope.hash)
        body = content.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise Malformed(f"{where}: {err}") from err
    return Received(envelope, body, event, flaw)


def _event(content: bytes) -> Event | None:
    """None if it can't be read, or its time, at an end of the calendar, is none in UTC."""
    try:
        event = msgspec.json.decode(content, type=Event)
        event.occurred_at.astimezone(dt.UTC)
    except (msgspec.DecodeError, RecursionError, OverflowError):
        return None
    return event


def _flaw(envelope: Envelope) -> str | None:
    names = (envelope.event_id, envelope.epoch, envelope.refers_to or "-")
    if not all(_NAME.fullmatch(name) for name in names):
        return "event_id, epoch or refers_to is not a name"
    if not 0 < envelope.seq < _SEQ_LIMIT:
        return f"seq {envelope.seq} is out of range"
    if not _HASH.fullmatch(envelope.prev_hash):
        return "prev_hash is not 64 lower-case hex digits"
    return None


def _false_hash(content: bytes, event: Event | None, claimed: str) -> str | None:
    """A newer kiosk hashes fields that we don't know; who leaves out defaults, the rest."""
    if hash_as_sent(msgspec.json.decode(content, type=Json)) == claimed:
        return None
    if event is not None and chain_hash(event) == claimed:
        return None
    return "hash is not that of the content"
