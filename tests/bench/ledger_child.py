"""`python -m tests.bench.ledger_child WHAT FOLDER LOANS`: a process that only does that.

Prints how many bytes it wrote; how often it synced is counted from outside.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from tests.bench.acceptors import ack_queue, put_one
from tests.bench.lending_point import lending_point


def main() -> None:
    what, folder, loans = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    click.echo(_KINDS[what](folder, loans))


def _lend(folder: Path, loans: int) -> int:
    with lending_point(folder, loans) as point:
        before = _bytes_written()
        for number in range(loans):
            point.lend(number, 1)
        return _bytes_written() - before


def _record(folder: Path, loans: int) -> int:
    with lending_point(folder, 1) as point:
        before = _bytes_written()
        for number in range(loans):
            drafts, tags = point.checkouts(number, 1)
            point.ledger.record(drafts, point.now(), tags)
        return _bytes_written() - before


def _queue(folder: Path, loans: int) -> int:
    """The same events, made by a ledger that is not counted."""
    with lending_point(folder, 1) as point, ack_queue(folder) as queue:
        drafts = [point.checkouts(number, 1)[0][0] for number in range(loans)]
        events = point.ledger.record(drafts, point.now())
        before = _bytes_written()
        for event in events:
            put_one(queue, event)
        return _bytes_written() - before


def _bytes_written() -> int:
    """Of this process so far, whole pages of the file cache, as the kernel counts."""
    lines = Path("/proc/self/io").read_text("ascii").splitlines()
    line = next(row for row in lines if row.startswith("write_bytes:"))
    return int(line.split()[1])


_KINDS: dict[str, Callable[[Path, int], int]] = {
    "lend": _lend,
    "record": _record,
    "queue": _queue,
}


if __name__ == "__main__":
    main()
