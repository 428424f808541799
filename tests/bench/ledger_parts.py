"""Where the time of an accepted loan goes: encoding, SQLite, the disk."""

from __future__ import annotations

import hashlib
import re
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from kiosk.service.ports import Draft, TagTarget
from sync.protocol import Event, canonical
from tests.bench.acceptors import appender, overwriter
from tests.bench.figures import Figure
from tests.bench.lending_point import LendingPoint, lending_point

LOANS = 500
_WHOLE = "a record, all of it"
_LITERAL = re.compile(r"[xX]'([0-9a-fA-F]*)'|'((?:[^']|'')*)'|\b(\d+)\b")
Stack = tuple[list[Draft], list[TagTarget]]
Statement = tuple[str, tuple[str | int | bytes, ...]]


def measure(folder: Path, loans: int = LOANS) -> list[Figure]:
    """Means over so many loans of one book; the statements are the ledger's own."""
    copies = [folder / "full.db", folder / "off.db"]
    with lending_point(folder, 1) as point:
        seconds, events, statements = _recorded(point, loans, copies)
    parts = {
        "a record, encoded and hashed": _timed(lambda: _hash_each(events)),
        "a record, its statements in bare sqlite3": _replayed(
            copies[0], statements, "FULL"
        ),
        "a record, the same without syncs": _replayed(copies[1], statements, "OFF"),
        "a record, append + fdatasync": _appended(folder, events),
        "a record, fdatasync into old blocks": _overwritten(folder, events),
    }
    whole = Figure(name=_WHOLE, unit="µs", value=seconds / loans * 1e6, rounds=loans)
    return [whole, *(_part(name, s / loans, whole) for name, s in parts.items())]


def _part(name: str, seconds: float, whole: Figure) -> Figure:
    return Figure(
        name=name,
        unit="µs",
        value=seconds * 1e6,
        beside=_WHOLE,
        reference=whole.value,
        rounds=whole.rounds,
    )


def _recorded(
    point: LendingPoint, loans: int, copies: Sequence[Path]
) -> tuple[float, list[Event], list[Statement]]:
    """Record them twice: first to see the statements, then by the clock."""
    with point.ledger._engine.connect() as connection:
        driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    for copy in copies:
        driver.execute("VACUUM INTO ?", (str(copy),))
    ran: list[str] = []
    driver.set_trace_callback(ran.append)
    events = _record(point, _stacks(point, range(loans)))
    driver.set_trace_callback(None)
    others = _stacks(point, range(loans, 2 * loans))
    seconds = _timed(lambda: _record(point, others))
    return seconds, events, [_with_places(text) for text in ran]


def _stacks(point: LendingPoint, patrons: range) -> list[Stack]:
    return [point.checkouts(patron, 1) for patron in patrons]


def _record(point: LendingPoint, stacks: Sequence[Stack]) -> list[Event]:
    events: list[Event] = []
    for drafts, tags in stacks:
        events += point.ledger.record(drafts, point.now(), tags)
    return events


def _with_places(text: str) -> Statement:
    """Values apart from the statement, so that it is prepared once as the ledger's."""
    values: list[str | int | bytes] = []

    def place(found: re.Match[str]) -> str:
        blob, string, number = found.groups()
        if number is not None:
            values.append(int(number))
        elif blob is not None:
            values.append(bytes.fromhex(blob))
        else:
            values.append(string.replace("''", "'"))
        return "?"

    return _LITERAL.sub(place, text), tuple(values)


def _replayed(path: Path, statements: Sequence[Statement], synchronous: str) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")

        def replay() -> None:
            for text, values in statements:
                connection.execute(text, values).fetchall()

        return _timed(replay)


def _hash_each(events: Sequence[Event]) -> None:
    for event in events:
        body = canonical(event)
        replace(event, hash=hashlib.sha256(body).hexdigest())


def _appended(folder: Path, events: Sequence[Event]) -> float:
    with appender(folder) as append:
        return _timed(lambda: [append([event]) for event in events])


def _overwritten(folder: Path, events: Sequence[Event]) -> float:
    with overwriter(folder, len(events)) as overwrite:
        return _timed(lambda: [overwrite(event) for event in events])


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
