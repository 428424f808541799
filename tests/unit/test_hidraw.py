"""A byte stream in HID reports, over a pseudo-terminal in the place of a node."""

from __future__ import annotations

import os
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import DeviceLost
from drivers.emulators.pty import Pty
from drivers.emulators.rfidstation import HidReports
from drivers.transports.hidraw import (
    REPORT_SIZE,
    HidrawPort,
    from_report,
    to_reports,
)

#: A version reply of 64 bytes, one more than a report has room for.
REPLY = bytes(range(64))
WAIT_S = 5.0


def report(content: bytes) -> bytes:
    return bytes([len(content)]) + content.ljust(REPORT_SIZE - 1, b"\xaa")


@pytest.fixture
def device_end() -> Iterator[tuple[int, str]]:
    ours, theirs = os.openpty()
    tty.setraw(ours)
    tty.setraw(theirs)
    yield ours, os.ttyname(theirs)
    os.close(theirs)
    os.close(ours)


def test_a_long_frame_goes_on_in_the_next_report() -> None:
    first, second = to_reports(REPLY)

    assert (first[0], second[0]) == (63, 1)
    assert len(first) == len(second) == REPORT_SIZE
    assert from_report(first) + from_report(second) == REPLY


@given(st.binary(max_size=400))
def test_reports_bring_the_stream_back(stream: bytes) -> None:
    assert b"".join(map(from_report, to_reports(stream))) == stream


def test_a_report_that_counts_more_than_it_has_says_nothing() -> None:
    assert from_report(b"\x40" + bytes(63)) == b""


def test_the_host_writes_whole_reports_without_a_number(
    device_end: tuple[int, str],
) -> None:
    ours, path = device_end
    with closing(HidrawPort(path)) as port:
        port.write(b"\x7e\x55\x08")

        assert os.read(ours, 200) == b"\0\x03\x7e\x55\x08" + bytes(60)


def test_only_what_counts_is_read_report_by_report(device_end: tuple[int, str]) -> None:
    ours, path = device_end
    with closing(HidrawPort(path)) as port:
        os.write(ours, report(b"abc") + report(b"de"))

        assert [port.read(WAIT_S), port.read(WAIT_S)] == [b"abc", b"de"]
        assert port.read(0) == b""


def test_a_report_in_pieces_is_put_together(device_end: tuple[int, str]) -> None:
    ours, path = device_end
    whole = report(b"abc")
    with closing(HidrawPort(path)) as port:
        os.write(ours, whole[:10])
        rest = threading.Timer(0.05, os.write, (ours, whole[10:]))
        rest.start()

        assert port.read(WAIT_S) == b"abc"
        rest.join()


def test_what_has_arrived_can_be_forgotten(device_end: tuple[int, str]) -> None:
    ours, path = device_end
    with closing(HidrawPort(path)) as port:
        os.write(ours, report(b"late") + report(b"later")[:20])
        assert port.read(WAIT_S) == b"late"

        port.discard_input()
        os.write(ours, report(b"new"))

        assert port.read(WAIT_S) == b"new"


def test_a_silent_device_is_waited_for_no_longer_than_asked(
    device_end: tuple[int, str],
) -> None:
    with closing(HidrawPort(device_end[1])) as port:
        started = time.monotonic()

        assert port.read(0.05) == b""
        assert 0.04 <= time.monotonic() - started < WAIT_S


def test_a_pulled_plug_is_lost(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "hidraw0", HidReports(lambda received: [received]))
    pty.start()
    port = HidrawPort(str(pty.path))
    port.write(b"echo")
    assert port.read(WAIT_S) == b"echo"

    pty.unplug()

    with pytest.raises(DeviceLost, match="hidraw0: "):
        port.read(WAIT_S)
    with pytest.raises(DeviceLost, match="hidraw0: "):
        port.write(b"echo")
    port.close()
    pty.stop()


def test_an_absent_node_is_lost() -> None:
    with pytest.raises(DeviceLost, match="/dev/hidraw99: No such file"):
        HidrawPort("/dev/hidraw99")


def test_a_closed_port_is_lost_and_closing_twice_is_fine(
    device_end: tuple[int, str],
) -> None:
    port = HidrawPort(device_end[1])
    port.close()
    port.close()

    for use in (lambda: port.read(0), lambda: port.write(b"x"), port.discard_input):
        with pytest.raises(DeviceLost, match="closed"):
            use()
