"""Room for the ledger: the reserve, what a full disk allows, and how it recovers."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.service.ports import Storage
from kiosk.store.errors import LedgerFull
from kiosk.store.ledger import SqliteLedger
from kiosk.store.space import Disk, Reserve, Space, judge
from tests.integration.store_samples import AT, KIOSK, fact, record_facts

MIB = 2**20


@pytest.fixture
def partition(tmp_path: Path) -> Iterator[Path]:
    """A partition of its own, of 8 MiB."""
    place = tmp_path / "partition"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0770", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("mounting takes root")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(folder: Path, *, leave: int) -> Path:
    """Let other files take the partition but for so many bytes."""
    found = os.statvfs(folder)
    path = folder / f"filler-{leave}"
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - leave)
    return path


@pytest.mark.parametrize(
    ("disk", "reserved", "state"),
    [
        (Disk(1000, 500, writable=True), True, Storage.ENOUGH),
        (Disk(1000, 201, writable=True), True, Storage.ENOUGH),
        (Disk(1000, 200, writable=True), True, Storage.LOW),
        (Disk(1000, 40, writable=True), True, Storage.LOW),
        (Disk(1000, 39, writable=True), True, Storage.SHORT),
        (Disk(1000, 500, writable=True), False, Storage.SHORT),
        (Disk(1000, 500, writable=False), True, Storage.UNWRITABLE),
        (Disk(9000, 8000, writable=True).within(1000, 850), True, Storage.LOW),
        (Disk(9000, 8000, writable=True).within(1000, 2000), True, Storage.SHORT),
    ],
)
def test_a_disk_is_judged_by_what_is_free_beside_the_reserve(
    disk: Disk, *, reserved: bool, state: Storage
) -> None:
    assert judge(disk, 40, reserved=reserved) is state


def test_the_reserve_takes_real_room(tmp_path: Path) -> None:
    reserve = Reserve(tmp_path / "reserve", MIB)
    assert not reserve.held

    assert reserve.make()

    assert (tmp_path / "reserve").stat().st_blocks * 512 >= MIB
    assert reserve.held
    assert reserve.give_up()
    assert not reserve.give_up()


def test_a_sparse_file_is_no_reserve(tmp_path: Path) -> None:
    (tmp_path / "reserve").touch()
    os.truncate(tmp_path / "reserve", MIB)

    assert not Reserve(tmp_path / "reserve", MIB).held


def test_a_small_partition_gives_a_tenth_for_the_reserve(partition: Path) -> None:
    space = Space(partition, reserve=16 * MIB)

    assert space.look() is Storage.ENOUGH
    assert (partition / "ledger.reserve").stat().st_size == int(0.8 * MIB)


@pytest.mark.fault("O07")
def test_the_reserve_lets_a_return_be_recorded_on_a_full_disk(partition: Path) -> None:
    space = Space(partition, reserve=MIB)
    assert space.look() is Storage.ENOUGH
    with closing(SqliteLedger(partition / "ledger.db", KIOSK)) as ledger:
        record_facts(ledger, 1, 3)
        other = fill(partition, leave=0)
        assert space.look() is Storage.SHORT
        many = [fact(number) for number in range(100, 300)]
        with pytest.raises(LedgerFull):
            ledger.record(many, AT)

        assert space.reserve.give_up()
        assert len(ledger.record(many, AT)) == 200

        assert space.look() is Storage.SHORT
        other.unlink()
        assert space.look() is Storage.ENOUGH
        assert space.reserve.held
        assert ledger.head().seq == 203
        assert ledger.first_break() is None


def test_the_state_does_not_come_and_go_at_the_border(partition: Path) -> None:
    space = Space(partition, reserve=MIB)
    space.look()
    floor = int(0.8 * MIB) // 4
    fill(partition, leave=floor - 8192)
    assert space.look() is Storage.SHORT
    os.truncate(partition / f"filler-{floor - 8192}", 0)
    (partition / f"filler-{floor - 8192}").unlink()

    fill(partition, leave=floor + 8192)
    assert space.look() is Storage.SHORT

    (partition / f"filler-{floor + 8192}").unlink()
    fill(partition, leave=3 * floor)
    assert space.look() is Storage.LOW


def test_a_quota_counts_what_the_folder_holds(tmp_path: Path) -> None:
    space = Space(tmp_path, reserve=MIB, quota=20 * MIB)
    assert space.look() is Storage.ENOUGH
    for size, state in ((15, Storage.LOW), (18, Storage.SHORT)):
        with (tmp_path / "mirror.db").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size * MIB + MIB // 2 + MIB // 3)

        assert space.look() is state
