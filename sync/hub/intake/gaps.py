"""Numbers of a kiosk's ledger that the hub has not seen, though it has later ones."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, func, select

from sync.hub.intake.chain import LINKS, between

#: Gaps listed of one epoch; the first ones say where to look.
_SHOWN = 20
_HIGHEST_SEQ = (1 << 63) - 1


class Gap(msgspec.Struct, frozen=True):
    """Every event of the epoch from `first` to `last` is missing."""

    epoch: str
    first: int
    last: int


def gaps_of(conn: Connection, kiosk_id: str, epoch: str) -> tuple[Gap, ...]:
    """The first gaps of an epoch, in order."""
    before = func.lag(LINKS.c.seq, 1, 0).over(order_by=LINKS.c.seq)
    pairs = select(LINKS.c.seq, before.label("before")).subquery()
    rows = conn.execute(
        select(pairs)
        .where(pairs.c.seq > pairs.c.before + 1)
        .order_by(pairs.c.seq)
        .limit(_SHOWN),
        between(kiosk_id, epoch, 1, _HIGHEST_SEQ),
    )
    return tuple(Gap(epoch, row.before + 1, row.seq - 1) for row in rows)
