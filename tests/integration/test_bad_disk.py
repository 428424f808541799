"""A data partition that fails in operation: noticed soon, and nothing is promised."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest
import requests
from sqlalchemy.exc import OperationalError

from kiosk.store.errors import MirrorError, Transient
from kiosk.store.mirror_writer import MirrorWriter
from tests.integration.hub_world import fresh_hub, furnish
from tests.integration.store_samples import HUB_PUBLIC
from tests.integration.test_daemon import Place, running
from tests.powercut.disk import Disk, missing
from tests.powercut.mirroring import page
from tests.waiting import eventually

LACK = missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(LACK is not None, reason=f"BAD DISKS NOT RUN: {LACK}"),
]
#: The promise is 5 s; a loaded machine is given as much again.
NOTICED_S = 10.0
OUT_OF_SERVICE = "机器记不下来，现在不能借也不能还"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path)
    made.format()
    with made.powered(seed=1):
        yield made


def turn_read_only(disk: Disk) -> None:
    """The medium fails, the system notices at the next sync and stops writing."""
    disk.cut()
    with suppress(OSError), (disk.root / "anything").open("wb") as file:
        file.write(b"x")
        os.fsync(file.fileno())
    with pytest.raises(OSError, match=r"Read-only|Input/output"):
        (disk.root / "more").write_bytes(b"x")


@pytest.mark.fault("O08")
def test_a_running_kiosk_says_within_seconds_that_it_is_out_of_service(
    disk: Disk,
) -> None:
    with ExitStack() as plugged:
        place = Place(disk.root, plugged)
        place.enrol()
        with running(place) as (process, url):

            def says_so() -> bool:
                return OUT_OF_SERVICE in requests.get(url, timeout=5).text

            eventually(lambda: place.health().ready, "it looks after itself")
            before = says_so()

            turn_read_only(disk)

            eventually(says_so, "the screen says so", NOTICED_S)
            assert not before
            assert process.poll() is None


@pytest.mark.fault("O08")
def test_an_agent_whose_disk_fails_keeps_what_it_has_and_tries_again(
    disk: Disk,
) -> None:
    with closing(MirrorWriter(disk.root / "mirror.db", HUB_PUBLIC)) as mirror:
        mirror.apply_page(page(1))
        turn_read_only(disk)

        with pytest.raises(MirrorError) as caught:
            mirror.apply_page(page(2))

        assert isinstance(caught.value, Transient)
        assert mirror.cursor() == 1
    assert not list(disk.root.glob("mirror.damaged-*"))


@pytest.mark.fault("O08")
def test_a_hub_whose_disk_fails_answers_no_batch(disk: Disk) -> None:
    url = f"sqlite:///{disk.root / 'hub.db'}"
    with fresh_hub(url, disk.root) as hub:
        county = furnish(hub)
        first = county.k1.lends("YL0001", county.refs["R1"])
        county.send(first)
        turn_read_only(disk)

        with pytest.raises(OperationalError):
            county.send(county.k1.takes_back("YL0001"))

        assert [loan["returned_at"] for loan in county.loans()] == [None]
