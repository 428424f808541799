"""How long a ledger takes to open that has not been heard for long."""

from __future__ import annotations

import resource
import time
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.store.ledger import SqliteLedger
from tests.integration.broken_ledger import closed_ledger
from tests.integration.ledger_world import path
from tests.integration.store_samples import AT, KIOSK, fact

__all__ = ["path"]

UNSENT = 100_000
AT_ONCE = 500
#: Processor time, which a loaded machine does not stretch as it does the clock's.
AIM_S = 1.5
AIM_KIB = 32 * 1024


def long_ledger(path: Path) -> None:
    with closing(SqliteLedger(path, KIOSK)) as ledger:
        for first in range(0, UNSENT, AT_ONCE):
            stack = [fact(n, f"B{n}") for n in range(first, first + AT_ONCE)]
            ledger.record(stack, AT)


@pytest.mark.slow
@pytest.mark.fault("O11")
def test_a_hundred_thousand_unsent_events_open_in_time_and_little_memory(
    path: Path,
) -> None:
    long_ledger(path)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start_s = time.process_time()

    with closing(SqliteLedger(path, KIOSK)) as ledger:
        opened_s = time.process_time() - start_s
        assert ledger.head().seq == UNSENT

    assert opened_s < AIM_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < AIM_KIB


@pytest.mark.fault("O09", "O11")
def test_the_whole_chain_is_checked_at_every_start(path: Path) -> None:
    """The time above is worth nothing if the oldest event is not looked at."""
    closed_ledger(path)
    content = bytearray(path.read_bytes())
    place = content.index(b'"loan-1"')
    content[place : place + 8] = b'"loan-X"'
    path.write_bytes(content)

    with closing(SqliteLedger(path, KIOSK)) as again:
        assert "event 1: not the content" in (again.opening.fault or "")
