"""A batch as it comes off the wire, read strictly, one event at a time.

An event that can't be read as one of this version's is still kept, if its
envelope shows where it belongs: a newer kiosk may know kinds that we don't.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

import msgspec

from sync.protocol import MAX_BATCH, Event, Json, chain_hash

_NAME = re.compile(r"[0-9A-Za-z._:-]{1,64}")
_HASH = re.compile(r"[0-9a-f]{64}")
_SEQ_LIMIT = 1 << 63


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


class _RawBatch(msgspec.Struct, frozen=True):
    events: tuple[msgspec.Raw, ...]


def read_batch(body: bytes) -> tuple[Received, ...]:
    """Read POST /v1/events. Raises Malformed, TooLarge."""
    try:
        batch = msgspec.json.decode(body, type=_RawBatch)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise Malformed(f"batch: {err}") from err
    if len(batch.events) > MAX_BATCH:
        raise TooLarge(f"{len(batch.events)} events, at most {MAX_BATCH} at once")
    return tuple(_read(place, raw) for place, raw in enumerate(batch.events))


def _read(place: int, raw: msgspec.Raw) -> Received:
    content = bytes(raw)
    try:
        envelope = msgspec.json.decode(content, type=Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise Malformed(f"events[{place}]: {err}") from err
    event = _event(content)
    true_hash = chain_hash(event) if event else _hash_of_unknown(content)
    return Received(envelope, content.decode(), event, _flaw(envelope, true_hash))


def _event(content: bytes) -> Event | None:
    try:
        return msgspec.json.decode(content, type=Event)
    except (msgspec.DecodeError, RecursionError):
        return None


def _hash_of_unknown(content: bytes) -> str:
    """The chain's hash of an event whose fields we don't all know."""
    fields = msgspec.json.decode(content, type=Json)
    del fields["hash"]
    canonical = msgspec.json.encode(fields, order="deterministic")
    return hashlib.sha256(canonical).hexdigest()


def _flaw(envelope: Envelope, true_hash: str) -> str | None:
    names = (envelope.event_id, envelope.epoch, envelope.refers_to or "-")
    if not all(_NAME.fullmatch(name) for name in names):
        return "event_id, epoch or refers_to is not a name"
    if not 0 < envelope.seq < _SEQ_LIMIT:
        return f"seq {envelope.seq} is out of range"
    if not _HASH.fullmatch(envelope.prev_hash):
        return "prev_hash is not 64 lower-case hex digits"
    if envelope.hash != true_hash:
        return "hash is not that of the content"
    return None
