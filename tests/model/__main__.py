"""`python -m tests.model [--examples N] [--steps N] [--only NAME]`: as long as wanted."""

from __future__ import annotations

import argparse
import sys

from tests.model.machine import (
    CardMachine,
    ClockMachine,
    CountyMachine,
    RestoreMachine,
    WholeMachine,
)
from tests.model.running import Effort, run

MACHINES: dict[str, type[CountyMachine]] = {
    "county": CountyMachine,
    "restore": RestoreMachine,
    "clock": ClockMachine,
    "card": CardMachine,
    "whole": WholeMachine,
}


def soak(examples: int, steps: int, names: list[str]) -> list[str]:
    """One line a machine, `FAILED` in it when something was lost, doubled or untrue."""
    return [_line(name, Effort(examples, steps, seeded=False)) for name in names]


def _line(name: str, effort: Effort) -> str:
    done = f"model {name}: {effort.examples} examples of {effort.steps} steps"
    try:
        seconds = run(MACHINES[name], effort)
    except AssertionError as err:
        notes = "\n".join(getattr(err, "__notes__", []))
        return f"{done}: FAILED: {err}\n{notes}"
    return f"{done} in {seconds:.0f} s: ok"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=1000)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--only", choices=MACHINES, action="append")
    given = parser.parse_args()
    failed = False
    for name in given.only or list(MACHINES):
        (line,) = soak(given.examples, given.steps, [name])
        print(line, flush=True)  # noqa: T201  (a command's output)
        failed |= "FAILED" in line
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
