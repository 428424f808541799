"""Each test here that takes a `bed` runs in a process of its own, on a test bed of devices.

umockdev works by preloading a library and knows one test bed a process, and python-evdev
and udev must see nothing else. So it is run by a second pytest below a broker.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

_HERE = Path(__file__).parent
_BROKER = (
    "umockdev-wrapper",
    "/usr/bin/python3",  # Debian's own has the binding to umockdev
)
_TEST = (
    *(sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "tests.kernel.bed"),
    *("-p", "pytest_timeout", "-p", "no:cacheprovider"),
)
_TIMEOUT_S = 60


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> bool | None:
    if item.path.parent != _HERE or "bed" not in getattr(item, "fixturenames", ()):
        return None
    del nextitem
    where = {"nodeid": item.nodeid, "location": item.location}
    item.ihook.pytest_runtest_logstart(**where)
    call = pytest.CallInfo.from_call(partial(_run_on_a_bed, item), when="call")
    report = pytest.TestReport.from_item_and_call(item, call)
    item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(**where)
    return True


def _run_on_a_bed(item: pytest.Item) -> None:
    if shutil.which(_BROKER[0]) is None:
        pytest.fail(
            "devices can't be made: apt-get install umockdev gir1.2-umockdev-1.0 "
            "python3-gi",
            pytrace=False,
        )
    # A module whose devices are of another kind names a broker of its own.
    script = getattr(getattr(item, "module", None), "BROKER", "broker.py")
    done = subprocess.run(
        [*_BROKER, str(_HERE / script), *_TEST, item.nodeid],
        cwd=item.config.rootpath,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
