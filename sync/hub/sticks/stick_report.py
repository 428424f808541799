"""Taking in what kiosks sent on a stick, by the same door as what the network brings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from sqlalchemy import Connection, func, select

from sync.hub.devices.devices import Device, DeviceState, device
from sync.hub.feed.feedruns import BEGINNING, Position
from sync.hub.intake import quarantine, wire
from sync.hub.intake.gaps import Gap, gaps_of
from sync.hub.intake.ingest import Sender
from sync.hub.intake.intake import take_in
from sync.hub.store import schema
from sync.hub.store.setup import Hub
from sync.hub.store.turnstile import Lane
from sync.keys import box_key, public_key
from sync.protocol import Count, Run, Verdict, not_stored
from sync.stick.reading import Damage, Opened, Unseal, read
from sync.stick.segments import BadSegment, Direction, Segment, unseal


class Asked(msgspec.Struct, frozen=True):
    """What a report asks beside its events: where the kiosk's mirror goes on."""

    cursor: Count
    run: Run = ""


class Imported(msgspec.Struct, frozen=True):
    """What became of a report. `missing`: numbers that the hub now waits for.

    Events are `new`, `known` from before, or `refused`, which are those that the hub
    could not store. `cases`: how many were opened. `problems` name the place in the
    file and what is wrong there.
    """

    file: str
    kiosk_id: str | None = None
    new: int = 0
    known: int = 0
    refused: int = 0
    cases: int = 0
    missing: tuple[Gap, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(slots=True)
class TakenReport:
    """A report as it was taken in, with what an answer to it needs."""

    file: str
    sender: Device | None = None
    position: Position = BEGINNING
    verdicts: list[Verdict] = field(default_factory=list)
    new: int = 0
    cases: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def epochs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(verdict.epoch for verdict in self.verdicts))


def take_report(
    hub: Hub,
    path: Path,
    now: dt.datetime,
    progress: Callable[[int], None] = lambda _bytes: None,
) -> TakenReport:
    """Take in what is good of a report. Safe to repeat, at any time, by anybody.

    `progress` gets the bytes read so far.
    """
    report = TakenReport(path.name)
    for found in read(path, _unseal(hub, report)):
        if isinstance(found, Damage):
            report.problems.append(str(found))
            continue
        _take_segment(hub, report, found, now)
        progress(found.end)
    return report


def summary(conn: Connection, report: TakenReport) -> Imported:
    """What staff are told of a report."""
    refused = sum(not_stored(verdict) for verdict in report.verdicts)
    sender = report.sender
    gaps = [
        gap
        for epoch in report.epochs
        for gap in (gaps_of(conn, sender.kiosk_id, epoch) if sender else ())
    ]
    return Imported(
        file=report.file,
        kiosk_id=sender.kiosk_id if sender else None,
        new=report.new,
        known=len(report.verdicts) - report.new - refused,
        refused=refused,
        cases=report.cases,
        missing=tuple(gaps),
        problems=tuple(report.problems),
    )


def _unseal(hub: Hub, report: TakenReport) -> Unseal:
    """Open what an enrolled device sealed for this hub; all of a file is of one device."""
    own = box_key(hub.key)

    def open_report(segment: Segment) -> bytes:
        header = segment.header
        if header.direction is not Direction.TO_HUB:
            raise BadSegment("is on its way to a kiosk, not to the hub")
        sender = report.sender or _sender(hub, header.kiosk_id)
        if header.kiosk_id != sender.kiosk_id:
            raise BadSegment(f"is of another kiosk, {header.kiosk_id[:80]!r}")
        content = unseal(segment, public_key(sender.public_key), own)
        report.sender = sender
        return content

    return open_report


def _sender(hub: Hub, kiosk_id: str) -> Device:
    with hub.database.reading() as conn:
        found = device(conn, kiosk_id)
    if found is None:
        raise BadSegment(f"the hub knows no device {kiosk_id[:80]!r}")
    return found


def _take_segment(
    hub: Hub, report: TakenReport, opened: Opened, now: dt.datetime
) -> None:
    number = opened.header.number
    try:
        asked = msgspec.json.decode(opened.content, type=Asked)
        batch = wire.read_batch(opened.content)
    except (msgspec.DecodeError, wire.Malformed, wire.TooLarge) as err:
        report.problems.append(f"segment {number}: {err}")
        return
    sender = report.sender or _sender(hub, opened.header.kiosk_id)
    report.position = Position(asked.cursor, asked.run)
    with hub.database.reading() as conn:
        known, cases = _known(conn, batch), _cases(conn, sender)
    verdicts = _judge(hub, sender, batch, now)
    with hub.database.reading() as conn:
        report.cases += _cases(conn, sender) - cases
    stored = [verdict for verdict in verdicts if not not_stored(verdict)]
    report.new += sum(verdict.event_id not in known for verdict in stored)
    report.verdicts += verdicts
    report.problems += [
        f"segment {number}, seq {verdict.seq}: {verdict.reason}"
        for verdict in verdicts
        if not_stored(verdict)
    ]


def _judge(
    hub: Hub, sender: Device, batch: Sequence[wire.Received], now: dt.datetime
) -> tuple[Verdict, ...]:
    database = hub.database
    if sender.state is DeviceState.REVOKED:
        with database.writing() as conn:
            return quarantine.set_aside(conn, sender.kiosk_id, batch, now)
    ticket = database.turnstile.ticket(Lane.BACKLOG)
    who = Sender(sender.kiosk_id, sender.site_id)
    return take_in(database, who, batch, now, ticket).verdicts


def _known(conn: Connection, batch: Sequence[wire.Received]) -> frozenset[str]:
    """Which of these events the hub has already."""
    names = [one.envelope.event_id for one in batch if one.flaw is None]
    return frozenset(
        name
        for table in (schema.events, schema.quarantine)
        for name in conn.execute(
            select(table.c.event_id).where(table.c.event_id.in_(names))
        ).scalars()
    )


def _cases(conn: Connection, sender: Device) -> int:
    cases = schema.cases
    count = select(func.count()).select_from(cases)
    found: int = conn.execute(
        count.where(cases.c.kiosk_id == sender.kiosk_id)
    ).scalar_one()
    return found
