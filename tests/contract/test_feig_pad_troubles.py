"""The FEIG pad driver on a real pseudo-terminal: bad tags, bad lines, no reader."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from drivers.api import (
    DeviceLost,
)
from drivers.codecs.feig.status import Status
from drivers.emulators.bad_line import Trouble
from drivers.emulators.feig_reader import Refused
from drivers.emulators.hf_field import Fault
from drivers.emulators.tag import VirtualTag
from drivers.pads.feig import FeigPad
from tests.feig_bench import (
    IN_STOCK,
    ITEM,
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


def test_silent_reader_is_lost_after_three_commands(bench: Bench) -> None:
    bench.round()
    bench.line.trouble(Trouble.SILENCE)

    assert next(bench.events) is None
    assert next(bench.events) is None
    with pytest.raises(DeviceLost, match="no answer to 65, received nothing; 3 comm"):
        next(bench.events)


def test_reader_in_scan_mode_is_lost_with_advice(bench: Bench) -> None:
    bench.reader.scans = True

    with pytest.raises(DeviceLost, match="READER-MODE"):
        next(bench.events)


@pytest.mark.fault("O33")
def test_chatter_without_an_answer_ends_with_the_time_out(bench: Bench) -> None:
    bench.round()
    bench.line.trouble(Trouble.SILENCE)
    bench.pty.send(b"E004015000000001\r\n" * 40_000)
    started = time.monotonic()

    assert next(bench.events) is None

    assert time.monotonic() - started < TIMEOUT_S + 1


def test_silent_reader_can_not_be_opened(make_bench: MakeBench, tmp_path: Path) -> None:
    bench = make_bench()
    bench.pad.close()
    bench.line.trouble(Trouble.SILENCE)

    with pytest.raises(DeviceLost, match=f"no FEIG reader: .*{tmp_path}/pad"):
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
