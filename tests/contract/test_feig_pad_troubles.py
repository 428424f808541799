"""The FEIG pad driver on a real pseudo-terminal: bad tags, bad lines, no reader."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.api import (
    CommandRefused,
    DeviceLost,
)
from drivers.codecs.feig_status import Status
from drivers.emulators.feig import Fault
from drivers.emulators.feig_reader import Refused
from drivers.emulators.tag import VirtualTag
from drivers.pads.feig import FeigPad
from tests.feig_bench import (
    IN_STOCK,
    ITEM,
    ON_LOAN,
    TIMEOUT_S,
    UID,
    Bench,
    MakeBench,
    virtual_tag,
)


def test_tag_that_leaves_before_it_is_read_does_not_hold_up_the_others(
    bench: Bench,
) -> None:
    class Leaving(VirtualTag):
        """Answers the inventory, and is gone when its memory is wanted."""

        def read(self, first: int, count: int) -> tuple[bytes, ...]:  # noqa: ARG002 (theirs)
            raise Refused(Status.NO_TAG)

    bench.place(Leaving(UID, memory=ITEM), virtual_tag(2))

    seen = bench.round()

    assert seen[UID].memory == b""
    assert seen["E004015000000002"].memory.startswith(ITEM)


def test_tag_that_could_not_be_read_is_read_in_the_next_round(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.reader.fault(Fault.PARTIAL_READ, 1)

    first, second = bench.round()[UID], bench.round()[UID]

    assert (first.memory, first.afi) == (b"", IN_STOCK)
    assert second.memory.startswith(ITEM)


def test_tag_without_system_information_is_read_all_the_same(bench: Bench) -> None:
    bench.place(virtual_tag(has_system_info=False))

    seen = bench.round()[UID]

    assert (seen.afi, seen.dsfid) == (None, 0x06)
    assert seen.memory == ITEM.ljust(32, b"\0")


@pytest.mark.parametrize("fault", [Fault.NOISE, Fault.SLOW_LINE])
def test_bad_line_changes_nothing(bench: Bench, fault: Fault) -> None:
    bench.reader.fault(fault)
    bench.place(virtual_tag())

    seen = bench.round()[UID]

    assert seen.memory == ITEM.ljust(112, b"\0")
    assert bench.pad.write_afi(UID, ON_LOAN) == ON_LOAN


def test_round_with_a_damaged_reply_is_no_round(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.round()
    bench.reader.fault(Fault.WRONG_CRC, 1)

    damaged = next(bench.events)

    assert damaged is None
    assert UID in bench.round()


def test_late_reply_is_not_taken_for_the_next_one(make_bench: MakeBench) -> None:
    bench = make_bench(late_s=1.5 * TIMEOUT_S)
    first, second = virtual_tag(1), virtual_tag(2)
    bench.place(first, second)
    bench.round()
    bench.reader.fault(Fault.LATE, 1)

    with pytest.raises(CommandRefused):
        bench.pad.read_blocks(first.uid, 0, 1)
    second.memory = b"0123" + second.memory[4:]
    answers = []
    for _ in range(3):
        try:
            answers.append(bench.pad.read_blocks(second.uid, 0, 1))
        except CommandRefused:
            continue

    assert set(answers) == {b"0123"}


def test_silent_reader_is_lost_after_three_commands(bench: Bench) -> None:
    bench.round()
    bench.reader.fault(Fault.SILENT)

    assert next(bench.events) is None
    assert next(bench.events) is None
    with pytest.raises(DeviceLost, match="no answer to 65, received nothing; 3 comm"):
        next(bench.events)


def test_reader_in_scan_mode_is_lost_with_advice(bench: Bench) -> None:
    bench.reader.fault(Fault.SCAN_MODE)

    with pytest.raises(DeviceLost, match="READER-MODE"):
        next(bench.events)


def test_silent_reader_can_not_be_opened(make_bench: MakeBench, tmp_path: Path) -> None:
    bench = make_bench()
    bench.pad.close()
    bench.reader.fault(Fault.SILENT)

    with pytest.raises(DeviceLost, match=f"{tmp_path}/pad: no FEIG reader answers"):
        bench.pad.open()


def test_absent_port_can_not_be_opened() -> None:
    pad = FeigPad(FeigPad.Options(port="/dev/no-such-pad"))

    with pytest.raises(DeviceLost, match="/dev/no-such-pad: No such file"):
        pad.open()


def test_pad_that_is_closed_says_so() -> None:
    pad = FeigPad(FeigPad.Options(port="/dev/pad"))
    pad.close()

    with pytest.raises(DeviceLost, match="/dev/pad: not open"):
        next(pad.events())


def test_unplugged_pad_is_lost_and_works_when_it_is_back(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.round()

    bench.pty.unplug()
    with pytest.raises(DeviceLost, match="unplugged"):
        next(bench.events)
    bench.pad.close()
    bench.pty.plug()
    bench.pad.open()

    bench.events = bench.pad.events()
    assert UID in bench.round()
