"""The values that kiosk and hub share: patrons, items, loans, sites.

They travel in the mirror feed as they are (`sync.protocol.Change`), so a field
here is a field on the wire. Dates are calendar days of the county
(Asia/Shanghai); due dates end at 23:59 of that day.
"""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

#: China keeps one time zone; a due date is a day in it.
COUNTY_TIME = dt.timezone(dt.timedelta(hours=8), "Asia/Shanghai")


class PatronState(enum.StrEnum):
    """States of a patron's card; any of them may return."""

    VALID = "valid"
    CREDIT_VALID = "credit_valid"
    TO_VERIFY = "to_verify"
    LOST = "lost"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


class ItemState(enum.StrEnum):
    """What may be done with an item, apart from whether it is on loan."""

    LENDABLE = "lendable"
    REFERENCE = "reference"
    DAMAGED = "damaged"
    LOST = "lost"
    IN_PROCESS = "in_process"
    WITHDRAWN = "withdrawn"
    PROVISIONAL = "provisional"


@dataclass(frozen=True, slots=True)
class Patron:
    """A reader as a kiosk may know one: no number, no phone, the name masked.

    `name` is masked by the hub (张*华); a kiosk never learns the full one.
    `loan_limit`: in place of that of the type, for a group say; None if there is none.
    """

    patron_ref: str
    patron_type: str
    state: PatronState
    name: str
    expires_on: dt.date | None = None
    loan_limit: int | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """One way to identify a patron: the slow salted hash of a card's number.

    See `kiosk.domain.credentials.digest`; lower-case hex.
    """

    digest: str
    patron_ref: str


@dataclass(frozen=True, slots=True)
class Title:
    """A bibliographic record, cut down to what a screen shows."""

    title_id: str
    title: str
    author: str = ""
    publisher: str = ""
    year: str = ""
    isbn: str = ""
    clc: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """A copy. `owner` is the owning library's ISIL and never changes by circulation.

    `tag_uid`: of a tag that says nothing itself (an old vendor's), so that the copy is
    known by it; else empty.
    """

    barcode: str
    title_id: str
    item_type: str
    state: ItemState
    owner: str
    home_site: str
    current_site: str
    adult_only: bool = False
    parts: int = 1
    tag_uid: str = ""


@dataclass(frozen=True, slots=True)
class Loan:
    """An open loan. `loan_ref` is made where the loan is made, and quoted for ever.

    `renewed`: how often it was.
    """

    loan_ref: str
    item: str
    patron_ref: str
    loaned_at: dt.datetime
    due_on: dt.date
    renewed: int = 0


@dataclass(frozen=True, slots=True)
class Hold:
    """A reader waits for any copy of a title, or for `item` alone unless that is empty.

    It is to be fetched at `site_id`. `copy`: the one that is set aside, at `copy_site`;
    both empty while there is none. `keep_until`: the last day to fetch it, once it is
    where it is to be fetched.
    """

    hold_id: str
    title_id: str
    item: str
    patron_ref: str
    site_id: str
    placed_at: dt.datetime
    copy: str = ""
    copy_site: str = ""
    keep_until: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """A place where books are lent: hub, township branch, or village or street point."""

    site_id: str
    name: str
    short_name: str
    level: str
    parent: str | None = None
    isil: str = ""
    keeper: str = ""
    phone: str = ""
    opens: str = ""
    closes: str = ""


def county_time(moment: dt.datetime) -> dt.datetime:
    """The time on the clocks of the county."""
    return moment.astimezone(COUNTY_TIME)


def county_day(moment: dt.datetime) -> dt.date:
    """The calendar day in the county."""
    return county_time(moment).date()
