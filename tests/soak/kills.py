"""Point, agent and hub killed by the thousand."""

from __future__ import annotations

import random
from pathlib import Path

from tests.sigkill.county import running_county
from tests.sigkill.outcome import outcome
from tests.soak.runs import Summary, Verdict, times

KILLS = 1000


def kills(folder: Path, scale: float) -> Summary:
    with running_county(folder, seed=1) as county:
        county.kill_often(times(KILLS, scale), random.Random(2))
        county.settle()
        found = outcome(county)
        who = ", ".join(f"{name} {n}" for name, n in sorted(county.kills.items()))
    what = f"{found} ({who})"
    if found.acknowledged < found.kills:
        return Summary(what, Verdict.NOT_RUN, "next to nothing was done between kills")
    return Summary(what, Verdict.OK if found.clean else Verdict.FAILED)
