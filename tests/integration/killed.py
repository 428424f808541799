"""Killing a command at any line of our code, by SIGKILL from inside."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

#: Lines of these parts count: where a stick is written, read and applied.
_PARTS = ("/sync/stick/", "/sync/agent/stick", "/sync/hub/", "/kiosk/store/")


def lines_of(work: Callable[[], object]) -> int:
    """How many lines of our code `work` takes, found out in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        counted = [0]
        with _every_line(lambda: counted.__setitem__(0, counted[0] + 1)):
            work()
        os.write(writing, str(counted[0]).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return int(text)


def kill_at(line: int, work: Callable[[], object]) -> bool:
    """Do `work` in a process that dies at this line; tell whether it came so far."""
    child = os.fork()
    if child == 0:
        left = [line]

        def count() -> None:
            left[0] -= 1
            if left[0] < 0:
                os.kill(os.getpid(), signal.SIGKILL)

        with _every_line(count):
            work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


@contextmanager
def _every_line(call: Callable[[], None]) -> Iterator[None]:
    def inside(_frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line":
            call()
        return inside

    def entered(frame: FrameType, _event: str, _argument: object) -> Any:
        file = frame.f_code.co_filename
        return inside if any(part in file for part in _PARTS) else None

    sys.settrace(entered)
    try:
        yield
    finally:
        sys.settrace(None)
