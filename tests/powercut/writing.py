"""A process that writes to the disk and says what is safe, until the power is cut.

It gets ready, waits for the word to go, and prints one line for each thing that the
product has answered for. The lines go to a file beside the disk: whoever reads them
has been told.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tests.powercut.disk import Disk
from tests.waiting import eventually

#: A writer that is still at it so long after is cut off wherever it is.
LONGEST_S = 20.0
READY = "ready"


class WriterFailed(RuntimeError):
    """It ended for another reason than a power cut; the text is its complaint."""


def await_word() -> None:
    """In the writer: everything is imported, the disk may be switched on."""
    say(READY)
    sys.stdin.readline()


def say(*words: object) -> None:
    """In the writer: from now on this is promised."""
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


@dataclass(frozen=True, slots=True)
class When:
    """The power goes at the writer's n-th write or flush, or after so many promises."""

    write: int | None = None
    promises: int = sys.maxsize


def some_time(
    dice: random.Random, writes: int, promises: int, *, at_write: bool
) -> When:
    """Some time before so many writes, or so many promises but the first."""
    if at_write:
        return When(write=dice.randrange(writes))
    return When(promises=dice.randint(1, promises))


@dataclass(frozen=True, slots=True)
class Work:
    """What a writer said before the cut, line by line; `done`: it had ended by then."""

    said: list[list[str]]
    done: bool


@dataclass(frozen=True, slots=True)
class Writer:
    """A writer from outside."""

    process: subprocess.Popen[str]
    lines: Path

    def go(self) -> None:
        """Raises WriterFailed when it ended before."""
        eventually(lambda: self.lines.read_text() or self.ended, "the writer is ready")
        if self.ended or self.process.stdin is None:
            raise WriterFailed(self.complaint())
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def write_until(self, promises: int) -> None:
        """Let it write; then it stands still, so that it says nothing after the cut."""
        deadline = time.monotonic() + LONGEST_S
        while not self.ended and time.monotonic() < deadline:
            if self._promises() >= promises:
                self.process.send_signal(signal.SIGSTOP)
                return
            time.sleep(0.003)

    def _promises(self) -> int:
        return sum(what == "done" for what, *_ in self.said())

    def said(self) -> list[list[str]]:
        """Its whole lines, as words."""
        lines = self.lines.read_text().split("\n")[:-1]
        return [line.split() for line in lines if line != READY]

    def complaint(self) -> str:
        return self.lines.with_suffix(".errors").read_text()


def work_until_cut(
    disk: Disk,
    module: ModuleType,
    words: Sequence[object],
    dice: random.Random,
    when: When,
) -> Work:
    """Run `module FOLDER words…` on the disk until its power is cut.

    It may end by itself, with success. Raises WriterFailed when it fails before the cut.
    """
    with (
        _writer(module, disk.folder / "said", [disk.root, *words]) as worker,
        disk.powered(dice.getrandbits(32), when.write),
    ):
        worker.go()
        worker.write_until(when.promises)
        if worker.process.returncode and not disk.is_dead:
            raise WriterFailed(worker.complaint())
        done = worker.process.returncode == 0 and not disk.is_dead
        disk.cut()
        worker.process.kill()
        worker.process.wait()
    return Work(worker.said(), done)


def work_on(module: ModuleType, folder: Path, words: Sequence[object]) -> None:
    """Run it again, to its end. Raises WriterFailed."""
    done = subprocess.run(
        _command(module, [folder, *words]),
        input="go\n",
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise WriterFailed(done.stderr)


def _command(module: ModuleType, words: Sequence[object]) -> list[str]:
    return [sys.executable, "-m", module.__name__, *map(str, words)]


@contextmanager
def _writer(
    module: ModuleType, lines: Path, words: Sequence[object]
) -> Iterator[Writer]:
    """Start `python -m module words…`; at the end it is dead."""
    with (
        lines.open("w") as out,
        lines.with_suffix(".errors").open("w") as errors,
        subprocess.Popen(
            _command(module, words),
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=errors,
            text=True,
        ) as process,
    ):
        try:
            yield Writer(process, lines)
        finally:
            process.kill()
