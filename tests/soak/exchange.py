"""The way between kiosk and hub, for long: every claim with a fault that must be seen."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.deliveries.__main__ import soak as deliver
from tests.deliveries.test_deliveries import figures_of_a_forgetful_hub
from tests.integration import test_hub_order_of_arrival as orders
from tests.integration.hub_orders import end_the_same, one_by_one, state_after
from tests.integration.hub_world import County, fresh_hub, furnish
from tests.integration.stick_world import town_in
from tests.integration.test_ledger_faults import every_write_meets_a_full_disk
from tests.integration.test_stick_kill import survive
from tests.integration.test_weeks_offline import weeks_offline
from tests.model.__main__ import MACHINES
from tests.model.__main__ import soak as model_lines
from tests.model.test_model import BROKEN, tell
from tests.soak.runs import Summary, Verdict, times

EXAMPLES, STEPS = 1000, 30
DELIVERIES = 1_000_000
CARRIED = 500
ORDERS = 2000
WEEKS = 20_000


def model(folder: Path, scale: float) -> Summary:
    """Random days of two points and their hub, on each of the machines."""
    del folder
    unseen = [
        fault.__name__ for fault, story, _ in BROKEN if not _is_seen(fault, story)
    ]
    if unseen:
        return Summary("controls", Verdict.NOT_RUN, f"unseen: {', '.join(unseen)}")
    lines = model_lines(times(EXAMPLES, scale), STEPS, list(MACHINES))
    failed = [line for line in lines if "FAILED" in line]
    what = f"{len(lines)} machines, {times(EXAMPLES, scale)} examples each"
    return Summary(what, Verdict.FAILED if failed else Verdict.OK, "\n".join(failed))


def deliveries_to(backend: str) -> Callable[[Path, float], Summary]:
    """Deliveries over lines that are cut anywhere, to hubs on that database."""

    def work(folder: Path, scale: float) -> Summary:
        if not figures_of_a_forgetful_hub(folder).faults:
            return Summary("control", Verdict.NOT_RUN, "a forgetful hub went unseen")
        figures = deliver(times(DELIVERIES, scale), backend)
        verdict = Verdict.FAILED if figures.faults else Verdict.OK
        return Summary(figures.summary, verdict)

    return work


def stick_kills(folder: Path, scale: float) -> Summary:
    """Events carried on sticks by processes that are killed anywhere."""
    carried = times(CARRIED, scale)
    with town_in(folder) as town:
        deaths = survive(town, carried, seed=3)
    what = f"{carried} events carried, {deaths} deaths, 0 lost, 0 doubled"
    if deaths < carried:
        return Summary(what, Verdict.NOT_RUN, "hardly anything was killed")
    return Summary(what)


def full_disks(folder: Path, scale: float) -> Summary:
    """Each write of three loans meets a full disk once; one that does not is a failure."""
    del scale
    every_write_meets_a_full_disk(folder)
    return Summary("every write of three loans met a full disk, 0 lost, 0 doubled")


def arrivals(folder: Path, scale: float) -> Summary:
    """Whatever happened, in whatever order it arrives, ends the same."""
    examples = times(ORDERS, scale)
    with _harsh_county(folder) as county:
        if _ends_the_same_by_arrival(county):
            return Summary("control", Verdict.NOT_RUN, "order of arrival went unseen")
        _any_order(county, examples)
    return Summary(f"{examples} histories in 2 orders each, 0 outcomes differ")


def back_after_weeks(folder: Path, scale: float) -> Summary:
    """A point with thousands of events to a county in which every list is new."""
    size = max(times(WEEKS, scale), 1000)
    return Summary(weeks_offline(folder, size, size))


def _is_seen(fault: Callable[..., object], story: Callable[..., None]) -> bool:
    try:
        with fault():  # type: ignore[attr-defined]  # a context manager, as all of them
            tell(story)
    except AssertionError:
        return True
    return False


@contextmanager
def _harsh_county(folder: Path) -> Iterator[County]:
    with fresh_hub(f"sqlite:///{folder / 'hub.db'}", folder) as hub:
        yield orders.made_harsh(furnish(hub))


def _ends_the_same_by_arrival(county: County) -> bool:
    events = orders.busy_day(county)
    with patch("sync.hub.circulation.history.in_order", tuple):
        there, back = (
            state_after(county, one_by_one(order)) for order in (events, events[::-1])
        )
    return there == back


def _any_order(county: County, examples: int) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        steps=st.lists(orders.STEPS, min_size=2, max_size=10),
        seed=st.integers(0, 2**32 - 1),
    )
    def check(steps: list[orders.Step], seed: int) -> None:
        end_the_same(county, orders.events_of(county, steps), random.Random(seed))

    check()
