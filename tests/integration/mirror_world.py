"""A mirror of the hub in a file, with pages to apply."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.protocol import (
    AckedThrough,
    Change,
    Clock,
    Event,
    FeedPage,
    Kind,
)
from tests.integration.store_samples import (
    HUB_PUBLIC,
    NOON,
    boot_at,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mirror.db"


@pytest.fixture
def writer(path: Path) -> Iterator[MirrorWriter]:
    with closing(MirrorWriter(path, HUB_PUBLIC, boot_at)) as opened:
        yield opened


@pytest.fixture
def reader(path: Path) -> MirrorReader:
    return MirrorReader(path)


def page(cursor: int, *changes: Change) -> FeedPage:
    return FeedPage(changes=changes, cursor=cursor, more=False, hub_time=NOON)


def event(seq: int, epoch: str = "e1") -> Event:
    return Event(
        event_id=f"{epoch}-{seq}",
        kiosk_id="K-1",
        epoch=epoch,
        seq=seq,
        kind=Kind.CHECKIN,
        occurred_at=NOON,
        boot_id="b",
        monotonic_ns=seq,
        clock=Clock.SYNCED,
    )


def acked(seq: int, epoch: str = "e1") -> AckedThrough:
    return AckedThrough(epoch=epoch, seq=seq, hash=f"{seq:064x}")
