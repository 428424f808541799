from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.runs import Run, Summary, Verdict, named, perform, times


def test_a_run_prints_one_line_with_its_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    perform(Run("walk", lambda _, scale: Summary(f"{scale} steps")), tmp_path, 2)

    assert capsys.readouterr().out == "walk · 0 s · 2 steps · ok\n"


def test_a_failed_check_is_a_failed_run(tmp_path: Path) -> None:
    def work(_folder: Path, _scale: float) -> Summary:
        raise AssertionError("two are one too many")

    summary = perform(Run("count", work), tmp_path, 1)

    assert summary.verdict is Verdict.FAILED
    assert summary.why == "two are one too many"


def test_the_smallest_scale_still_does_something() -> None:
    assert times(300, 0.0001) == 1
    assert times(300, 0.5) == 150


def test_runs_are_chosen_by_name() -> None:
    runs = [Run(name, lambda *_: Summary("")) for name in ("a", "b")]

    assert [run.name for run in named(runs, ["b"])] == ["b"]
    assert named(runs, []) == runs
