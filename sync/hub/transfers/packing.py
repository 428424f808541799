"""A rotation box is packed, sent, unpacked at its destination and brought back.

Within `Database.writing()`. Each copy in it has a line of its own on the transfer list,
so that what kiosks see of it meanwhile counts as it always does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, replace

from sqlalchemy import Connection

from kiosk.domain.credentials import normalise
from kiosk.domain.values import Item
from sync.hub.circulation.unit_of_work import UnitOfWork, unit_of_work
from sync.hub.county.audit import note
from sync.hub.transfers.acts import (
    Counter,
    Problem,
    Scanned,
    is_on_loan,
    move,
    new_line,
)
from sync.hub.transfers.boxes import BadBox, Box, Wrong, known_box, require_site
from sync.hub.transfers.following import is_kept, live_lines
from sync.hub.transfers.lines import BoxState, Reason


def pack(
    conn: Connection, at: Counter, box_id: str, barcodes: Iterable[str]
) -> list[Scanned]:
    """Put copies into a box that stands at home. Raises BadBox."""
    with unit_of_work(conn) as work:
        box = _box_at(work, box_id, at, BoxState.PACKING)
        codes = dict.fromkeys(filter(None, map(normalise, barcodes)))
        work.items.fetch(codes)
        work.box_items.fetch(codes)
        done = [_pack(work, at, box, code) for code in codes]
    packed = sum(one.problem is None for one in done)
    note_box(conn, at, "box.pack", box, {"items": packed})
    return done


def unpack(conn: Connection, at: Counter, box_id: str, barcode: str) -> None:
    """Take a copy out of a box that stands at home. Raises BadBox."""
    with unit_of_work(conn) as work:
        box = _box_at(work, box_id, at, BoxState.PACKING)
        row = work.box_items.get(normalise(barcode))
        if row is None or row["box_id"] != box.box_id:
            raise BadBox(Wrong.EMPTY, f"{barcode} is not in {box.box_id}")
        work.box_items.drop(row["item"])
    note_box(conn, at, "box.unpack", box, {"item": row["item"]})


def send_box(
    conn: Connection, at: Counter, box_id: str, to_site: str, back_by: dt.date | None
) -> Box:
    """The box leaves for a site with all that is in it. Raises BadBox."""
    require_site(conn, to_site)
    with unit_of_work(conn) as work:
        box = _box_at(work, box_id, at, BoxState.PACKING)
        items = contents(work, box)
        if not items or to_site == box.home_site:
            raise BadBox(Wrong.EMPTY, f"{box.box_id} has nothing to bring to {to_site}")
        sent = put_state(work, at, box, BoxState.SENT, to_site, back_by)
        for item in items:
            load(work, at, item, sent)
    after = {"to": to_site, "items": len(items), "back_by": back_by}
    note_box(conn, at, "box.send", box, after)
    return sent


def arrive(conn: Connection, at: Counter, box_id: str) -> list[str]:
    """Scan the box where it was sent: all that came in it is here. Raises BadBox."""
    with unit_of_work(conn) as work:
        box = _box_at(work, box_id, at, BoxState.SENT, BoxState.COMING_BACK)
        came = [item for item in contents(work, box) if _receive(work, at, box, item)]
        if box.state is BoxState.SENT:
            put_state(work, at, box, BoxState.THERE, box.destination, box.back_by)
        else:
            put_state(work, at, box, BoxState.PACKING, "", None)
            for item in came:
                work.box_items.drop(item.barcode)
    note_box(conn, at, "box.arrive", box, {"site": at.site_id, "items": len(came)})
    return [item.barcode for item in came]


def _pack(work: UnitOfWork, at: Counter, box: Box, code: str) -> Scanned:
    item = work.item(code)
    if item is None:
        return Scanned(code, problem=Problem.UNKNOWN)
    if is_on_loan(work, code):
        return Scanned(code, problem=Problem.ON_LOAN)
    row = work.box_items.get(code)
    if row is not None and row["missing_at"] is None and row["box_id"] != box.box_id:
        return Scanned(code, problem=Problem.OTHER_BOX)
    if is_kept(work, item):
        return Scanned(code, problem=Problem.ON_HOLD)
    fresh = {"item": code, "box_id": box.box_id, "packed_at": at.now}
    work.box_items.put(fresh | {"missing_at": None})
    if item.current_site != at.site_id:
        work.put_item(replace(item, current_site=at.site_id))
    return Scanned(code)


def contents(work: UnitOfWork, box: Box, *, missing: bool = False) -> list[Item]:
    """The copies in a box; read at once, with all that is known of their ways."""
    rows = work.box_items.having("box_id", box.box_id)
    codes = sorted(r["item"] for r in rows if missing or r["missing_at"] is None)
    work.items.fetch(codes)
    work.loans.fetch_having("item", codes)
    work.transfers.fetch_having("item", codes)
    return [item for code in codes if (item := work.item(code)) is not None]


def load(work: UnitOfWork, at: Counter, item: Item, box: Box) -> None:
    """What else the copy was wanted for has to wait until it is back."""
    for line in live_lines(work, item.barcode):
        if line.sent_at is None:
            work.transfers.drop(line.transfer_id)
    line = new_line(item, box.place, Reason.ROTATION, at)
    move(
        work,
        item,
        replace(line, because=box.box_id, sent_at=at.now, sent_by=at.who.name),
        at.site_id,
    )


def _receive(work: UnitOfWork, at: Counter, box: Box, item: Item) -> bool:
    """False for a copy that turned up elsewhere on the way."""
    for line in live_lines(work, item.barcode):
        if line.because == box.box_id:
            came = replace(line, received_at=at.now, received_by=at.who.name)
            move(work, item, came, at.site_id)
            return True
    return False


def _box_at(work: UnitOfWork, box_id: str, at: Counter, *states: BoxState) -> Box:
    """The box, if it is so far and this is the place. Raises BadBox."""
    box = known_box(work, box_id)
    if box.state not in states:
        raise BadBox(Wrong.STATE, f"{box.box_id} is {box.state.value}")
    if at.site_id != box.place:
        raise BadBox(Wrong.NOT_HERE, f"{box.box_id} is for {box.place}")
    return box


def put_state(
    work: UnitOfWork,
    at: Counter,
    box: Box,
    state: BoxState,
    destination: str,
    back_by: dt.date | None,
) -> Box:
    same = box.state is state
    changed = replace(
        box,
        state=state,
        destination=destination,
        since=box.since if same else at.now,
        back_by=back_by,
    )
    work.boxes.put(asdict(changed))
    return changed


def note_box(
    conn: Connection, at: Counter, what: str, box: Box, after: dict[str, object]
) -> None:
    note(conn, at.who, what, f"box:{box.box_id}", at.now, after=after)
