"""`python -m tests.soak [--only NAME]… [--scale X] [--quick]`: one line a run.

Ends with 1 if a run failed or could not be done.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kiosk import logs
from tests.soak import exchange, kills, made_up, power
from tests.soak.runs import Run, Verdict, named, perform

#: One line each; add yours.
RUNS = (
    Run("power-cuts", power.cuts),
    Run("lying-disks", power.lying_disks),
    Run("seldom-work", power.seldom_work),
    Run("mirror-power-cuts", power.mirrors),
    Run("hub-power-cuts", power.hubs),
    Run("kills", kills.kills),
    Run("model", exchange.model),
    Run("deliveries", exchange.deliveries_to("sqlite")),
    Run("deliveries-postgresql", exchange.deliveries_to("postgresql")),
    Run("stick-kills", exchange.stick_kills),
    Run("full-disks", exchange.full_disks),
    Run("arrivals", exchange.arrivals),
    Run("weeks-offline", exchange.back_after_weeks),
    Run("hub-fuzz", made_up.hub_fuzz),
)
#: Shows that the runs still run, in the time of a test.
QUICK_SCALE = 0.02


def main(words: Sequence[str]) -> int:
    logs.configure()  # to standard error
    asked = _parser().parse_args(words)
    scale = QUICK_SCALE if asked.quick else asked.scale
    verdicts = []
    for run in named(RUNS, asked.only):
        with tempfile.TemporaryDirectory(prefix=f"soak-{run.name}-") as folder:
            verdicts.append(perform(run, Path(folder), scale).verdict)
    return 0 if set(verdicts) <= {Verdict.OK} else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    names = [run.name for run in RUNS]
    parser.add_argument("--only", action="append", choices=names, default=[])
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--quick", action="store_true")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
