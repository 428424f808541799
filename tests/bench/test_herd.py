"""A small herd at a real hub: everybody is served, and nobody is told anything odd."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.bench.herd import stampede
from tests.bench.hub_load import hub_process, points

KIOSKS = 60


@pytest.mark.slow
@pytest.mark.fault("O21")
def test_every_kiosk_of_a_herd_is_served(tmp_path: Path) -> None:
    """At most 5 requests for each success; the aim itself is the bench's to measure."""
    herd = points(KIOSKS, "herd")
    items = [f"book-of-{one.kiosk.kiosk_id}" for one in herd]

    with hub_process(tmp_path, herd, items) as url:
        _drain_s, tally = asyncio.run(stampede(url, herd))

    assert len(tally.served_s) == KIOSKS
    assert set(tally.statuses) <= {"200", "401", "503"}
    assert tally.requests_per_success <= 5
