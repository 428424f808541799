"""The FEIG pad driver on a real pseudo-terminal: rounds of inventory, and memory."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from drivers import registry
from drivers.api import (
    BadOptions,
    DeviceLost,
    Driver,
    Tag,
    TagReader,
    TagWriter,
)
from drivers.codecs.block_order import BlockOrder
from drivers.codecs.feig.frames import Framing
from drivers.emulators.bad_line import Trouble
from drivers.emulators.feig import FeigEmulator
from drivers.emulators.hf_field import Fault
from drivers.pads.feig import FeigPad
from tests.contract.hf_rig import HfRig
from tests.contract.pad_contract import PadContract
from tests.feig_bench import (
    IN_STOCK,
    ITEM,
    TIMEOUT_S,
    UID,
    Bench,
    MakeBench,
    virtual_tag,
)


class TestFeigPad(PadContract):
    @pytest.fixture
    def rig(self, make_bench: MakeBench) -> HfRig:
        bench = make_bench(late_s=1.5 * TIMEOUT_S)
        # Two framings are tried for half a second each; a command asks three times.
        return HfRig(bench.pad, bench.reader, bench.line, bench.pty, longest_call_s=1)


# --- rounds -----------------------------------------------------------------------


def test_driver_comes_from_the_registry_by_its_name() -> None:
    pad: Driver = registry.create("feig_obid", {"port": "/dev/pad"})

    assert isinstance(pad, TagReader)
    assert isinstance(pad, TagWriter)
    assert pad.poll_interval_s == 0.15


@pytest.mark.parametrize(
    "options", [{}, {"port": "/dev/pad", "baud": 1234}, {"port": "/dev/pad", "bad": 1}]
)
def test_wrong_options_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadOptions):
        registry.create("feig_obid", options)


def test_tag_comes_with_the_blocks_that_say_all(bench: Bench) -> None:
    bench.place(virtual_tag())

    seen = bench.round()[UID]

    assert seen == Tag(UID, IN_STOCK, 0x06, ITEM.ljust(32, b"\0"), 4)


@pytest.mark.parametrize("memory", [ITEM + b"\x61\x28" + b"shelf" * 8, b"private" * 16])
def test_tag_whose_beginning_does_not_say_all_is_read_to_its_end(
    bench: Bench, memory: bytes
) -> None:
    bench.place(virtual_tag(memory=memory))

    assert bench.round()[UID].memory == memory.ljust(112, b"\0")


def test_equal_rounds_are_told_again(bench: Bench) -> None:
    bench.place(virtual_tag())

    assert bench.round() == bench.round() == bench.round()


def test_stack_of_twelve_is_read_in_one_round(bench: Bench) -> None:
    tags = [virtual_tag(n, memory=bytes([0x11, 0x01, n])) for n in range(1, 13)]
    bench.place(*tags)

    seen = bench.round()

    assert {uid: tag.memory for uid, tag in seen.items()} == {
        tag.uid: tag.memory[:32] for tag in tags
    }


@pytest.mark.parametrize("tags_per_reply", [1, 5, 12])
def test_inventory_in_several_parts_is_put_together(
    make_bench: MakeBench, tags_per_reply: int
) -> None:
    bench = make_bench(tags_per_reply=tags_per_reply)
    bench.place(*(virtual_tag(n) for n in range(1, 13)))

    assert len(bench.round()) == 12


def test_reader_that_reports_a_tag_once_is_asked_afresh(make_bench: MakeBench) -> None:
    bench = make_bench(reports_once=True)
    bench.place(virtual_tag())

    assert UID in bench.round()
    assert UID in bench.round()


def test_memory_is_read_once_while_the_tag_stays(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.round()

    bench.reader.fault(Fault.PARTIAL_READ)

    assert bench.round()[UID].memory.startswith(ITEM)


def test_tag_that_flickers_is_not_read_again(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.round()

    bench.reader.fault(Fault.FLICKER, 3)
    bench.reader.fault(Fault.PARTIAL_READ)
    missed = [bench.round() for _ in range(3)]

    assert missed == [{}, {}, {}]
    assert bench.round()[UID].memory.startswith(ITEM)


def test_tag_that_was_away_for_long_is_read_again(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.round()
    bench.reader.lift(UID)
    for _ in range(8):
        bench.round()

    bench.place(virtual_tag(memory=b"\x11\x01\x05"))

    assert bench.round()[UID].memory.startswith(b"\x11\x01\x05")


def test_new_tag_is_in_the_very_next_round(bench: Bench) -> None:
    bench.round()

    bench.place(virtual_tag())
    seen = bench.round()[UID]
    seen_at = time.monotonic()

    bench.round()  # by now the emulator has noted when it had told the memory
    told_at = bench.reader.memory_told_at(UID)
    assert seen.memory.startswith(ITEM)
    assert told_at is not None
    assert abs(seen_at - told_at) < TIMEOUT_S


def test_time_of_telling_starts_anew_when_a_tag_is_placed_again(bench: Bench) -> None:
    bench.place(virtual_tag())
    bench.round()

    bench.place(virtual_tag())

    assert bench.reader.memory_told_at(UID) is None


# --- order and size of blocks -------------------------------------------------------


@pytest.mark.parametrize("order", BlockOrder)
@pytest.mark.parametrize("option", ["auto", "as it is"])
def test_memory_is_in_the_order_of_the_tag(
    make_bench: MakeBench, order: BlockOrder, option: str
) -> None:
    wanted = option if option == "auto" else str(order)
    bench = make_bench({"block_order": wanted}, block_order=order)
    bench.place(virtual_tag())

    assert bench.round()[UID].memory.startswith(ITEM)


@pytest.mark.parametrize("order", BlockOrder)
def test_blocks_are_written_in_the_order_they_are_read(
    make_bench: MakeBench, order: BlockOrder
) -> None:
    bench = make_bench(block_order=order)
    tag = virtual_tag()
    bench.place(tag)
    bench.round()

    bench.pad.write_blocks(UID, 10, b"12345678")

    assert tag.memory[40:48] == b"12345678"


def test_blank_tag_takes_the_order_of_the_tags_before_it(make_bench: MakeBench) -> None:
    bench = make_bench(block_order=BlockOrder.STRAIGHT)
    blank = virtual_tag(2, memory=b"")
    bench.place(virtual_tag(1))
    bench.round()
    bench.place(blank)

    bench.pad.write_blocks(blank.uid, 0, b"1234")

    assert blank.memory.startswith(b"1234")


@pytest.mark.parametrize(
    ("size", "count", "read"), [(8, 32, 64), (4, 5, 20), (1, 64, 28), (32, 64, 256)]
)
def test_tags_of_every_shape_are_read(
    bench: Bench, size: int, count: int, read: int
) -> None:
    bench.place(virtual_tag(block_size=size, block_count=count, memory=ITEM))

    seen = bench.round()[UID]

    assert (len(seen.memory), seen.block_size) == (read, size)
    assert seen.memory.startswith(ITEM)


def test_long_memory_is_read_and_written_in_pieces(make_bench: MakeBench) -> None:
    bench = make_bench({"read_blocks_count": 80})
    tag = virtual_tag(block_count=80)
    content = bytes(range(250)) + b"\0\0"
    bench.place(tag)
    bench.round()

    bench.pad.write_blocks(UID, 5, content)

    assert tag.memory[20:272] == content
    assert bench.pad.read_blocks(UID, 5, 63) == content


# --- framings and lines --------------------------------------------------------------


@pytest.mark.parametrize("only", Framing)
def test_framing_is_found_out(make_bench: MakeBench, only: Framing) -> None:
    bench = make_bench(framings=frozenset({only}))
    bench.place(virtual_tag())

    assert bench.round()[UID].memory.startswith(ITEM)


def test_late_answer_to_the_first_probe_tells_the_framing(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(framings=frozenset({Framing.STANDARD}), late_s=0.7)
    bench.pad.close()
    bench.place(virtual_tag())
    bench.line.trouble(Trouble.LATE, 1)

    bench.pad.open()

    assert UID in bench.round()


def test_configured_framing_is_the_only_one_tried(make_bench: MakeBench) -> None:
    with pytest.raises(DeviceLost, match="no FEIG reader: advanced frames"):
        make_bench({"frames": "advanced"}, framings=frozenset({Framing.STANDARD}))


def test_reader_with_an_address_of_its_own_is_asked_by_it(
    make_bench: MakeBench,
) -> None:
    bench = make_bench({"address": 3}, address=3)
    bench.place(virtual_tag())

    assert UID in bench.round()


def test_reader_at_a_tcp_port_is_the_same_reader() -> None:
    reader = FeigEmulator(framings=frozenset({Framing.ADVANCED}))
    reader.place(virtual_tag())
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve_once, args=(server, reader))
        thread.start()
        port = server.getsockname()[1]
        pad = FeigPad(
            FeigPad.Options(port=f"tcp://127.0.0.1:{port}", frames="advanced")
        )

        pad.open()
        seen = next(pad.events())
        pad.close()
        thread.join()

    assert seen is not None
    assert seen.tags[0].memory.startswith(ITEM)


def _serve_once(server: socket.socket, reader: FeigEmulator) -> None:
    connection, _ = server.accept()
    with connection:
        while received := connection.recv(4096):
            for chunk in reader.answer(received):
                connection.sendall(chunk)
