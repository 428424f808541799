"""Tests here that take a `bed` run in a process of their own, on a test bed of devices.

umockdev works by preloading a library and knows one test bed a process, and python-evdev
and udev must see nothing else. So a second pytest below a broker runs those of a module,
all on one bed, when the first of them is due; each is told its own result.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.kernel.bed import RESULTS

_HERE = Path(__file__).parent
_BROKER = (
    "umockdev-wrapper",
    "/usr/bin/python3",  # Debian's own has the binding to umockdev
)
_TESTS = (
    *(sys.executable, "-m", "pytest", "-q", "--noconftest", "-p", "tests.kernel.bed"),
    *("-p", "pytest_timeout", "-o", "timeout=30", "-p", "no:cacheprovider"),
)
#: Less than a test may take here, so that it is told what they said till then.
_MODULE_TIMEOUT_S = 110


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    runs: dict[Path, _Run] = {}
    for at, item in enumerate(items):
        if _needs_a_bed(item):
            run = runs.setdefault(item.path, _Run(item))
            items[at] = _OnABed.made_of(item, run)


class _OnABed(pytest.Item):
    """Stands in for a test, and has none of its fixtures."""

    own_location: tuple[str, int | None, str]
    run: _Run

    @classmethod
    def made_of(cls, item: pytest.Item, run: _Run) -> _OnABed:
        made: _OnABed = cls.from_parent(item.parent, name=item.name)
        made.own_location = item.location
        made.run = run
        run.tests.append(item.nodeid)
        return made

    def runtest(self) -> None:
        if failure := self.run.failure(self.nodeid):
            pytest.fail(failure, pytrace=False)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        _, line, name = self.own_location
        return self.path, line, name


class _Run:
    """One run of the second pytest, for the chosen tests of one module."""

    def __init__(self, item: pytest.Item) -> None:
        # A module whose devices are of another kind names a broker of its own.
        self._broker = getattr(getattr(item, "module", None), "BROKER", "broker.py")
        self._root = item.config.rootpath
        self.tests: list[str] = []
        self._failures: dict[str, str] | None = None
        self._said = ""

    def failure(self, test: str) -> str:
        """How that test failed; nothing when it passed."""
        if self._failures is None:
            self._failures = {}
            self._failures = self._go()
        return self._failures.get(test, f"it did not run to its end: {self._said}")

    def _go(self) -> dict[str, str]:
        if shutil.which(_BROKER[0]) is None:
            self._said = (
                "devices can't be made: apt-get install umockdev gir1.2-umockdev-1.0 "
                "python3-gi"
            )
            return {}
        with tempfile.NamedTemporaryFile("r", encoding="utf-8") as results:
            self._said = self._run(results.name)
            # The first one counts: a failed test may still end well.
            lines = [json.loads(line) for line in results]
            return dict(reversed(lines))

    def _run(self, results: str) -> str:
        """Run them all; returns what was printed, also of those that never ended."""
        running = subprocess.Popen(
            [*_BROKER, str(_HERE / self._broker), *_TESTS, *self.tests],
            cwd=self._root,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", RESULTS: results},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            return running.communicate(timeout=_MODULE_TIMEOUT_S)[0]
        except subprocess.TimeoutExpired:
            running.terminate()
            return running.communicate()[0]


def _needs_a_bed(item: pytest.Item) -> bool:
    return item.path.parent == _HERE and "bed" in getattr(item, "fixturenames", ())
