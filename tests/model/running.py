"""Run a machine some number of times; quietly, and the same each time in `make test`."""

from __future__ import annotations

from dataclasses import dataclass
from time import monotonic

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from structlog.testing import capture_logs

from tests.model.machine import CountyMachine


@dataclass(frozen=True, slots=True)
class Effort:
    """`seeded`: the same examples each time. `shrink`: look for the shortest failure."""

    examples: int
    steps: int
    seeded: bool = True
    shrink: bool = True


def run(machine: type[CountyMachine], effort: Effort) -> float:
    """Return the seconds it took. Raises AssertionError with the steps that led there."""
    phases = [Phase.generate] + [Phase.shrink] * effort.shrink
    wanted = settings(
        max_examples=effort.examples,
        stateful_step_count=effort.steps,
        derandomize=effort.seeded,
        database=None,
        deadline=None,
        phases=phases,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    started = monotonic()
    with capture_logs():
        run_state_machine_as_test(machine, settings=wanted)
    return monotonic() - started
