"""Each test here that takes a `bed` runs in a process of its own, on a test bed of devices.

umockdev works by preloading a library and knows one test bed a process, and python-evdev
and udev must see nothing else. So it is run by a second pytest below a broker.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [_OnABed.made_of(item) if _needs_a_bed(item) else item for item in items]


class _OnABed(pytest.Item):
    """Stands in for a test, and has none of its fixtures."""

    own_location: tuple[str, int | None, str]
    broker: str

    @classmethod
    def made_of(cls, item: pytest.Item) -> _OnABed:
        made: _OnABed = cls.from_parent(item.parent, name=item.name)
        made.own_location = item.location
        # A module whose devices are of another kind names a broker of its own.
        made.broker = getattr(getattr(item, "module", None), "BROKER", "broker.py")
        return made

    def runtest(self) -> None:
        _run_on_a_bed(self.broker, self)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        _, line, name = self.own_location
        return self.path, line, name


def _needs_a_bed(item: pytest.Item) -> bool:
    return item.path.parent == _HERE and "bed" in getattr(item, "fixturenames", ())


def _run_on_a_bed(broker: str, item: pytest.Item) -> None:
    if shutil.which(_BROKER[0]) is None:
        pytest.fail(
            "devices can't be made: apt-get install umockdev gir1.2-umockdev-1.0 "
            "python3-gi",
            pytrace=False,
        )
    done = subprocess.run(
        [*_BROKER, str(_HERE / broker), *_TEST, item.nodeid],
        cwd=item.config.rootpath,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
