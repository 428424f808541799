"""Processes under measurement: started, waited for, looked into, ended."""

from __future__ import annotations

import http
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

#: On every page that a reader can begin at; nothing but the button has it.
BORROW_TILE = b'value="borrow"'
_MINIMAL_APP = Path(__file__).with_name("minimal_app.py")
_LOOK_S = 0.005
_PATIENCE_S = 60.0


@contextmanager
def running(command: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that is ended by SIGTERM; what it says goes nowhere."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(_PATIENCE_S)


def minimal_command(port: int) -> list[str]:
    return [sys.executable, str(_MINIMAL_APP), str(port)]


def wait_for_tile(port: int) -> None:
    """Return when the first page is served with the tile that starts a loan."""
    deadline = time.monotonic() + _PATIENCE_S
    while not _serves_tile(port):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no page at port {port} within {_PATIENCE_S} s")
        time.sleep(_LOOK_S)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def pss_mb(pid: int) -> float:
    """Memory of a process, shared pages by their share, in 10^6 bytes."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii")
    line = next(row for row in rollup.splitlines() if row.startswith("Pss:"))
    return int(line.split()[1]) * 1024 / 1e6


def _serves_tile(port: int) -> bool:
    try:
        with urllib.request.urlopen(
            f"http://127.0.0.1:{port}/", timeout=_PATIENCE_S
        ) as answer:
            usable = answer.status == http.HTTPStatus.OK
            return usable and BORROW_TILE in answer.read()
    except (urllib.error.URLError, OSError):
        return False
