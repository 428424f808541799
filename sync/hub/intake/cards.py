"""Cards that were rolled back or are in use twice, and events that never came.

One case a device and trouble; both sides of a clone go on in epochs of their own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, select, update

from sync.hub.circulation.cases import (
    CaseState,
    case_id,
    open_cases,
    settle,
    settle_case,
)
from sync.hub.circulation.facts import Finding, Severity
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.intake.wire import Envelope
from sync.hub.store import schema
from sync.protocol import Heartbeat, Json

ROLLED_BACK = "card_rolled_back"
CLONED = "card_cloned"
GAP = "gap_in_chain"
CONFLICT = "event_conflict"
#: A kiosk may take a day to send what lies between, by whatever way.
GAP_AFTER = dt.timedelta(hours=24)
#: Changes of the newest epoch that tell a clone from a card that was rolled back.
_HEADS = 4


def is_clone(heads: Sequence[str]) -> bool:
    """Tell from the newest epochs of a device, as it named them, whether it is two.

    A card that is rolled back returns to an epoch once and leaves it for a new one;
    only two ledgers that both go on return to both of theirs.
    """
    last = heads[-_HEADS:]
    return len(last) == _HEADS and last[:2] == last[2:]


def heads_after(heads: Sequence[str], epoch: str) -> tuple[str, ...]:
    """The epochs that a device named one after the other, as far as they matter."""
    same = bool(heads) and heads[-1] == epoch
    return tuple(heads if same else (*heads, epoch))[-_HEADS:]


def suspect(
    conn: Connection, kiosk_id: str, epoch: str, seq: int, now: dt.datetime
) -> None:
    """The device gave out numbers of this epoch twice: open a case for it."""
    if not open_of(conn, kiosk_id, (ROLLED_BACK, CLONED)):
        _open(conn, ROLLED_BACK, kiosk_id, epoch, seq, now)


def meet(
    conn: Connection, kiosk_id: str, heartbeat: Heartbeat, now: dt.datetime
) -> None:
    """Judge what a device says of its head by what the hub knows of it."""
    if heartbeat.seq < _highest(conn, kiosk_id, heartbeat.epoch):
        suspect(conn, kiosk_id, heartbeat.epoch, heartbeat.seq, now)
    heads = _note_head(conn, kiosk_id, heartbeat.epoch)
    if is_clone(heads) and not open_of(conn, kiosk_id, (CLONED,)):
        _open(conn, CLONED, kiosk_id, heartbeat.epoch, heartbeat.seq, now)
        settle(conn, open_of(conn, kiosk_id, (ROLLED_BACK,)), now)
    follow_gaps(conn, kiosk_id, now)


def follow_gaps(conn: Connection, kiosk_id: str, now: dt.datetime) -> None:
    """Open a case for each gap that stays open; settle those of gaps that closed."""
    heads = schema.kiosk_heads.c
    rows = conn.execute(
        select(heads.epoch, heads.seq).where(
            heads.kiosk_id == kiosk_id, heads.gap_since <= now - GAP_AFTER
        )
    ).all()
    findings = [
        Finding(
            GAP,
            Severity.MEDIUM,
            f"{kiosk_id}:{row.epoch}:{row.seq}",
            {"epoch": row.epoch, "seq": row.seq + 1},
        )
        for row in rows
    ]
    known = open_of(conn, kiosk_id, (GAP,))
    still_open = set(map(case_id, findings))
    settle(conn, [name for name in known if name not in still_open], now)
    open_cases(conn, findings, now, kiosk_id)


def open_of(conn: Connection, kiosk_id: str, kinds: Sequence[str]) -> list[str]:
    """Names of a device's open cases of these kinds."""
    table = schema.cases.c
    query = select(table.case_id).where(
        table.state == CaseState.OPEN.value,
        table.kind.in_(kinds),
        table.kiosk_id == kiosk_id,
    )
    return list(conn.execute(query).scalars())


def conflict_finding(envelope: Envelope, sides: Json, *, same_id: bool) -> Finding:
    """A case for what could not be stored.

    Under the number of another event it may still come, recorded anew, and the case
    is then settled. Each content under one id is a case of its own, for staff.
    """
    name = envelope.event_id
    if same_id:
        name += f":{envelope.hash[:16]}"
    return Finding(CONFLICT, Severity.HIGH, name, sides)


def conflict_case(event_id: str) -> str:
    """What the case is called that an event in conflict has opened."""
    return case_id(Finding(CONFLICT, Severity.HIGH, event_id))


def settle_conflict(work: UnitOfWork, event_id: str, now: dt.datetime) -> None:
    """An event that was in conflict came in at another place."""
    case = work.cases.get(conflict_case(event_id))
    if case is not None and case["state"] == CaseState.OPEN:
        settle_case(work, case, now)


def _open(
    conn: Connection,
    kind: str,
    kiosk_id: str,
    epoch: str,
    seq: int,
    now: dt.datetime,
) -> None:
    sides = {"epoch": epoch, "seq": seq}
    finding = Finding(kind, Severity.HIGH, f"{kiosk_id}:{epoch}", sides)
    open_cases(conn, [finding], now, kiosk_id)


def _highest(conn: Connection, kiosk_id: str, epoch: str) -> int:
    heads = schema.kiosk_heads.c
    query = select(heads.highest_seq).where(
        heads.kiosk_id == kiosk_id, heads.epoch == epoch
    )
    return conn.execute(query).scalar_one_or_none() or 0


def _note_head(conn: Connection, kiosk_id: str, epoch: str) -> tuple[str, ...]:
    devices = schema.devices
    this = devices.c.kiosk_id == kiosk_id
    stored = conn.execute(select(devices.c.heads).where(this)).scalar_one()
    heads = heads_after(msgspec.json.decode(stored, type=tuple[str, ...]), epoch)
    text = msgspec.json.encode(heads).decode()
    if text != stored:
        conn.execute(update(devices).where(this).values(heads=text))
    return heads
