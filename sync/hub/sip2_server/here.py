"""Where an answer is given, and when; what all answers have in common."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from kiosk.domain.values import COUNTY_TIME
from sync.hub.sip2_server.machine import Machine
from sync.hub.sip2_server.wording import say
from sync.sip2.answers import AcsStatus
from sync.sip2.dates import write_moment
from sync.sip2.layouts import ANSWERS
from sync.sip2.requests import ScStatus

_LAST_MINUTE = dt.time(23, 59, tzinfo=COUNTY_TIME)
#: The order of the flags in BX.
_BX = tuple("23 11 09 01 99 97 93 63 35 37 17 19 25 15 29 65".split())  # noqa: SIM905
#: Answered, but never with a yes: no fees, no tag properties, no cards put back to use.
_NEVER = frozenset({"37", "19", "25"})


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a request: done or not, and why, as `sync.protocol.Verdict` says it."""

    ok: bool
    reason: str | None = None
    params: Mapping[str, object] = field(default_factory=dict)
    due_on: dt.date | None = None
    renewed: bool = False


@dataclass(frozen=True, slots=True)
class Here:
    """`institution`: the county library's ISIL. `site_name`: where the machine stands."""

    machine: Machine
    institution: str
    county_name: str
    site_name: str
    now: dt.datetime

    @property
    def moment(self) -> dt.datetime:
        return self.now.astimezone(COUNTY_TIME)

    def texts(
        self, reason: str | None, params: Mapping[str, object] | None = None
    ) -> tuple[str, ...]:
        """Screen messages: one, or none without a reason."""
        return (say(self.machine.language, reason, params or {}),) if reason else ()


def status(here: Here, request: ScStatus) -> AcsStatus:
    """Says no to a machine of the first version: it would not understand the rest."""
    old = request.protocol_version.lstrip().startswith("1")
    return AcsStatus(
        online_status=not old,
        checkin_ok=not old,
        checkout_ok=not old,
        acs_renewal_policy=not old,
        status_update_ok=here.machine.may_block,
        offline_ok=not old,
        timeout_period=100,
        retries_allowed=3,
        date_time_sync=here.moment,
        protocol_version="2.00",
        institution_id=here.institution,
        library_name=here.county_name,
        supported_messages="".join(_supports(here.machine, one) for one in _BX),
        terminal_location=here.site_name,
        screen_messages=here.texts("no.old_version" if old else None),
    )


def due_text(day: dt.date | None) -> str:
    """The last minute of the day, in the protocol's own form."""
    return write_moment(last_minute(day)) if day else ""


def last_minute(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, _LAST_MINUTE)


def _supports(machine: Machine, message_id: str) -> str:
    known = message_id in ANSWERS or message_id == "97"
    refused = message_id in _NEVER or (message_id == "01" and not machine.may_block)
    return "Y" if known and not refused else "N"
