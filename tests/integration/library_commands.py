"""`tongjie hub library` in this process, and as a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from click.testing import CliRunner

from sync.hub.library.cli import library as commands


def status(url: str) -> dict[str, object]:
    told: dict[str, object] = json.loads(invoke("status", "--database", url, "--json"))
    return told


def invoke(*arguments: str) -> str:
    return CliRunner().invoke(commands, arguments).output


def command(url: str, options: Sequence[str]) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-m", "kiosk", "hub", "library", "run"]
    where = ["--database", url, "--host", "127.0.0.1", "--login", "kiosk"]
    return subprocess.Popen(
        [*program, *where, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(os.environ),
    )


@contextmanager
def running(url: str, options: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    worker = command(url, options)
    try:
        yield worker
    finally:
        if worker.poll() is None:
            worker.kill()
            worker.communicate()
