"""From hub to mirror: pages of changes, applied one by one."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from kiosk.store.errors import BadRulesSignature
from sync.agent.errors import HubRefused, HubUntrusted
from sync.agent.ports import Hub, Mirror
from sync.protocol import FeedPage

#: How often an unchanged mirror is marked as fresh; spares the card a write per poll.
MARK_S = 120.0

log = structlog.get_logger(__name__)


class Puller:
    """Brings the mirror up to date."""

    def __init__(
        self, hub: Hub, mirror: Mirror, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._hub = hub
        self._mirror = mirror
        self._now_s = now_s
        self._mark_due_s = float("-inf")

    def pull_page(self, on_change: Callable[[], None]) -> bool:
        """Fetch and apply one page; True when more is waiting. Raises HubError.

        `on_change` is called after the mirror changed.
        """
        cursor = self._mirror.cursor()
        try:
            page = self._hub.feed(cursor)
        except HubRefused as err:
            if err.error != "cursor_ahead":
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
            self._mirror.apply_page(page)
        except BadRulesSignature as err:
            raise HubUntrusted(str(err)) from err

    def _pull_anew(self) -> bool:
        """The hub was restored and knows less than the mirror: start from nothing."""
        log.warning("hub knows less than the mirror")
        self._mirror.empty()
        return True
