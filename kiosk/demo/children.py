"""The demo's processes, started again when they die, as a service manager would."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO

#: As RestartSec= in the units.
RESTART_S = 0.2
STOP_S = 10.0


class CommandFailed(RuntimeError):
    """A command of the set-up failed; the text is what it said."""


def tongjie(*words: str) -> list[str]:
    """The command line of another `tongjie`, from the same environment."""
    script = Path(sys.executable).with_name("tongjie")
    start = [str(script)] if script.exists() else [sys.executable, "-m", "kiosk"]
    return [*start, *words]


def command(*words: str, stdin: str = "") -> str:
    """Run a command to its end; returns what it printed. Raises CommandFailed."""
    done = subprocess.run(  # noqa: S603  (our own command, a list)
        tongjie(*words), input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise CommandFailed(f"tongjie {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def end_orphan(pid_file: Path) -> None:
    """End the process that a killed demo left behind in this folder, if there is one.

    A number in use again by another program is let be: that one does not name it.
    """
    try:
        pid = int(pid_file.read_text("ascii"))
        process = os.pidfd_open(pid)
    except (OSError, ValueError):
        return
    try:
        if os.fsencode(pid_file.parent) in Path(f"/proc/{pid}/cmdline").read_bytes():
            signal.pidfd_send_signal(process, signal.SIGKILL)
            select.select([process], [], [], STOP_S)
    except (FileNotFoundError, ProcessLookupError):
        return  # It has just ended by itself.
    finally:
        os.close(process)


class Child:
    """One process that is kept running until it is stopped."""

    def __init__(self, name: str, words: Sequence[str], folder: Path) -> None:
        self.name = name
        self._words = list(words)
        self._log: IO[bytes] = (folder / f"{name}.log").open("ab")
        self._stopping = threading.Event()
        self._pid_file = folder / f"{name}.pid"
        end_orphan(self._pid_file)
        self._process = self._start()
        self._note_pid()
        self._watch = threading.Thread(target=self._keep, name=name, daemon=True)
        self._watch.start()

    def stop(self) -> None:
        """Ask it to end, insist after a while."""
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._watch.join(STOP_S)
        self._log.close()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603  (our own command, a list)
            tongjie(*self._words),
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is for the demo, which then stops them
        )

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._stopping.wait(RESTART_S):
                return
            self._process = self._start()
            self._note_pid()

    def _note_pid(self) -> None:
        self._pid_file.write_text(str(self._process.pid), "ascii")
