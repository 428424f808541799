"""A pcscd of the tests' own, with virtual readers, beside whatever the machine runs.

Its socket is handed to it as systemd would, so it touches none of the machine's. Of
vpcd's ways to its cards only the listening one works, and that on every interface: while
these tests run, whoever reaches this machine could lay a virtual card on a virtual reader.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.waiting import eventually

VPCD = Path("/usr/lib/pcsc/drivers/serial/libifdvpcd.so")
#: Of the machine's own pcscd; its readers are not ours to take.
MACHINES_SOCKET = Path("/run/pcscd/pcscd.comm")
#: vpcd makes two readers of every line in its configuration, at this port and the next.
SLOTS = 2
NAME = "Tongjie Test Reader"
_END_S = 10.0


def need_pcscd() -> None:
    """Skip where a pcscd of our own can't run; fail where it is only not installed."""
    if os.geteuid() != 0:
        pytest.skip("pcscd runs as root")
    if MACHINES_SOCKET.exists():
        pytest.skip("this machine has a PC/SC service; its readers are left alone")
    if not (_daemon() and VPCD.exists()):
        pytest.fail("apt-get install pcscd vsmartcard-vpcd", pytrace=False)


class OwnPcscd:
    """`folder` has a short path. The client library finds it by an environment variable.

    It reads that once per process, so all tests of one run share the path.
    """

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "pcscd.comm"
        self.port = _free_ports()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._readers = False

    @property
    def has_readers(self) -> bool:
        return self._process is not None and self._readers

    def start(self, *, readers: bool = True) -> None:
        """On return a client can connect, and vpcd waits for cards."""
        self.end()
        self._readers = readers
        self._write_configuration(readers=readers)
        self.socket.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self.socket))
            listener.listen()
            self._process = self._launch(listener)
        if readers:
            eventually(self._waits_for_cards, "vpcd listens")

    def end(self) -> None:
        """Twice is fine."""
        if self._process is not None:
            self._process.terminate()
            self._gone()

    def kill(self) -> None:
        """As a crash does it."""
        assert self._process is not None
        self._process.kill()
        self._gone()

    def _gone(self) -> None:
        assert self._process is not None
        self._process.wait(_END_S)
        self._process = None
        self.socket.unlink(missing_ok=True)

    def _launch(self, listener: socket.socket) -> subprocess.Popen[bytes]:
        daemon = [
            str(_daemon()),
            "--foreground",
            "--config",
            str(self._folder / "conf"),
        ]
        as_systemd = 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@" 3<&0'
        with (self._folder / "pcscd.log").open("ab") as log:
            return subprocess.Popen(
                ["sh", "-c", as_systemd, "sh", *daemon],
                stdin=listener.fileno(),
                stdout=log,
                stderr=log,
            )

    def _write_configuration(self, *, readers: bool) -> None:
        line = (
            f'FRIENDLYNAME "{NAME}"\nDEVICENAME /dev/null:{self.port:#x}\n'
            f"LIBPATH {VPCD}\nCHANNELID {self.port:#x}\n"
        )
        configuration = self._folder / "conf"
        configuration.mkdir(exist_ok=True)
        (configuration / "vpcd").write_text(line if readers else "")

    def _waits_for_cards(self) -> bool:
        last = f":{self.port + SLOTS - 1:04X} "
        return any(last in row for row in Path("/proc/net/tcp").read_text().split("\n"))


def _daemon() -> str | None:
    return shutil.which("pcscd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")


def _free_ports() -> int:
    """The first of neighbouring ports that nobody uses at the moment."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = int(first.getsockname()[1])
            try:
                socket.create_server(("127.0.0.1", port + 1)).close()
            except OSError:
                continue
        return port
