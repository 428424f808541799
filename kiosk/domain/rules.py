"""The county's lending rules as a value, versioned and signed by the hub."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PatronRule:
    """Limits of one patron type.

    `loan_limit`: copies on loan at once. `overdue_blocks_after_days`: borrowing
    stops once a loan is that many days late; None means a reminder only.
    `minor`: items flagged adult-only are not lent.
    """

    loan_limit: int
    overdue_blocks_after_days: int | None = 0
    minor: bool = False


@dataclass(frozen=True, slots=True)
class LoanRule:
    """Terms for one patron type and item type.

    `periods_days`: the first is the loan, each further one a renewal.
    `limit`: copies of this item type at once; None means only the patron's limit.
    """

    periods_days: tuple[int, ...]
    limit: int | None = None
    lendable: bool = True


@dataclass(frozen=True, slots=True)
class OfflineRule:
    """How far a kiosk may go alone.

    `max_days`: borrowing stops when the mirror is older. `max_loans`: new loans
    of one patron while the hub does not answer. Returns are never limited.
    """

    max_days: int = 7
    max_loans: int = 2


class SecurityMode(enum.Enum):
    """What the county's gates listen to. A pad that can't switch EAS writes the AFI."""

    AFI = "afi"
    EAS = "eas"
    BOTH = "both"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """How a tag is armed, and the two values of its application family identifier."""

    afi_in: int = 0x07
    afi_out: int = 0xC2
    mode: SecurityMode = SecurityMode.AFI


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a site is closed for good or for once.

    `closed_weekdays`: 1 is Monday, 7 is Sunday. `open_days` are open all the same.
    """

    closed_weekdays: tuple[int, ...] = ()
    closed_days: tuple[dt.date, ...] = ()
    open_days: tuple[dt.date, ...] = ()

    def is_open(self, day: dt.date) -> bool:
        if day in self.open_days:
            return True
        return day.isoweekday() not in self.closed_weekdays and (
            day not in self.closed_days
        )


@dataclass(frozen=True, slots=True)
class HoldRule:
    """How readers may reserve books.

    `keep_days`: open days of the pick-up site on which a copy waits there. `limit`:
    holds of one reader at once, `limits` by patron type in place of it.
    `missed_limit`: that many copies not fetched suspend the reader's holds.
    """

    keep_days: int = 5
    limit: int = 5
    limits: Mapping[str, int] = field(default_factory=dict)
    missed_limit: int = 3


@dataclass(frozen=True, slots=True)
class CredentialRule:
    """Salt (hex) and cost of `kiosk.domain.credentials.digest` in this county."""

    salt: str
    n: int = 1 << 14
    r: int = 8
    p: int = 1


@dataclass(frozen=True, slots=True)
class Rules:
    """One version of the county's rule set. `loans` is keyed "PATRONTYPE/ITEMTYPE".

    `owners`: ISILs whose items may circulate here; an item of another owner is foreign.
    `partners`: owners outside the county whose items may be returned. `closed_days`
    hold for the whole county, `calendars` for a site each, "" for the sites without one.
    `holds` None: as `HoldRule` has it.
    """

    version: int
    patrons: Mapping[str, PatronRule]
    loans: Mapping[str, LoanRule]
    credential: CredentialRule
    offline: OfflineRule = OfflineRule()
    security: SecurityRule = SecurityRule()
    owners: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()
    closed_days: tuple[dt.date, ...] = field(default=())
    calendars: Mapping[str, Calendar] = field(default_factory=dict)
    holds: HoldRule | None = None
