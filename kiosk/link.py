"""Can the hub be reached? The agent's estimate, which decides whether to ask first.

The agent writes `link.json` in the data folder when the estimate changes and once
a minute; the kiosk reads it. A file of an agent that died, or of an earlier boot,
says nothing: then the kiosk holds itself offline and lends by the local rule.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

#: Answers in a row that make a link good, failures in a row that make it bad.
GOOD_AFTER = 2
BAD_AFTER = 2
#: The agent writes at least this often; older than three times that is silence.
REFRESH_S = 60.0
SILENT_AFTER_S = 180.0


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What the agent knows of the way to the hub.

    `boot_id` and `at_s` (seconds of CLOCK_MONOTONIC) say when it was written;
    `since` is the wall time of the last change of `online`; `last_contact` is the
    hub's own time in its last valid answer. `revoked`: the hub put this device out
    of service. `diverged` names epochs of which the hub holds more than the ledger
    does, or something else; they are left for a new one. `held_back` counts events
    the hub can't read. `trouble` is the last failure in a few words, else empty.
    """

    online: bool = False
    boot_id: str = ""
    at_s: float = 0.0
    since: dt.datetime | None = None
    last_contact: dt.datetime | None = None
    revoked: bool = False
    diverged: tuple[str, ...] = ()
    held_back: int = 0
    trouble: str = ""

    def reachable(self, boot_id: str, now_s: float) -> bool:
        """Tell whether to ask the hub; False when the agent has fallen silent."""
        return self.online and self.fresh(boot_id, now_s) and not self.revoked

    def fresh(self, boot_id: str, now_s: float) -> bool:
        """Tell whether the agent wrote this lately, and in this boot."""
        return self.boot_id == boot_id and 0 <= now_s - self.at_s <= SILENT_AFTER_S


@dataclass(frozen=True, slots=True)
class Reach:
    """The estimate with hysteresis: one blip neither ends nor starts it."""

    online: bool = False
    streak: int = 0  # answers in a row while offline, failures in a row while online

    def after(self, *, prompt: bool) -> Reach:
        """Count one exchange: answered in time, or not."""
        if prompt == self.online:
            return replace(self, streak=0)
        streak = self.streak + 1
        if streak < (BAD_AFTER if self.online else GOOD_AFTER):
            return replace(self, streak=streak)
        return Reach(online=not self.online)


def link_path(folder: Path) -> Path:
    return folder / "link.json"


def load_link(folder: Path) -> Link:
    """Return the agent's last word; an offline link when there is none to be read."""
    try:
        return msgspec.json.decode(link_path(folder).read_bytes(), type=Link)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Link()


def save_link(folder: Path, link: Link) -> None:
    """Replace the file as a whole. Not flushed: after a power cut it is stale anyway."""
    beside = link_path(folder).with_suffix(".new")
    beside.write_bytes(msgspec.json.encode(link))
    beside.replace(link_path(folder))


def boot_id() -> str:
    """Return the kernel's random name of this boot; empty where there is none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""
