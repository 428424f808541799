"""Emulated devices for the contract tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers import registry
from drivers.emulators.bad_line import BadLine
from drivers.emulators.feig import FeigEmulator
from drivers.emulators.pty import Pty
from drivers.pads.feig import FeigPad
from tests.feig_bench import TIMEOUT_S, Bench, MakeBench


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[MakeBench]:
    benches: list[Bench] = []

    def make(
        options: dict[str, Any] | None = None, late_s: float = 0.5, **reader: Any
    ) -> Bench:
        emulator = FeigEmulator(**reader)
        line = BadLine(emulator.answer, late_s=late_s)
        pty = Pty(tmp_path / "pad", line)
        pty.start()
        settings = {"port": str(pty.path), "reply_timeout_s": TIMEOUT_S}
        pad = registry.create("feig_obid", settings | (options or {}))
        assert isinstance(pad, FeigPad)
        benches.append(Bench(emulator, line, pty, pad, pad.events()))
        pad.open()
        return benches[-1]

    yield make
    for bench in benches:
        bench.pad.close()
        bench.pty.stop()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()
