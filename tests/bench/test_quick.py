from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.bench import desk_pages, http_ingest, page_time
from tests.bench.figures import Figure, Report, p95, reports, table
from tests.bench.ingest import BATCHES
from tests.bench.paced_readers import READERS
from tests.bench.pads import STACK, TAGS
from tests.emulated_devices import KINDS

NAMES = {
    *desk_pages.names(),
    *http_ingest.names(),
    *page_time.names(),
    "tag told → title, median",
    "tag told → title, p95",
    "PSS of kiosk and agent",
    "PSS of kiosk",
    "PSS of agent",
    "start to first page",
    "lend_alone, stack of 10",
    "Ledger.record, stack of 10",
    "Ledger.record, 1 book",
    "Ledger.record, 10 books",
    "syncs of lend_alone, 1 book",
    "written by lend_alone, 1 book",
    "written by Ledger.record, 1 book",
    "accepted by Ledger.record",
    "accepted by Lending.lend_alone",
    "accepted by SQLiteAckQueue.put",
    "a record, all of it",
    "a record, encoded and hashed",
    "a record, its statements in bare sqlite3",
    "a record, the same without syncs",
    "a record, append + fdatasync",
    "a record, fdatasync into old blocks",
    "lend_alone with a backlog",
    "ledger file, each event",
    "loans within 64 MB",
    "start to ledger ready, backlog",
    "start to ledger ready, backlog alone",
    "PSS at ledger ready, backlog",
    "start to first page, backlog",
    "start to first page, backlog alone",
    "PSS at first page, backlog",
    f"idle with {len(KINDS)} devices",
    "herd, time to drain",
    "herd, requests for each success",
    "herd, busiest second after the first answers",
    "herd, neither 200 nor 401 nor 503",
    "ask of an idle hub, median",
    "ask of an idle hub, p95",
    "ask of an idle hub, p99",
    "ask during a drain, median",
    "ask during a drain, p95 alone",
    "ask during a drain, p99",
    "ask during a drain, p99 alone",
    "pace at the end of a drain",
    *(
        f"{what}, batches of {size}, {database}"
        for what in ("taken in", "repeated")
        for size in BATCHES
        for database in ("SQLite", "PostgreSQL")
    ),
    *(
        f"{what}, {kind}, {database}"
        for what in ("imported", "peak memory of an import")
        for kind in ("titles", "items", "patrons")
        for database in ("SQLite", "PostgreSQL")
    ),
    *(f"{TAGS} tags read, {driver}" for driver in READERS),
    *(f"{STACK} books listed, {driver}" for driver in READERS),
}

#: A small herd may be served at once, and should be told nothing odd.
MAY_BE_ZERO = {
    "herd, busiest second after the first answers",
    "herd, neither 200 nor 401 nor 503",
}


def figure(value: float, reference: float | None = None, **more: object) -> Figure:
    content = {"name": "f", "unit": "ms", "rounds": 1, "value": value, **more}
    return msgspec.convert({**content, "reference": reference}, Figure)


@pytest.mark.fault("O20")
@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.timeout(400)
def test_quick_bench_takes_every_figure(tmp_path: Path) -> None:
    target = tmp_path / "figures.json"
    words = [sys.executable, "-m", "tests.bench", "--quick", "--json", str(target)]

    done = subprocess.run(words, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    taken = msgspec.json.decode(target.read_bytes(), type=list[Report])
    assert {each.figure.name for each in taken} == NAMES
    zero = {each.figure.name for each in taken if each.figure.value == 0}
    assert zero <= MAY_BE_ZERO
    others = [each for each in taken if each.figure.name not in zero]
    assert all(each.ratio is None or each.ratio > 0 for each in others)
    assert all(name in done.stdout for name in NAMES)


@pytest.mark.parametrize(
    ("taken", "met"),
    [
        (figure(99.0, aim=100.0), True),
        (figure(101.0, aim=100.0), False),
        (figure(3.0, 2.0, aim=2.0, aim_is_ratio=True), True),
        (figure(5.0, 2.0, aim=2.0, aim_is_ratio=True), False),
        (figure(101.0, aim=100.0, at_least=True), True),
        (figure(99.0, aim=100.0, at_least=True), False),
        (figure(5.0, 2.0), None),
    ],
)
def test_aim_is_a_limit_of_the_value_or_of_the_ratio(
    taken: Figure, *, met: bool | None
) -> None:
    (report,) = reports([taken])

    assert report.met is met


def test_table_shows_both_numbers_their_ratio_and_the_aim() -> None:
    shown = table([figure(3.0, 2.0, beside="a floor", aim=2.0, aim_is_ratio=True)])

    line = shown.splitlines()[1]
    for part in ("3.00 ms", "2.00 ms (a floor)", "1.50×", "≤ 2×", "met"):
        assert part in line


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (20, 19), (40, 38), (100, 95)])
def test_p95_leaves_one_of_twenty_above(count: int, expected: int) -> None:
    assert p95(range(1, count + 1)) == expected
