"""Looking how things stand at the library system, and telling it one thing."""

from __future__ import annotations

from typing import assert_never

from sync.hub.library.port import (
    Act,
    Away,
    Lending,
    LibrarySystem,
    Outcome,
    PatronThere,
    Renewal,
    TakingBack,
)
from sync.hub.library.telling import NOBODY, Order, Seen


def look(system: LibrarySystem, order: Order) -> Seen | Away:
    """What `telling.next_step` decides by; the patron only where the item is out."""
    item = system.item(order.act.item)
    if isinstance(item, Away):
        return item
    patron: PatronThere | Away = NOBODY
    if isinstance(order.act, Lending) and item.on_loan is not False:
        patron = system.patron(order.act.patron)
    return patron if isinstance(patron, Away) else Seen(item, patron)


def perform(system: LibrarySystem, act: Act) -> Outcome:
    """Tell it once."""
    match act:
        case Lending():
            return system.lend(act)
        case TakingBack():
            return system.take_back(act)
        case Renewal():
            return system.renew(act)
        case _:
            assert_never(act)
