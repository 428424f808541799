"""What a long run is, and what it tells at its end."""

from __future__ import annotations

import enum
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


class Verdict(enum.Enum):
    """NOT_RUN: a machine that lacks something, or a control that saw no fault."""

    OK = "ok"
    FAILED = "FAILED"
    NOT_RUN = "NOT RUN"


@dataclass(frozen=True, slots=True)
class Summary:
    """`what` says in figures what was done, lost and doubled; `why` explains a verdict."""

    what: str
    verdict: Verdict = Verdict.OK
    why: str = ""

    def __str__(self) -> str:
        ending = f": {self.why}" if self.why else ""
        return f"{self.what} · {self.verdict.value}{ending}"


@dataclass(frozen=True, slots=True)
class Run:
    """`work(folder, scale)`: scale 1 is the whole of it; the folder is its own, empty.

    What it raises is a failure; an AssertionError is one that it looked for.
    """

    name: str
    work: Callable[[Path, float], Summary]


def perform(run: Run, folder: Path, scale: float) -> Summary:
    """Do one run and print its line."""
    started_s = time.monotonic()
    try:
        summary = run.work(folder, scale)
    except AssertionError as err:
        traceback.print_exception(err)  # with the example that shows it
        summary = Summary("a check failed", Verdict.FAILED, str(err) or repr(err))
    seconds = time.monotonic() - started_s
    print(f"{run.name} · {seconds:.0f} s · {summary}", flush=True)  # noqa: T201
    return summary


def times(whole: int, scale: float) -> int:
    """So much of a whole, but at least one."""
    return max(1, round(whole * scale))


def named(runs: Sequence[Run], names: Sequence[str]) -> Sequence[Run]:
    """Those of these names; all of them without any. Raises KeyError for an unknown one."""
    by_name = {run.name: run for run in runs}
    return [by_name[name] for name in names] if names else runs
