"""A ledger in a folder of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.store.ledger import SqliteLedger
from tests.integration.store_samples import KIOSK


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(path, KIOSK)) as opened:
        yield opened


def wal_bytes(path: Path) -> int:
    """The WAL grows with every transaction that wrote something."""
    return path.with_name("ledger.db-wal").stat().st_size
