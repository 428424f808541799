"""From ledger to stick: all that waits, sealed for the hub. Counts nothing as sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, islice
from operator import attrgetter
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.identity import Identity
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror import MirrorReader
from kiosk.store.pending import Pending
from sync.keys import box_public
from sync.protocol import MAX_BATCH, Event
from sync.stick.letters import Report
from sync.stick.names import report_name
from sync.stick.segments import Direction
from sync.stick.writing import Parties, StickWriter

_epoch = attrgetter("epoch")


class Exported(msgspec.Struct, frozen=True):
    """What was written: `cursor` is where the hub's answer is to go on."""

    file: str
    events: int
    segments: int
    cursor: int


def export(
    data: Path,
    target: Path,
    identity: Identity,
    key: Ed25519PrivateKey,
    progress: Callable[[int], None] = lambda _count: None,
) -> Exported:
    """Write the report of this kiosk into the folder `target`.

    Reads only, beside a running kiosk and agent. `progress` gets each segment's count
    of events. With nothing pending it still asks for the hub's news. Raises BadStick,
    BadKey, LedgerError.
    """
    ledger = LedgerReader(data / "ledger.db")
    mirror = MirrorReader(data / "mirror.db")
    head, status = ledger.head(), mirror.status()
    path = target / report_name(identity.kiosk_id, head.epoch, head.seq)
    receiver = box_public(identity.hub_box_key)
    parties = Parties(identity.kiosk_id, Direction.TO_HUB, key, receiver)
    events = segments = 0
    with StickWriter(path, parties) as writer:
        for batch in _batches(Pending(ledger, mirror)):
            report = Report(events=batch, cursor=status.cursor, run=status.run)
            writer.add(msgspec.json.encode(report))
            events, segments = events + len(batch), segments + 1
            progress(len(batch))
        writer.finish()
    return Exported(str(path), events, segments, status.cursor)


def _batches(events: Pending) -> Iterator[tuple[Event, ...]]:
    """As they go over the wire: of one epoch each, in order; one empty one for none."""
    batch: tuple[Event, ...] | None = None
    for _, of_epoch in groupby(events, _epoch):
        while batch := tuple(islice(of_epoch, MAX_BATCH)):
            yield batch
    if batch is None:
        yield ()
