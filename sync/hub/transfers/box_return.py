"""A rotation box goes home from where it stood; what is missing of it is told.

Within `Database.writing()`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from kiosk.domain.credentials import normalise
from kiosk.domain.values import Item
from sync.hub.circulation.unit_of_work import UnitOfWork, unit_of_work
from sync.hub.transfers.acts import Counter, is_on_loan
from sync.hub.transfers.boxes import BadBox, Box, Wrong, known_box
from sync.hub.transfers.following import live_lines
from sync.hub.transfers.lines import BoxState
from sync.hub.transfers.packing import contents, load, note_box, put_state


@dataclass(frozen=True, slots=True)
class Return:
    """What a box goes home with. `missing` is what should be there and is not.

    Copies on loan or seen elsewhere since go home by themselves, without the box; one
    that was scanned and is on loan has to be returned at a kiosk first.
    """

    taken: tuple[str, ...]
    missing: tuple[str, ...]
    on_loan: tuple[str, ...]
    elsewhere: tuple[str, ...]
    strangers: tuple[str, ...]


def bring_back(
    conn: Connection, at: Counter, box_id: str, barcodes: Iterable[str]
) -> Return:
    """The box goes home with what was scanned; the rest is told. Raises BadBox.

    What turns up later may be put in as long as the box is not home.
    """
    with unit_of_work(conn) as work:
        box = _leaving(work, box_id, at)
        codes = tuple(dict.fromkeys(filter(None, map(normalise, barcodes))))
        known = {item.barcode: item for item in contents(work, box, missing=True)}
        home = put_state(
            work, at, box, BoxState.COMING_BACK, box.destination, box.back_by
        )
        here = [known[code] for code in codes if code in known]
        lent = tuple(one.barcode for one in here if is_on_loan(work, one.barcode))
        taken = tuple(one.barcode for one in here if one.barcode not in lent)
        for code in taken:
            _take(work, at, known[code], home)
        left = [known[code] for code in known.keys() - {*taken, *lent}]
        found = _left_behind(work, at, home, left)
    strangers = tuple(code for code in codes if code not in known)
    on_loan = (*lent, *found.on_loan)
    done = replace(found, taken=taken, on_loan=on_loan, strangers=strangers)
    after = {"items": len(taken), "missing": list(done.missing)}
    note_box(conn, at, "box.return", box, after)
    return done


def _take(work: UnitOfWork, at: Counter, item: Item, home: Box) -> None:
    if not _travels(work, item, home):
        load(work, at, item, home)
    work.box_items.put({"item": item.barcode, "missing_at": None})


def _travels(work: UnitOfWork, item: Item, box: Box) -> bool:
    """Whether the copy is on its way with the box now."""
    return any(
        line.because == box.box_id and line.to_site == box.place
        for line in live_lines(work, item.barcode)
    )


def _left_behind(
    work: UnitOfWork, at: Counter, box: Box, items: Iterable[Item]
) -> Return:
    """Note what is missing; what is known to be elsewhere is the box's no more."""
    missing, on_loan, elsewhere = [], [], []
    for item in sorted(items, key=lambda item: item.barcode):
        if _travels(work, item, box):
            continue
        if is_on_loan(work, item.barcode):
            on_loan.append(item.barcode)
        elif item.current_site != box.destination:
            elsewhere.append(item.barcode)
        else:
            missing.append(item.barcode)
            row = work.box_items.get(item.barcode)
            if row is not None and row["missing_at"] is None:
                work.box_items.put({"item": item.barcode, "missing_at": at.now})
            continue
        work.box_items.drop(item.barcode)
    return Return((), tuple(missing), tuple(on_loan), tuple(elsewhere), ())


def _leaving(work: UnitOfWork, box_id: str, at: Counter) -> Box:
    """The box, at its destination still or just on its way home from there."""
    box = known_box(work, box_id)
    if box.state not in {BoxState.THERE, BoxState.COMING_BACK}:
        raise BadBox(Wrong.STATE, f"{box.box_id} is {box.state.value}")
    if at.site_id != box.destination:
        raise BadBox(Wrong.NOT_HERE, f"{box.box_id} is at {box.destination}")
    return box
