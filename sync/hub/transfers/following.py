"""What follows for the transfer list from what kiosks saw of a copy.

Worked out from all that is known, never from the order in which it came: a return
where a copy does not belong opens a line, and being seen elsewhere ends one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

from kiosk.domain.values import Item
from sync.hub.circulation.facts import Fact
from sync.hub.circulation.hold_values import HoldState
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.county.site_tree import (
    DEFAULT_FOREIGN_RETURN,
    ForeignReturn,
    profile_of,
)
from sync.hub.store.rows import Row
from sync.hub.transfers.lines import (
    LIVE,
    Line,
    Reason,
    follows_from_fact,
    is_away,
    last_seen,
    line_after,
    name_of,
    outcome,
)

#: States of a hold in which its copy is not to go home.
SET_ASIDE = (HoldState.ON_ITS_WAY.value, HoldState.READY.value)
_FIELDS = tuple(field.name for field in fields(Line))


def review(work: UnitOfWork, item: str, handled: Sequence[Fact]) -> None:
    """Store the copy's lines as they are now.

    `handled`: when it was at a kiosk, in order. Where it is now must be stored already.
    """
    lines = lines_of(work, item)
    kept = [line for line in lines if not follows_from_fact(line)]
    fresh = _fresh(work, item, handled, kept)
    wanted = [*kept, fresh] if fresh else kept
    for line in lines:
        if line.transfer_id not in {one.transfer_id for one in wanted}:
            work.transfers.drop(line.transfer_id)
    for line in wanted:
        store(work, line, handled)


def seen_at(work: UnitOfWork, item: str, handled: Sequence[Fact]) -> str | None:
    """Where the copy was last, by kiosks and by those who sent or received it."""
    return last_seen(lines_of(work, item), handled)


def lines_of(work: UnitOfWork, item: str) -> list[Line]:
    """All lines about a copy, in no order."""
    return [line_of(row) for row in work.transfers.having("item", item)]


def live_lines(work: UnitOfWork, item: str) -> list[Line]:
    """Those by which the copy is still to go or on its way, for a hold first."""
    rows = work.transfers.having("item", item)
    lines = [line_of(row) for row in rows if row["state"] in LIVE]
    return sorted(
        lines, key=lambda line: (line.reason is not Reason.HOLD, line.opened_at)
    )


def line_of(row: Row) -> Line:
    values = {name: row[name] for name in _FIELDS}
    return Line(**values | {"reason": Reason(row["reason"])})


def store(work: UnitOfWork, line: Line, handled: Sequence[Fact] = ()) -> None:
    """Write a line, and what became of it, if that is news."""
    row = {**asdict(line), **asdict(outcome(line, handled))}
    stored = work.transfers.get(line.transfer_id)
    if stored is None or any(stored[name] != value for name, value in row.items()):
        work.transfers.put(row)


def place_of(work: UnitOfWork, item: Item) -> tuple[str, Reason]:
    """Where a copy belongs now: where its box is meant to stand, or else home."""
    packed = work.box_items.get(item.barcode)
    if packed is not None and packed["missing_at"] is None:
        box = work.boxes.get(packed["box_id"])
        if box is not None and is_away(box["state"]):
            return box["destination"], Reason.ROTATION
    return item.home_site, Reason.HOME


def is_kept(work: UnitOfWork, item: Item) -> bool:
    """Whether a copy is set aside for a reader, at the pick-up site or on its way."""
    holds = work.holds.having("title_id", item.title_id)
    return any(
        row["copy"] == item.barcode and row["state"] in SET_ASIDE for row in holds
    )


def policy_at(work: UnitOfWork, site_id: str) -> ForeignReturn:
    """What becomes of copies that belong elsewhere: said here, or by a site above."""
    seen: set[str] = set()
    site: str | None = site_id
    while site is not None and site not in seen:
        seen.add(site)
        row = work.sites.get(site)
        if row is None:
            break
        said = profile_of(row).foreign_return
        if said is not None:
            return said
        site = row["parent"]
    return DEFAULT_FOREIGN_RETURN


def _fresh(
    work: UnitOfWork, barcode: str, handled: Sequence[Fact], others: Sequence[Line]
) -> Line | None:
    """The line that the last return opens, unless the copy has one or went on."""
    item = work.item(barcode) if handled else None
    if item is None or item.current_site != handled[-1].site_id:
        return None
    if item.current_site == item.home_site:
        return None
    line = line_after(handled, *place_of(work, item))
    if line is None or any(outcome(one, handled).state in LIVE for one in others):
        return None
    if name_of(line.because) in {one.transfer_id for one in others}:
        return None
    if policy_at(work, line.from_site) is not ForeignReturn.RETURN_HOME:
        return None
    return None if is_kept(work, item) else line
