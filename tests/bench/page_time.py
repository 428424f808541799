"""How fast the screen answers a touch while the hub is well, slow or gone."""

from __future__ import annotations

import time

from tests.bench.figures import Figure, p95
from tests.demo import Demo, Touchscreen

#: The screen must not notice the hub; the rest is noise of the machine.
AIM_RATIO = 1.5
AIM_MS = 200.0
_UP, _TROUBLES = "up", ("slow", "cut")
#: After so long the agent has noticed, and is waiting for an answer again.
_NOTICED_S = 1.0


def measure(demo: Demo, touches: int) -> list[Figure]:
    """Go to the return screen and home again, under each state of the network."""
    screen = Touchscreen(demo.kiosk)
    demo.clear()
    well = _p95_ms(demo, screen, _UP, touches)
    figures = [_figure(_UP, well, touches, None)]
    for mode in _TROUBLES:
        value = _p95_ms(demo, screen, mode, touches)
        figures.append(_figure(mode, value, touches, well))
    demo.network(_UP)
    demo.clear()
    return figures


def names() -> set[str]:
    return {_name(mode) for mode in (_UP, *_TROUBLES)}


def _name(mode: str) -> str:
    return f"touch → next page, p95, hub {mode}"


def _figure(mode: str, value: float, touches: int, well: float | None) -> Figure:
    return Figure(
        name=_name(mode),
        unit="ms",
        value=value,
        beside="" if well is None else f"hub {_UP}",
        reference=well,
        aim=AIM_MS if well is None else AIM_RATIO,
        aim_is_ratio=well is not None,
        rounds=touches,
    )


def _p95_ms(demo: Demo, screen: Touchscreen, mode: str, touches: int) -> float:
    demo.network(mode)
    time.sleep(_NOTICED_S)
    return p95([_touch_ms(screen) for _ in range(touches)])


def _touch_ms(screen: Touchscreen) -> float:
    """A touch as a form sends it, up to the whole page behind it; then home again."""
    start = time.perf_counter()
    if not screen.touch("return"):
        raise RuntimeError("the home screen did not take a touch")
    shown = screen.screen()
    taken = time.perf_counter() - start
    if shown != "return" or not screen.touch("home"):
        raise RuntimeError(f"the kiosk shows {shown}")
    return taken * 1000
