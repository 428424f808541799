"""The FEIG pad driver on a real pseudo-terminal: reading and writing one tag."""

from __future__ import annotations

import pytest

from drivers.api import (
    CommandRefused,
)
from drivers.codecs.feig_status import Status
from drivers.emulators.feig import Fault
from drivers.emulators.tag import VirtualTag
from drivers.pads.feig import NO_ANSWER
from tests.feig_bench import IN_STOCK, ITEM, ON_LOAN, UID, Bench, virtual_tag


def test_written_afi_is_read_back_and_in_the_next_round(bench: Bench) -> None:
    tag = virtual_tag()
    bench.place(tag)
    bench.round()

    found = bench.pad.write_afi(UID, ON_LOAN)

    assert found == tag.afi == ON_LOAN
    assert bench.round()[UID].afi == ON_LOAN


def test_afi_is_read_from_the_tag_each_time(bench: Bench) -> None:
    tag = virtual_tag()
    bench.place(tag)
    bench.round()

    tag.afi = ON_LOAN

    assert bench.pad.read_afi(UID) == ON_LOAN
    assert bench.round()[UID].afi == ON_LOAN


def test_written_blocks_are_in_the_next_round(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.round()

    bench.pad.write_blocks(UID, 27, b"abcd")

    assert bench.round()[UID].memory == ITEM.ljust(108, b"\0") + b"abcd"


def test_part_of_a_block_is_not_written(bench: Bench) -> None:
    bench.place(virtual_tag())

    with pytest.raises(ValueError, match="5 bytes are not whole blocks of 4"):
        bench.pad.write_blocks(UID, 0, b"12345")


def test_failed_write_is_refused_with_the_readers_status(bench: Bench) -> None:
    tag = virtual_tag()
    bench.place(tag)
    bench.reader.fault(Fault.WRITE_FAILS, 1)

    with pytest.raises(CommandRefused, match="write error") as refused:
        bench.pad.write_afi(UID, ON_LOAN)

    assert refused.value.status == Status.WRITE_ERROR
    assert tag.afi == IN_STOCK
    assert bench.pad.write_afi(UID, ON_LOAN) == ON_LOAN


def test_locked_block_is_refused_with_the_tags_error(bench: Bench) -> None:
    bench.place(virtual_tag(locked={3}))

    with pytest.raises(CommandRefused, match="block is locked") as refused:
        bench.pad.write_blocks(UID, 2, b"12345678")

    assert refused.value.status == Status.ISO_ERROR


def test_memory_is_read_afresh_after_a_write_that_failed_halfway(bench: Bench) -> None:
    bench.place(virtual_tag(locked={3}))
    bench.round()

    with pytest.raises(CommandRefused):
        bench.pad.write_blocks(UID, 2, b"12345678")

    assert bench.round()[UID].memory[8:16] == b"1234" + ITEM[12:].ljust(4, b"\0")


def test_write_that_reads_back_differently_is_refused(bench: Bench) -> None:
    class Stubborn(VirtualTag):
        """Says yes and keeps what it has."""

        def write(self, first: int, blocks: bytes) -> None:
            pass

    bench.place(Stubborn(UID, memory=ITEM))

    with pytest.raises(CommandRefused, match="read back 9100051C"):
        bench.pad.write_blocks(UID, 0, b"1234")


def test_command_for_an_absent_tag_is_refused(bench: Bench) -> None:
    for command in (
        lambda: bench.pad.read_afi(UID),
        lambda: bench.pad.write_afi(UID, ON_LOAN),
        lambda: bench.pad.read_blocks(UID, 0, 1),
        lambda: bench.pad.write_blocks(UID, 0, b"1234"),
    ):
        with pytest.raises(CommandRefused, match="no tag in the field") as refused:
            command()
        assert refused.value.status == Status.NO_TAG


def test_command_goes_to_the_tag_it_names_in_a_stack(bench: Bench) -> None:
    tags = [virtual_tag(n) for n in range(1, 6)]
    bench.place(*tags)
    bench.round()

    bench.pad.write_afi(tags[2].uid, ON_LOAN)

    assert [tag.afi for tag in tags] == [7, 7, ON_LOAN, 7, 7]


def test_afi_whose_confirmation_is_lost_is_read_back(bench: Bench) -> None:
    tag = virtual_tag()
    bench.place(tag)
    bench.round()

    bench.reader.fault(Fault.WRONG_CRC, 1)

    assert bench.pad.write_afi(UID, ON_LOAN) == ON_LOAN


def test_command_without_answer_is_refused_and_not_yet_a_loss(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.round()
    bench.reader.fault(Fault.SILENT, 1)

    with pytest.raises(CommandRefused, match="no answer") as refused:
        bench.pad.read_afi(UID)

    assert refused.value.status == NO_ANSWER
    assert bench.pad.read_afi(UID) == IN_STOCK
