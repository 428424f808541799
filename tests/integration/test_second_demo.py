from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from kiosk.cli.demo import DemoRuns
from kiosk.store.lock import WriterLock


def test_second_demo_in_one_folder_is_refused_and_touches_nothing(
    tmp_path: Path,
) -> None:
    lock = tmp_path / "demo.lock"

    with closing(WriterLock(lock, DemoRuns)):
        second = subprocess.run(
            [sys.executable, "-m", "kiosk", "demo", "--json", "--data", str(tmp_path)],
            capture_output=True,
            text=True,
            check=False,
        )

    assert second.returncode == 1
    assert "demo.lock: another process writes here already" in second.stderr
    assert list(tmp_path.iterdir()) == [lock]
