"""What stands around every screen: the site, and what does not work right now."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping
from pathlib import Path

from kiosk.config import Role
from kiosk.link import boot_id, load_link
from kiosk.presenter import Surroundings
from kiosk.service.ports import Mirror, Moment
from kiosk.view import Message, SiteLine
from sync.protocol import Clock

_DOWN_WORDS = {
    Role.PAD: "E-READER-DOWN",
    Role.CARD: "E-CARDREADER-DOWN",
    Role.SCANNER: "E-SCANNER-DOWN",
}
_OFFLINE = "bar.offline"
_OFFLINE_TOO_LONG = "bar.offline_limit"
#: They say what can be done all the same.
OFFLINE_BANNERS = frozenset({_OFFLINE, _OFFLINE_TOO_LONG})
#: The link file and the mirror are looked at no more often than this.
MAX_AGE_S = 0.5


class HubLink:
    """The agent's estimate, read afresh now and then."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._boot_id = boot_id()
        self._answers = False
        self._read_at = float("-inf")

    def answers(self) -> bool:
        """Whether the hub is worth asking."""
        now = time.monotonic()
        if now - self._read_at > MAX_AGE_S:
            self._answers = load_link(self._folder).reachable(self._boot_id, now)
            self._read_at = now
        return self._answers


class Around:
    """Makes the surroundings of a view; cheap enough to ask for at every change."""

    def __init__(
        self,
        mirror: Mirror,
        link: HubLink,
        site_id: str,
        roles: Mapping[str, Role],
        *,
        max_books: int,
    ) -> None:
        self._mirror = mirror
        self._link = link
        self._site_id = site_id
        self._roles = roles
        self._max_books = max_books
        self._site = SiteLine("")
        self._offline_limit: tuple[dt.datetime, int] | None = None
        self._read_at = float("-inf")

    def at(self, down: frozenset[str], moment: Moment) -> Surroundings:
        """Surroundings with these devices out of order."""
        self._refresh()
        offline = not self._link.answers()
        roles = [self._roles[name] for name in sorted(down)]
        banners = [Message(_DOWN_WORDS[role]) for role in roles if role in _DOWN_WORDS]
        if offline:
            banners.insert(0, self._offline_banner(moment))
        return Surroundings(self._site, tuple(banners), offline, self._max_books)

    def _refresh(self) -> None:
        now = time.monotonic()
        if now - self._read_at < MAX_AGE_S:
            return
        self._read_at = now
        self._site = site_line(self._mirror, self._site_id)
        rules, status = self._mirror.rules(), self._mirror.status()
        self._offline_limit = None
        if rules and status.synced_at:
            self._offline_limit = (status.synced_at, rules.offline.max_days)

    def _offline_banner(self, moment: Moment) -> Message:
        if self._offline_limit and moment.quality is not Clock.GUESSED:
            synced_at, max_days = self._offline_limit
            if moment.wall - synced_at > dt.timedelta(days=max_days):
                return Message(_OFFLINE_TOO_LONG, {"n": max_days})
        return Message(_OFFLINE)


def site_line(mirror: Mirror, site_id: str) -> SiteLine:
    """What the mirror knows of this point; nothing while it knows none."""
    site = mirror.site(site_id)
    if site is None:
        return SiteLine("")
    return SiteLine(
        site.name, site.short_name, site.keeper, site.phone, site.opens, site.closes
    )
