"""The R2000 driver against its emulator, on a pseudo-terminal."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from drivers import registry
from drivers.api import BadOptions, CommandRefused, DeviceLost
from drivers.codecs.gen2 import Bank, TagError
from drivers.codecs.r2000.commands import REGIONS, Code, Command
from drivers.emulators.r2000 import R2000Emulator
from drivers.emulators.uhf_tag import TagRefused, VirtualUhfTag
from tests.contract.pad_contract import (
    IN_STOCK,
    PadContract,
    SecurityContract,
    next_round,
    read_all,
)
from tests.contract.ports import port_with
from tests.contract.uhf_contract import MakeRig, UhfReaderContract, make_rigs
from tests.contract.uhf_rig import (
    CULTU_TAGS,
    ISO_TAGS,
    ISO_USER_BANK,
    ISO_USER_READ,
    TagModel,
    UhfRig,
    uhf_rig,
)

TIMEOUT_S = 0.15


@pytest.fixture
def make_rig(tmp_path: Path) -> Iterator[MakeRig]:
    options = {"reply_timeout_s": TIMEOUT_S}
    yield from make_rigs("r2000", R2000Emulator, tmp_path, options)


def rig_for(model: TagModel, tmp_path: Path) -> AbstractContextManager[UhfRig]:
    return uhf_rig(
        "r2000",
        R2000Emulator(),
        tmp_path,
        options={"reply_timeout_s": TIMEOUT_S},
        model=model,
        longest_call_s=1.0,
        late_s=0.2,
    )


class TestR2000Pad(PadContract, UhfReaderContract):
    write, write_at = bytes((Command.WRITE,)), 3
    wrong_password = Code.ACCESS_FAILED

    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[UhfRig]:
        with rig_for(ISO_TAGS, tmp_path) as rig:
            yield rig

    def emulator(self) -> R2000Emulator:
        return R2000Emulator()


class TestR2000PadWithCultuTags(SecurityContract):
    @pytest.fixture
    def rig(self, tmp_path: Path) -> Iterator[UhfRig]:
        with rig_for(CULTU_TAGS, tmp_path) as rig:
            yield rig


# --- inventory --------------------------------------------------------------------


def test_the_antenna_is_selected_anew_for_every_round(make_rig: MakeRig) -> None:
    emulator = R2000Emulator()
    rig = make_rig(emulator)
    uid = rig.place(1)
    read_all(rig, 1)

    emulator.settings.antenna = 1

    assert list(next_round(rig)) == [uid]


def test_an_antenna_that_is_missing_loses_the_reader_in_the_end(
    make_rig: MakeRig,
) -> None:
    rig = make_rig(antenna=3)

    assert next(rig.pad.events()) is None
    with pytest.raises(DeviceLost, match=r"antenna missing \(22\)"):
        for _ in rig.pad.events():
            pass


def test_the_end_of_a_round_may_have_the_older_layout(make_rig: MakeRig) -> None:
    rig = make_rig(R2000Emulator(old_end=True))
    uid = rig.place(1)

    assert list(read_all(rig, 1)) == [uid]


def test_the_strongest_of_many_sights_counts(make_rig: MakeRig) -> None:
    rig = make_rig(min_rssi_dbm=-50, repeat=3)
    near, far = rig.place(1), rig.place(2)
    rig.tag(far).rssi_dbm = -70

    assert list(next_round(rig)) == [near]


def test_no_tag_is_an_answer_to_an_inventory(make_rig: MakeRig) -> None:
    class Taciturn(R2000Emulator):
        """Says "no tag" instead of an end of the round without tags."""

        def _inventory(self, content: bytes) -> Iterator[bytes]:  # noqa: ARG002 (theirs)
            yield bytes((Code.NO_TAG,))

    assert next_round(make_rig(Taciturn())) == {}


@pytest.mark.parametrize("code", [Code.FAILED, Code.ANTENNA_MISSING, 0x99])
def test_a_refused_round_is_no_round_and_the_next_one_is(
    make_rig: MakeRig, code: int
) -> None:
    emulator = R2000Emulator()
    rig = make_rig(emulator)
    uid = rig.place(1)
    read_all(rig, 1)

    emulator.fail(code)

    assert next(rig.pad.events()) is None
    assert list(next_round(rig)) == [uid]


# --- tags -------------------------------------------------------------------------


def test_after_a_command_to_one_tag_the_others_are_still_seen(
    make_rig: MakeRig,
) -> None:
    rig = make_rig()
    one, other = rig.place(1), rig.place(2)
    read_all(rig, 2)

    rig.pad.read_afi(one)

    assert set(next_round(rig)) == {one, other}


def test_a_tag_too_far_away_is_not_taken_for_one_without_user_bank(
    make_rig: MakeRig,
) -> None:
    class Far(VirtualUhfTag):
        """Comes nearer after a few accesses."""

        accesses = 0

        def read(self, bank: Bank, word: int, count: int) -> bytes:
            Far.accesses += 1
            if Far.accesses <= 4:
                raise TagRefused(TagError.POWER)
            return super().read(bank, word, count)

    rig = make_rig()
    rig.emulator.field.place(Far(ISO_TAGS.make(1, IN_STOCK).pc_and_epc, ISO_USER_BANK))

    seen = [next(iter(next_round(rig).values())).memory for _ in range(6)]

    assert (seen[0], seen[-1]) == (b"", ISO_USER_READ)


def test_words_that_do_not_exist_are_refused_with_the_code(make_rig: MakeRig) -> None:
    rig = make_rig()
    uid = rig.place(1)
    read_all(rig, 1)

    with pytest.raises(CommandRefused, match="reading the tag failed") as refused:
        rig.pad.read_blocks(uid, 250, 4)

    assert refused.value.status == Code.READ_FAILED


def test_firmware_that_wants_a_password_with_reads_gets_one(make_rig: MakeRig) -> None:
    rig = make_rig(R2000Emulator(wants_read_password=True), read_with_password=True)
    uid = rig.place(1)

    assert read_all(rig, 1)[uid].memory == ISO_USER_READ


# --- open -------------------------------------------------------------------------


def test_power_and_region_are_left_alone_unless_given(make_rig: MakeRig) -> None:
    emulator = R2000Emulator()
    before = (emulator.settings.power_dbm, emulator.settings.region)

    make_rig(emulator)

    assert (emulator.settings.power_dbm, emulator.settings.region) == before


def test_power_and_region_are_set_without_wearing_the_flash_out(
    make_rig: MakeRig,
) -> None:
    emulator = R2000Emulator()
    rig = make_rig(emulator, power_dbm=22, region="chn")

    rig.pad.open()
    rig.pad.open()

    assert emulator.settings.power_dbm == 22
    assert emulator.settings.region == REGIONS["chn"].encode()
    assert emulator.settings.flash_writes == 1


def test_a_setting_that_the_reader_refuses_is_named(make_rig: MakeRig) -> None:
    emulator = R2000Emulator()
    rig = make_rig(emulator, power_dbm=22)

    emulator.fail(Code.BAD_POWER)

    with pytest.raises(DeviceLost, match="set_temporary_power refused: power out of"):
        rig.pad.open()


def test_a_reader_with_another_address_is_found_by_it(make_rig: MakeRig) -> None:
    rig = make_rig(R2000Emulator(address=5), address=5)
    uid = rig.place(1)

    assert list(next_round(rig)) == [uid]


def test_a_reader_with_another_address_than_wanted_is_refused(
    tmp_path: Path,
) -> None:
    with port_with(tmp_path, R2000Emulator(address=5).answer) as path:
        pad = registry.create(
            "r2000", {"port": path, "address": 1, "reply_timeout_s": TIMEOUT_S}
        )
        with pytest.raises(DeviceLost, match=r"no R2000 reader.*A0 03 01 72 EA"):
            pad.open()


def test_a_line_that_echoes_is_no_reader(tmp_path: Path) -> None:
    with port_with(tmp_path, lambda received: [received]) as path:
        pad = registry.create("r2000", {"port": path, "reply_timeout_s": TIMEOUT_S})
        with pytest.raises(DeviceLost, match="no R2000 reader"):
            pad.open()


@pytest.mark.parametrize(
    "options",
    [
        {"access_password": "123"},
        {"access_password": "0000000G"},
        {"antenna": 8},
        {"repeat": 16},
        {"region": "mars"},
        {"power_dbm": 34},
    ],
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadOptions, match="r2000"):
        registry.create("r2000", {"port": "/dev/pad", **options})
