"""Power cuts by the hundred."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path

from tests.powercut.databases import cut_hubs, cut_mirrors
from tests.powercut.disk import missing
from tests.powercut.findings import Findings
from tests.powercut.lies import cut_lying_disks
from tests.powercut.rounds import Way, cut_points
from tests.powercut.stages import Stage, cut_at_writes
from tests.powercut.works import (
    FirstStart,
    HubUpgrade,
    LedgerUpgrade,
    Salvaging,
    enrolment,
)
from tests.soak.runs import Summary, Verdict, times

CUTS = 300
CHECKPOINT_CUTS = 60
CONTROL_CUTS = 20
#: Of the control cuts so many must lose something, else the rig sees nothing.
LEAST_LOSSES = 3 / 20
LYING_CUTS = 20
DATABASE_CUTS = 100
#: Every so many writes of the work that must be whole; 1 at full scale.
_WRITES = range(400)

Work = Callable[[Path, float], Summary]


def needs_rig(work: Work) -> Work:
    """Say loudly what is missing instead of doing nothing quietly."""

    @wraps(work)
    def checked(folder: Path, scale: float) -> Summary:
        lack = missing()
        if lack is not None:
            return Summary("no power cuts", Verdict.NOT_RUN, lack)
        return work(folder, scale)

    return checked


@needs_rig
def cuts(folder: Path, scale: float) -> Summary:
    """Cuts at points that wait for the disk, and at some that don't, as the control."""
    control = cut_points(
        folder, times(CONTROL_CUTS, scale), 1, Way(synchronous="NORMAL")
    )
    if control.losing_cuts < LEAST_LOSSES * control.cuts:
        return Summary(
            f"control: {control}", Verdict.NOT_RUN, "the control lost nothing"
        )
    found = cut_points(folder, times(CUTS, scale), 2, Way(promises=150, writes=4000))
    found.add(
        cut_points(folder, times(CHECKPOINT_CUTS, scale), 3, Way(checkpoint_pages=20))
    )
    return _judged(found, f"; control lost in {control.losing_cuts} cuts")


@needs_rig
def lying_disks(folder: Path, scale: float) -> Summary:
    """What was lost is noticed once the hub is heard, and no number comes twice."""
    found = cut_lying_disks(folder, times(LYING_CUTS, scale), 4, tell=True)
    noticed = found.began.total() >= found.losing_cuts and not found.reused
    return Summary(str(found), Verdict.OK if noticed else Verdict.FAILED)


@needs_rig
def mirrors(folder: Path, scale: float) -> Summary:
    """Pages of the feed are there whole or not at all."""
    return _judged(cut_mirrors(folder, times(DATABASE_CUTS, scale), 6))


@needs_rig
def hubs(folder: Path, scale: float) -> Summary:
    """What a hub answered is kept with its verdict and its effect, once."""
    return _judged(cut_hubs(folder, times(DATABASE_CUTS, scale), 7))


@needs_rig
def seldom_work(folder: Path, scale: float) -> Summary:
    """First start, salvage, upgrades and enrolment, cut at each of their writes."""
    done = []
    with enrolment() as enrolling:
        stages: tuple[Stage, ...] = (
            FirstStart(),
            Salvaging(),
            LedgerUpgrade(),
            HubUpgrade(),
            enrolling,
        )
        for stage in stages:
            number = cut_at_writes(
                folder, stage, 5, _WRITES[:: max(1, round(1 / scale))]
            )
            done.append(f"{type(stage).__name__} {number}")
    return Summary("cuts, each made good: " + ", ".join(done))


def _judged(found: Findings, more: str = "") -> Summary:
    return Summary(f"{found}{more}", Verdict.OK if found.clean else Verdict.FAILED)
