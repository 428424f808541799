"""Power cuts on a real file system over a disk that forgets what was not flushed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.powercut.databases import cut_hubs, cut_mirrors
from tests.powercut.disk import Disk, missing
from tests.powercut.lies import cut_lying_disks
from tests.powercut.rounds import Way, cut_points
from tests.powercut.stages import Stage, cut_at_writes
from tests.powercut.works import (
    FirstStart,
    HubUpgrade,
    LedgerUpgrade,
    Salvaging,
    enrolment,
)

LACK = missing()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(LACK is not None, reason=f"POWER CUTS NOT RUN: {LACK}"),
]

CUTS = 8
CONTROL_CUTS = 6
#: Enough to reach each part of the work; the soak cuts at every write.
SOME_WRITES = (11, 37)


@pytest.mark.fault("O02")
def test_no_power_cut_loses_a_loan_or_return_that_was_promised(tmp_path: Path) -> None:
    found = cut_points(tmp_path, CUTS, 20261123, Way())

    assert found.clean, str(found)
    assert found.acked > 0


@pytest.mark.fault("O03")
def test_the_rig_sees_the_loss_where_commits_do_not_wait_for_the_disk(
    tmp_path: Path,
) -> None:
    found = cut_points(tmp_path, CONTROL_CUTS, 7, Way(synchronous="NORMAL"))

    assert found.losing_cuts >= 1, f"power cuts count as not run: {found}"


@pytest.mark.fault("O05")
def test_a_power_cut_in_the_midst_of_checkpoints_loses_nothing(tmp_path: Path) -> None:
    found = cut_points(tmp_path, 3, 31, Way(checkpoint_pages=20))

    assert found.clean, str(found)
    assert found.acked > 0


@pytest.mark.fault("O02")
def test_a_mirror_holds_whole_pages_of_the_feed_after_a_power_cut(
    tmp_path: Path,
) -> None:
    found = cut_mirrors(tmp_path, 2, 3)

    assert found.clean, str(found)
    assert found.acked > 0


@pytest.mark.fault("O02", "O18")
def test_a_hub_keeps_what_it_answered_over_a_power_cut(tmp_path: Path) -> None:
    found = cut_hubs(tmp_path, 2, 3)

    assert found.clean, str(found)
    assert found.acked > 0


@pytest.mark.fault("O02", "O04", "O05")
@pytest.mark.parametrize(
    "stage",
    [FirstStart(), Salvaging(), LedgerUpgrade(), HubUpgrade()],
    ids=lambda stage: type(stage).__name__,
)
def test_work_that_is_cut_short_is_done_once_at_the_next_start(
    tmp_path: Path, stage: Stage
) -> None:
    assert cut_at_writes(tmp_path, stage, 5, SOME_WRITES) >= 1


@pytest.mark.fault("O04")
def test_enrolment_that_is_cut_short_ends_with_one_key_and_one_identity(
    tmp_path: Path,
) -> None:
    with enrolment() as stage:
        assert cut_at_writes(tmp_path, stage, 5, (2, 7)) >= 1


@pytest.mark.fault("O02")
def test_what_a_lying_disk_lost_is_found_when_the_hub_is_heard(tmp_path: Path) -> None:
    found = cut_lying_disks(tmp_path, 1, 11, tell=True)

    assert found.lost > 0
    assert found.reused == 0
    assert found.losing_cuts == found.began.total()


def test_a_disk_forgets_what_was_not_flushed_and_keeps_what_was(tmp_path: Path) -> None:
    disk = Disk(tmp_path)
    disk.format()

    with disk.powered(seed=1):
        (disk.root / "folder").mkdir()
        (disk.root / "unflushed").write_bytes(b"x" * 5000)
        disk.cut()

    with disk.powered(seed=1):
        assert not (disk.root / "unflushed").exists()
        (disk.root / "flushed").write_bytes(b"x" * 5000)
    with disk.powered(seed=1):
        assert (disk.root / "flushed").read_bytes() == b"x" * 5000


def test_two_disks_side_by_side_do_not_mix(tmp_path: Path) -> None:
    disks = [Disk(tmp_path / name) for name in ("one", "two")]
    for disk in disks:
        disk.folder.mkdir()
        disk.format()

    with disks[0].powered(seed=1), disks[1].powered(seed=2):
        for disk in disks:
            (disk.root / "name").write_text(disk.folder.name)

    for disk in disks:
        with disk.powered(seed=3):
            assert (disk.root / "name").read_text() == disk.folder.name
