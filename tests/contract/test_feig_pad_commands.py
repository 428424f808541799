"""The FEIG pad driver on a real pseudo-terminal: reading and writing one tag."""

from __future__ import annotations

import pytest

from drivers.api import (
    CommandRefused,
)
from drivers.codecs.feig.status import Status
from drivers.emulators.bad_line import Trouble
from drivers.emulators.hf_field import Fault
from drivers.emulators.tag import VirtualTag
from drivers.pads.pad import NO_AFI, NO_ANSWER
from tests.feig_bench import (
    IN_STOCK,
    ITEM,
    ON_LOAN,
    UID,
    Bench,
    MakeBench,
    virtual_tag,
)


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

    bench.pad.write_blocks(UID, 7, b"abcd")

    assert bench.round()[UID].memory == ITEM.ljust(28, b"\0") + b"abcd"


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


def test_afi_whose_confirmation_is_lost_is_read_back(bench: Bench) -> None:
    tag = virtual_tag()
    bench.place(tag)
    bench.round()

    bench.line.trouble(Trouble.DAMAGE, 1)

    assert bench.pad.write_afi(UID, ON_LOAN) == ON_LOAN


def test_command_without_answer_is_refused_and_not_yet_a_loss(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.round()
    bench.line.trouble(Trouble.SILENCE, 1)

    with pytest.raises(CommandRefused, match="no answer") as refused:
        bench.pad.read_afi(UID)

    assert refused.value.status == NO_ANSWER
    assert bench.pad.read_afi(UID) == IN_STOCK


def test_afi_that_a_tag_does_not_tell_is_refused(bench: Bench) -> None:
    bench.place(virtual_tag(has_system_info=False))

    with pytest.raises(CommandRefused, match=f"{UID} does not tell its AFI") as refused:
        bench.pad.read_afi(UID)

    assert refused.value.status == NO_AFI


def test_eas_is_set_and_reset_on_the_tag_that_is_named(bench: Bench) -> None:
    tag, other = virtual_tag(1), virtual_tag(2)
    bench.place(tag, other)

    bench.pad.write_eas(UID, armed=True)
    armed = tag.eas
    bench.pad.write_eas(UID, armed=False)

    assert armed
    assert not tag.eas
    assert not other.eas


def test_locked_eas_is_refused_with_the_tags_error(bench: Bench) -> None:
    bench.place(virtual_tag(eas_locked=True))

    with pytest.raises(CommandRefused, match=r"A2 set EAS of .* is locked") as refused:
        bench.pad.write_eas(UID, armed=True)

    assert refused.value.status == Status.ISO_ERROR


def test_reader_without_eas_commands_refuses_them(make_bench: MakeBench) -> None:
    bench = make_bench(has_eas=False)
    bench.place(virtual_tag())

    with pytest.raises(CommandRefused, match="unknown command") as refused:
        bench.pad.write_eas(UID, armed=True)

    assert refused.value.status == Status.UNKNOWN_COMMAND


def test_eas_whose_answer_is_lost_is_refused(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.line.trouble(Trouble.SILENCE, 1)

    with pytest.raises(CommandRefused, match="no answer") as refused:
        bench.pad.write_eas(UID, armed=True)

    assert refused.value.status == NO_ANSWER
