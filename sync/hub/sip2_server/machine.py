"""A machine of another maker, as its account describes it."""

from __future__ import annotations

import msgspec

from sync.hub.circulation.facts import MACHINE
from sync.sip2.dialects import Dialect

LANGUAGES = ("zh_Hans", "en")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """An account without its password. `may_block`: it may put a card out of use.

    `ends_with_lf`: its lines end with CR LF, and so do ours to it.
    """

    name: str
    site_id: str
    charset: str = "utf-8"
    ends_with_lf: bool = False
    language: str = LANGUAGES[0]
    may_block: bool = False
    disabled: bool = False

    @property
    def kiosk_id(self) -> str:
        """What stands for the device in the events of this machine."""
        return f"{MACHINE}{self.name}"

    @property
    def dialect(self) -> Dialect:
        end = b"\r\n" if self.ends_with_lf else b"\r"
        return Dialect(charset=self.charset, terminator=end)
