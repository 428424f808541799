"""Point, agent and hub are killed at any moment; each loan counts once at the end."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.fault("O01", "O18")
@pytest.mark.timeout(300)
def test_no_kill_of_any_process_loses_or_doubles_anything() -> None:
    """The soak's quick form, so that its command is shown to work as well."""
    command = [sys.executable, "-m", "tests.soak", "--quick", "--only", "kills"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("kills · ")
    assert done.stdout.endswith(" · ok\n")
