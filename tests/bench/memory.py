"""Memory of the two processes on a Pi after readers have used them."""

from __future__ import annotations

import time

from tests.bench.figures import Figure
from tests.bench.processes import (
    free_port,
    minimal_command,
    pss_mb,
    running,
    wait_for_tile,
)
from tests.demo import Demo, Touchscreen
from tests.waiting import eventually

AIM_MB = 97.0
BOOKS = 3
#: How long the agent may take to bring everything to the hub and rest again.
REST_S = 5.0


def measure(demo: Demo, visits: int) -> list[Figure]:
    """Let readers borrow and return, then weigh kiosk, agent and a minimal app."""
    for _ in range(visits):
        _visit(demo, demo.items[:BOOKS])
    time.sleep(REST_S)
    port = free_port()
    with running(minimal_command(port)) as minimal:
        for _ in range(visits * 10):
            wait_for_tile(port)
        least = pss_mb(minimal.pid)
        kiosk, agent = pss_mb(demo.pid("run")), pss_mb(demo.pid("sync"))
    return [
        _figure("PSS of kiosk and agent", kiosk + agent, least, visits, AIM_MB),
        _figure("PSS of kiosk", kiosk, least, visits),
        _figure("PSS of agent", agent, least, visits),
    ]


def _figure(
    name: str, value: float, least: float, visits: int, aim: float | None = None
) -> Figure:
    return Figure(
        name=name,
        unit="MB",
        value=value,
        beside="minimal Flask app",
        reference=least,
        aim=aim,
        rounds=visits,
    )


def _visit(demo: Demo, books: list[str]) -> None:
    """A reader borrows a stack; another brings it back."""
    screen = Touchscreen(demo.kiosk)
    demo.clear()
    _press(screen, "home", "home")
    demo.card(demo.cards[0])
    demo.place(*books)
    _press(screen, "confirm", "working", "done")
    eventually(lambda: demo.afi(*books) == ["C2"] * len(books), "tags disarmed")
    demo.clear()
    _press(screen, "home", "home")
    _press(screen, "return", "return")
    demo.place(*books)
    eventually(lambda: demo.afi(*books) == ["07"] * len(books), "tags armed")
    demo.clear()
    _press(screen, "home", "home")


def _press(screen: Touchscreen, action: str, *there: str) -> None:
    """Press a button until one of the screens behind it is up."""

    def pressed() -> bool:
        if screen.screen() in there:
            return True
        screen.touch(action)
        return False

    eventually(pressed, f"{action} leads to {' or '.join(there)}")
