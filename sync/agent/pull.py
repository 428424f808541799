"""From hub to mirror: pages of changes, applied one by one."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from kiosk.store.errors import BadRulesSignature
from sync.agent.errors import HubRefused, HubUnreachable, HubUntrusted
from sync.agent.ports import Hub, Mirror
from sync.protocol import FeedPage

#: How often an unchanged mirror is marked as fresh; spares the card a write per poll.
MARK_S = 120.0
#: A hub whose feed goes back twice in this time contradicts itself: no reason to hurry.
ANEW_S = 120.0

log = structlog.get_logger(__name__)


class Puller:
    """Brings the mirror up to date."""

    def __init__(
        self,
        hub: Hub,
        mirror: Mirror,
        look_again: Callable[[], None],
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """`look_again` is called when verdicts no longer count: the hub was restored."""
        self._hub = hub
        self._mirror = mirror
        self._look_again = look_again
        self._now_s = now_s
        self._mark_due_s = float("-inf")
        self._anew_s = float("-inf")

    def pull_page(self, on_change: Callable[[], None]) -> bool:
        """Fetch and apply one page; True when more is waiting. Raises HubError.

        `on_change` is called after the mirror changed.
        """
        status = self._mirror.status()
        cursor = status.cursor
        try:
            page = self._hub.feed(cursor, status.run)
        except HubRefused as err:
            if err.error != "cursor_unknown":
                raise
            return self._pull_anew()
        if page.cursor < cursor:
            return self._pull_anew()
        changed = bool(page.changes) or page.cursor != cursor
        if changed:
            self._apply(page)
        if not page.more and (changed or self._now_s() >= self._mark_due_s):
            self._mirror.mark_synced(page.hub_time)
            self._mark_due_s = self._now_s() + MARK_S
            changed = True
        if changed:
            on_change()
        return page.more

    def _apply(self, page: FeedPage) -> None:
        try:
            forgotten = self._mirror.apply_page(page)
        except BadRulesSignature as err:
            raise HubUntrusted(str(err)) from err
        if forgotten:
            log.warning("hub was put back: verdicts no longer count", count=forgotten)
            self._look_again()

    def _pull_anew(self) -> bool:
        """The hub was restored and the mirror is of another history: begin anew."""
        log.warning("hub does not know the mirror's cursor")
        self._mirror.empty()
        before_s, self._anew_s = self._anew_s, self._now_s()
        if self._anew_s - before_s < ANEW_S:
            raise HubUnreachable("the hub's feed goes back again and again")
        return True
