from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.demo.children import end_orphan


@contextmanager
def sleeper(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    program = "import time; print('up', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", program, *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # Until then the kernel may not show its command line.
        yield process
        process.kill()


def test_what_a_killed_demo_left_behind_is_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "run.pid"

    with sleeper("run", "--config", str(tmp_path / "kiosk.toml")) as orphan:
        pid_file.write_text(str(orphan.pid), "ascii")
        end_orphan(pid_file)

        assert orphan.wait(5) == -signal.SIGKILL


def test_another_program_with_the_same_number_is_let_be(tmp_path: Path) -> None:
    pid_file = tmp_path / "run.pid"

    with sleeper() as stranger:
        pid_file.write_text(str(stranger.pid), "ascii")
        end_orphan(pid_file)

        assert stranger.poll() is None


@pytest.mark.parametrize("content", [None, "", "nonsense", "-1", "4194305"])
def test_a_pid_file_that_names_no_process_is_passed_over(
    tmp_path: Path, content: str | None
) -> None:
    pid_file = tmp_path / "run.pid"
    if content is not None:
        pid_file.write_text(content, "ascii")

    end_orphan(pid_file)

    assert pid_file.exists() is (content is not None)
