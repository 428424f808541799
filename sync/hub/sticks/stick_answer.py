"""The way back on a stick: verdicts, what the hub holds, and the feed for one kiosk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from sync.hub.devices.devices import Device, DeviceState
from sync.hub.feed import feed
from sync.hub.feed.feedmarks import version
from sync.hub.feed.feedruns import Position, is_known
from sync.hub.intake import chain
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.keys import box_public
from sync.protocol import MAX_BATCH, BatchAnswer, Verdict
from sync.stick.letters import Judged, Letter, Page
from sync.stick.names import answer_name
from sync.stick.segments import Direction
from sync.stick.writing import Parties, StickWriter

#: Changes in one segment.
PAGE_CHANGES = 500

_epoch = attrgetter("epoch")


class NothingToSay(ValueError):
    """A revoked device that has reported nothing gets no answer."""


class Answered(msgspec.Struct, frozen=True):
    """What was written for a kiosk: versions of the feed from `after` to `cursor`."""

    file: str
    kiosk_id: str
    verdicts: int
    pages: int
    after: int
    cursor: int


def answer(
    hub: Hub,
    target: Path,
    receiver: Device,
    position: Position,
    verdicts: Sequence[Verdict],
    now: dt.datetime,
) -> Answered:
    """Write the answer for one kiosk into the folder `target`.

    The feed begins after `position`, or anew if the hub does not know that; a revoked
    device gets none, as on the wire. Raises BadStick, BadKey, NothingToSay.
    """
    if receiver.state is DeviceState.REVOKED and not verdicts:
        raise NothingToSay(f"{receiver.kiosk_id}: out of service, nothing to answer")
    path = target / answer_name(receiver.kiosk_id, now)
    parties = Parties(
        receiver.kiosk_id, Direction.TO_KIOSK, hub.key, box_public(receiver.box_key)
    )
    pages = 0
    with hub.database.reading() as conn, StickWriter(path, parties) as writer:
        newest = version(conn)
        end = after = position.version if is_known(conn, position) else 0
        for letter in _letters(conn, receiver, after, newest, verdicts, now):
            writer.add(msgspec.json.encode(letter))
            if isinstance(letter, Page):
                pages, end = pages + 1, letter.page.cursor
        writer.finish()
    return Answered(str(path), receiver.kiosk_id, len(verdicts), pages, after, end)


def stored_verdicts(conn: Connection, kiosk_id: str) -> tuple[Verdict, ...]:
    """Every verdict on what this kiosk sent, for one whose report is not at hand."""
    events = schema.events.c
    bodies = conn.execute(
        select(events.verdict)
        .where(events.kiosk_id == kiosk_id, events.verdict.is_not(None))
        .order_by(events.received_at, events.epoch, events.seq)
    ).scalars()
    return tuple(msgspec.json.decode(body, type=Verdict) for body in bodies)


def _letters(
    conn: Connection,
    receiver: Device,
    after: int,
    newest: int,
    verdicts: Sequence[Verdict],
    now: dt.datetime,
) -> Iterator[Letter]:
    yield from _judged(conn, receiver.kiosk_id, verdicts, now)
    if receiver.state is DeviceState.REVOKED:
        return
    more = True
    while more:
        page = feed.page(conn, after, PAGE_CHANGES, now, receiver.site_id)
        yield Page(after=after, newest=newest, page=page)
        after, more = page.cursor, page.more


def _judged(
    conn: Connection, kiosk_id: str, verdicts: Sequence[Verdict], now: dt.datetime
) -> Iterator[Judged]:
    """As the wire answers batches; but each says what the hub holds now, at the end."""
    for epoch, group in groupby(verdicts, _epoch):
        of_epoch = list(group)
        acked = chain.acked_through(conn, kiosk_id, epoch)
        for at in range(0, len(of_epoch), MAX_BATCH):
            listed = tuple(of_epoch[at : at + MAX_BATCH])
            batch = BatchAnswer(verdicts=listed, acked_through=acked, hub_time=now)
            yield Judged(epoch=epoch, answer=batch)
