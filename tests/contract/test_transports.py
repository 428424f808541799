"""Serial ports and TCP streams under one contract, traces, and the emulators' pty."""

from __future__ import annotations

import io
import os
import select
import socket
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.api import BadOptions, DeviceLost, ProtocolError
from drivers.emulators.pty import Pty
from drivers.transports import Transport
from drivers.transports.address import open_address
from drivers.transports.serial_port import Parity, SerialPort, SerialSettings
from drivers.transports.tcp import TcpStream
from drivers.transports.trace import (
    TraceDiffers,
    TracePlayer,
    TraceRecorder,
    parse_trace,
)

WAIT_S = 2.0


@dataclass(frozen=True)
class Line:
    """A transport under test, and what its other end can do."""

    transport: Transport
    name: str
    send: Callable[[bytes], object]
    receive: Callable[[int], bytes]
    hang_up: Callable[[], None]
    fd: int

    def wait_for_input(self) -> None:
        """Until the host's end has bytes to read."""
        readable, _, _ = select.select([self.fd], [], [], WAIT_S)
        assert readable


@contextmanager
def _serial_line() -> Iterator[Line]:
    device, host = os.openpty()
    tty.setraw(device)
    tty.setraw(host)
    path = os.ttyname(host)
    port = SerialPort(path, SerialSettings(38400, "E"))
    os.close(host)
    ends = [device]

    def hang_up() -> None:
        os.close(ends.pop())

    yield Line(
        port,
        path,
        lambda data: os.write(device, data),
        lambda size: os.read(device, size),
        hang_up,
        port._port.fileno(),
    )
    port.close()
    if ends:
        hang_up()


@contextmanager
def _tcp_line() -> Iterator[Line]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        name = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        stream = TcpStream("127.0.0.1", server.getsockname()[1])
        device, _ = server.accept()
        fd = stream._socket.fileno()
        yield Line(stream, name, device.sendall, device.recv, device.close, fd)
        stream.close()
        device.close()


@pytest.fixture(params=[_serial_line, _tcp_line], ids=["serial", "tcp"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    with request.param() as opened:
        yield opened


# --- the contract -------------------------------------------------------------------


def test_bytes_go_both_ways_unchanged(line: Line) -> None:
    every_byte = bytes(range(256))

    line.transport.write(every_byte)
    line.send(every_byte)

    assert line.receive(1024) == every_byte
    assert line.transport.read(WAIT_S) == every_byte


def test_read_returns_as_soon_as_something_has_come(line: Line) -> None:
    line.send(b"x")

    started = time.monotonic()
    received = line.transport.read(WAIT_S)

    assert received == b"x"
    assert time.monotonic() - started < WAIT_S / 2


def test_read_of_nothing_waits_for_its_time_and_no_longer(line: Line) -> None:
    started = time.monotonic()

    assert line.transport.read(0.05) == b""
    assert 0.04 < time.monotonic() - started < 1


def test_discarded_input_does_not_come_again(line: Line) -> None:
    line.send(b"late")
    line.wait_for_input()

    line.transport.discard_input()
    line.send(b"now")

    assert line.transport.read(WAIT_S) == b"now"


def test_device_that_hangs_up_is_lost_by_name(line: Line) -> None:
    line.hang_up()

    with pytest.raises(DeviceLost, match=line.name):
        line.transport.read(WAIT_S)


def test_lost_device_stays_lost_and_can_be_closed(line: Line) -> None:
    line.hang_up()
    for _ in range(2):
        with pytest.raises(DeviceLost):
            line.transport.read(WAIT_S)

    line.transport.close()
    line.transport.close()


def test_closed_transport_is_lost_not_broken(line: Line) -> None:
    line.transport.close()

    with pytest.raises(DeviceLost):
        line.transport.read(0)
    with pytest.raises(DeviceLost):
        line.transport.write(b"x")
    with pytest.raises(DeviceLost):
        line.transport.discard_input()


# --- what is particular to each -------------------------------------------------------


def test_port_is_open_to_one_program_at_a_time() -> None:
    with (
        _serial_line() as line,
        pytest.raises(DeviceLost, match="in use by another program"),
    ):
        SerialPort(line.name)


@pytest.mark.parametrize("parity", ["N", "E", "O"])
def test_pseudo_terminal_may_refuse_parity(tmp_path: Path, parity: Parity) -> None:
    pty = Pty(tmp_path / "device", lambda received: [received])
    pty.start()

    port = SerialPort(str(pty.path), SerialSettings(115200, parity, 2))
    port.write(b"echo")
    received = port.read(WAIT_S)
    port.close()
    pty.stop()

    assert received == b"echo"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/dev/no-such-port", "No such file"),
        ("/tmp", "Is a directory"),  # noqa: S108 (any folder will do)
        ("/dev/null", "Inappropriate ioctl"),
    ],
)
def test_what_is_no_port_is_a_lost_device(path: str, reason: str) -> None:
    with pytest.raises(DeviceLost, match=f"{path}: .*{reason}"):
        SerialPort(path)


def test_nobody_at_the_tcp_port_is_a_lost_device() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        name = f"tcp://127.0.0.1:{server.getsockname()[1]}"

    with pytest.raises(DeviceLost, match=name):
        open_address(name)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "COM3",
        "ttyUSB0",
        "tcp://pad",
        "tcp://:10001",
        "tcp://pad:99999",
        "udp://x:1",
    ],
)
def test_address_that_is_none_is_refused_with_its_text(address: str) -> None:
    with pytest.raises(BadOptions, match=f"'{address}'"):
        open_address(address)


# --- traces -------------------------------------------------------------------------

TRACE = """
# a reader is asked for its version
> 05 FF 65 E5 CB   # software version?
< 0D 00 65 00 03
< 03 00 44 53 0D 30 33 09

> 05FF698901
"""


def test_trace_is_replayed_in_order() -> None:
    player = TracePlayer(parse_trace(TRACE.splitlines()))

    player.write(bytes.fromhex("05FF65E5CB"))
    received = player.read(1) + player.read(1)
    nothing = player.read(1)
    player.write(bytes.fromhex("05FF69"))
    player.write(bytes.fromhex("8901"))

    assert received.hex().upper() == "0D00650003030044530D303309"
    assert nothing == b""
    with pytest.raises(DeviceLost, match="over"):
        player.read(1)


def test_player_says_what_was_sent_instead() -> None:
    player = TracePlayer(parse_trace(TRACE.splitlines()))

    with pytest.raises(TraceDiffers, match="sent 05 FF 63, the trace has 05 FF 65 E5"):
        player.write(b"\x05\xff\x63")


def test_sending_more_than_the_trace_has_is_a_lost_device() -> None:
    player = TracePlayer(parse_trace(["> 01", "< 02"]))

    with pytest.raises(DeviceLost, match="sent 03"):
        player.write(b"\x01\x03")


@pytest.mark.parametrize("text", ["* 01 02", "> 0G", "01 02"])
def test_line_that_is_no_trace_is_named(text: str) -> None:
    with pytest.raises(ProtocolError, match="trace line 2"):
        parse_trace(["> 01", text])


def test_recorded_talk_can_be_replayed() -> None:
    text = io.StringIO()
    with _serial_line() as line:
        recorder = TraceRecorder(line.transport, text)
        recorder.write(b"\x05\xff")
        line.send(b"\x06")
        recorder.read(WAIT_S)
        recorder.discard_input()
        recorder.read(0)

    assert text.getvalue() == "> 05 FF\n< 06\n"
    player = TracePlayer(parse_trace(text.getvalue().splitlines()))
    player.write(b"\x05\xff")
    assert player.read(0) == b"\x06"


def test_closing_a_recorder_closes_what_it_records() -> None:
    with _serial_line() as line:
        TraceRecorder(line.transport, io.StringIO()).close()

        with pytest.raises(DeviceLost):
            line.transport.read(0)


def test_remarks_are_kept() -> None:
    parsed = parse_trace(["> 01  # hello", "# only a remark", ""])

    assert [str(line) for line in parsed] == ["> 01  # hello"]


# --- the emulators' end ---------------------------------------------------------------


def test_device_comes_back_under_the_same_path(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "device", lambda received: [received])
    pty.start()
    first = SerialPort(str(pty.path))

    pty.unplug()
    with pytest.raises(DeviceLost, match="unplugged"):
        first.read(WAIT_S)
    with pytest.raises(DeviceLost, match="No such file"):
        SerialPort(str(pty.path))
    pty.plug()
    second = SerialPort(str(pty.path))
    second.write(b"back")

    assert second.read(WAIT_S) == b"back"
    first.close()
    second.close()
    pty.stop()


def test_emulated_device_speaks_unasked(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "device", lambda _received: [])
    pty.start()
    port = SerialPort(str(pty.path))

    pty.send(b"scan\r")

    assert port.read(WAIT_S) == b"scan\r"
    port.close()
    pty.stop()


def test_stopped_device_leaves_nothing_behind(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "device", lambda received: [received])
    pty.start()

    pty.stop()
    pty.stop()

    assert list(tmp_path.iterdir()) == []


def test_device_whose_host_does_not_read_can_be_stopped(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "device", lambda _received: [])
    pty.start()

    pty.send(bytes(1 << 20))
    started = time.monotonic()
    pty.stop()

    assert time.monotonic() - started < 3
