"""What a machine does with a book that came back: ring, and say where it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kiosk.domain.values import ItemState
from sync.hub.sip2_server.here import Here, Told
from sync.hub.sip2_server.known import Copy
from sync.sip2.tables import AlertType

#: Reasons that call for nobody: the book may go back on its shelf.
_QUIET = frozenset({None, "return_stale"})


@dataclass(frozen=True, slots=True)
class Route:
    """`alert`: None for what stays on this shelf. `goes_to`: a site's number, if any.

    `reason` and `params`: what the machine's screen says, if anything.
    """

    alert: AlertType | None = None
    goes_to: str = ""
    reason: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """CV and CT. Who waits is not told: whoever brings the book can read it."""
        alert = (("CV", self.alert.value),) if self.alert else ()
        return (*alert, *((("CT", self.goes_to),) if self.goes_to else ()))


def route_of(here: Here, copy: Copy, told: Told) -> Route:
    """By where the copy belongs as of now, whatever the return itself was told."""
    site_id = here.machine.site_id
    leaves = copy.goes_to not in ("", site_id)
    if leaves and copy.for_hold:
        words = "return.hold_elsewhere", {"site": copy.goes_to_name}
        return Route(AlertType.HELD_ELSEWHERE, copy.goes_to, *words)
    if _is_kept_at(site_id, copy):
        words = "return.hold", {"site": here.site_name}
        return Route(AlertType.HELD_HERE, site_id, *words)
    if told.reason == "return.other_site":
        home = copy.item.home_site if copy.item else ""
        goes_to = copy.goes_to if leaves else home
        return Route(AlertType.GOES_HOME, goes_to, told.reason, told.params)
    if leaves:
        words = "return.goes_to", {"site": copy.goes_to_name}
        return Route(AlertType.GOES_HOME, copy.goes_to, *words)
    if told.reason not in _QUIET or _is_unknown(copy):
        return Route(AlertType.FOR_STAFF, reason="return.staff")
    return Route(reason=told.reason)


def _is_kept_at(site_id: str, copy: Copy) -> bool:
    lies_here = copy.item is not None and copy.item.current_site == site_id
    return lies_here and copy.kept_until is not None


def _is_unknown(copy: Copy) -> bool:
    return copy.item is None or copy.item.state is ItemState.PROVISIONAL
