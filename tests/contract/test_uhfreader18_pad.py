"""The UHFReader18 driver against its emulator, on a pseudo-terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from drivers import registry
from drivers.api import BadOptions, CommandRefused, DeviceLost
from drivers.codecs.gen2 import Bank
from drivers.codecs.uhfreader18.commands import Command, Dialect, Status
from drivers.emulators.pty import Answer
from drivers.emulators.uhf_tag import VirtualUhfTag
from drivers.emulators.uhfreader18 import UhfReader18Emulator
from tests.contract.pad_contract import (
    IN_STOCK,
    PadContract,
    SecurityContract,
    next_round,
    read_all,
)
from tests.contract.ports import port_with
from tests.contract.uhf_contract import MakeRig, UhfReaderContract, make_rigs
from tests.contract.uhf_rig import CULTU_TAGS, ISO_TAGS, TagModel, UhfRig, uhf_rig

OPTIONS = {"reply_timeout_s": 0.15, "scan_margin_s": 0.15}


def not_patient() -> UhfReader18Emulator:
    """A reader that looks for tags no longer than it takes."""
    return UhfReader18Emulator(scan_time=0)


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    yield from make_rigs("uhfreader18", not_patient, tmp_path, OPTIONS)


def rig_for(
    model: TagModel, dialect: Dialect, tmp_path: Path
) -> AbstractContextManager[UhfRig]:
    return uhf_rig(
        "uhfreader18",
        UhfReader18Emulator(dialect, scan_time=0),
        tmp_path,
        options={**OPTIONS, "dialect": str(dialect)},
        model=model,
        longest_call_s=1.0,
        late_s=0.2,
    )


class TestUhfReader18Pad(PadContract, UhfReaderContract):
    write, write_at = bytes((Command.WRITE,)), 2
    wrong_password = Status.WRONG_PASSWORD

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[UhfRig]:
        with rig_for(ISO_TAGS, Dialect.NEW, tmp_path) as rig:
            yield rig

    def emulator(self) -> UhfReader18Emulator:
        return not_patient()


class TestOldUhfReader18PadWithCultuTags(SecurityContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[UhfRig]:
        with rig_for(CULTU_TAGS, Dialect.OLD, tmp_path) as rig:
            yield rig


# --- inventory --------------------------------------------------------------------


@pytest.mark.parametrize("dialect", Dialect)
def test_a_list_over_many_frames_is_taken_to_its_end(
    make_rig: MakeRig, dialect: Dialect
) -> None:
    rig = make_rig(UhfReader18Emulator(dialect), dialect=str(dialect))
    uids = {rig.place(number) for number in range(1, 21)}

    assert set(read_all(rig, 20)) == uids


def test_an_inventory_may_take_the_scan_time_that_the_reader_tells(
    make_rig: MakeRig,
) -> None:
    class Thorough(UhfReader18Emulator):
        """Looks for tags as long as it may."""

        def answer(self, received: bytes) -> Iterator[bytes]:
            if received[2:3] == bytes((Command.INVENTORY,)):
                time.sleep(self.info.scan_time_s)
            yield from super().answer(received)

    rig = make_rig(Thorough(scan_time=4))
    uid = rig.place(1)

    assert list(next_round(rig)) == [uid]


def test_old_firmware_is_not_told_a_session(make_rig: MakeRig) -> None:
    rig = make_rig(UhfReader18Emulator(scan_time=0), dialect="288")
    rig.place(1)

    assert next_round(rig) == {}


@pytest.mark.parametrize("status", [Status.ANTENNA, Status.BAD_LENGTH, 0x77])
def test_a_refused_round_is_no_round_and_the_next_one_is(
    make_rig: MakeRig, status: int
) -> None:
    emulator = UhfReader18Emulator(scan_time=0)
    rig = make_rig(emulator)
    uid = rig.place(1)
    read_all(rig, 1)

    emulator.fail(status)

    assert next(rig.pad.events()) is None
    assert list(next_round(rig)) == [uid]


# --- scan mode --------------------------------------------------------------------


@pytest.mark.parametrize("dialect", Dialect)
def test_a_reader_in_scan_mode_is_set_to_answer(
    make_rig: MakeRig, dialect: Dialect
) -> None:
    emulator = UhfReader18Emulator(dialect, scanning=True)
    emulator.field.place(VirtualUhfTag(ISO_TAGS.make(1, IN_STOCK).pc_and_epc))

    rig = make_rig(emulator, dialect=str(dialect))

    assert not emulator.scanning
    assert len(next_round(rig)) == 1


def test_a_reader_in_answer_mode_is_left_alone(make_rig: MakeRig) -> None:
    emulator = UhfReader18Emulator()

    make_rig(emulator)

    assert emulator.saved == 0


def test_a_reader_that_falls_into_scan_mode_is_lost_and_healed(
    make_rig: MakeRig,
) -> None:
    emulator = UhfReader18Emulator(scan_time=0)
    rig = make_rig(emulator)
    uid = rig.place(1)

    emulator.scanning = True
    with pytest.raises(DeviceLost, match=r"not in answer mode \(FE\)"):
        for _ in rig.pad.events():
            pass
    rig.pad.open()

    assert list(next_round(rig)) == [uid]


# --- tags -------------------------------------------------------------------------


def test_the_tags_own_error_is_told(make_rig: MakeRig) -> None:
    rig = make_rig()
    uid = rig.place(1)
    rig.tag(uid).locked.add(Bank.USER)
    read_all(rig, 1)

    with pytest.raises(CommandRefused, match=r"error from the tag \(FC\), 04") as told:
        rig.pad.write_blocks(uid, 0, b"no")

    assert told.value.status == Status.TAG_ERROR


# --- open -------------------------------------------------------------------------


def test_power_is_written_only_where_it_differs(make_rig: MakeRig) -> None:
    emulator = UhfReader18Emulator()
    rig = make_rig(emulator, power_dbm=25)

    rig.pad.open()

    assert (emulator.info.power_dbm, emulator.saved) == (25, 1)


def test_a_power_that_the_reader_refuses_is_named(tmp_path: Path) -> None:
    with port_with(tmp_path, UhfReader18Emulator().answer) as path:
        pad = registry.create("uhfreader18", {"port": path, "power_dbm": 33, **OPTIONS})
        with pytest.raises(DeviceLost, match="set_power refused: bad parameter"):
            pad.open()


def test_a_reader_with_another_address_is_found_by_it(make_rig: MakeRig) -> None:
    rig = make_rig(UhfReader18Emulator(address=5, scan_time=0), address=5)
    uid = rig.place(1)

    assert list(next_round(rig)) == [uid]


@pytest.mark.parametrize(
    "answer",
    [lambda received: [received], UhfReader18Emulator(address=5).answer],
    ids=["echo", "other address"],
)
def test_a_port_without_the_wanted_reader_is_refused(
    tmp_path: Path, answer: Answer
) -> None:
    with port_with(tmp_path, answer) as path:
        pad = registry.create("uhfreader18", {"port": path, **OPTIONS})
        with pytest.raises(DeviceLost, match=r"no UHFReader18: .*04 00 21 D9 6A"):
            pad.open()


@pytest.mark.parametrize(
    "options",
    [{"address": 255}, {"dialect": "86"}, {"q": 16}, {"access_password": "1"}],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadOptions, match="uhfreader18"):
        registry.create("uhfreader18", {"port": "/dev/pad", **options})
