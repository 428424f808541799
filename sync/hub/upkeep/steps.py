"""The parts of the daily upkeep, each in short transactions of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import structlog

from sync.hub.circulation.hold_acts import Deed
from sync.hub.circulation.hold_upkeep import end_missed
from sync.hub.county.login_guard import forget_old
from sync.hub.privacy.purge import purge
from sync.hub.privacy.verify import verify_last
from sync.hub.store.database import Database
from sync.hub.transfers.lists import count_late

log = structlog.get_logger(__name__)

#: What was done or found, by what it is about.
Counts = dict[str, int]
Step = Callable[[Database, Deed], Counts]


class LinksLeft(RuntimeError):
    """Readers are named where the purge should have forgotten them."""


class Done(msgspec.Struct, frozen=True):
    """What came of one step; `problem` is empty if it came to its end."""

    step: str
    counts: Counts
    problem: str = ""


def _holds(database: Database, by: Deed) -> Counts:
    return end_missed(database, by)


def _purge(database: Database, by: Deed) -> Counts:
    return purge(database, by.who, by.now).forgotten


def _verify(database: Database, by: Deed) -> Counts:
    with database.reading() as conn:
        checked = verify_last(conn, by.now)
    if checked.links:
        found = " ".join(f"{name}:{n}" for name, n in checked.links.items())
        raise LinksLeft(f"readers are still named: {found}")
    return checked.kept


def _logins(database: Database, by: Deed) -> Counts:
    with database.writing() as conn:
        return {"forgotten": forget_old(conn, by.now)}


def _transfers(database: Database, by: Deed) -> Counts:
    with database.reading() as conn:
        return {"late": count_late(conn, by.now, None)}


STEPS: dict[str, Step] = {
    "holds": _holds,
    "purge": _purge,
    "verify": _verify,
    "logins": _logins,
    "transfers": _transfers,
}


def run_all(database: Database, by: Deed, steps: dict[str, Step]) -> Iterator[Done]:
    """Take each step in turn, whatever became of those before."""
    for name, step in steps.items():
        yield _taken(name, step, database, by)


def _taken(name: str, step: Step, database: Database, by: Deed) -> Done:
    try:
        return Done(name, step(database, by))
    except Exception as err:  # a fault in one must not keep the rest from being done
        log.warning("upkeep step failed", step=name, exc_info=err)
        return Done(name, {}, f"{type(err).__name__}: {err}")
