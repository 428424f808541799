"""What a client asks. Attributes are the protocol's own names; None is left out.

Moments are aware; see `sync.sip2.dates` for how they are written.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sync.sip2.spoken import Spoken


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request(Spoken):
    """What a client says."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Transaction(Request):
    transaction_date: dt.datetime | None
    institution_id: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class OfPatron(Transaction):
    patron_identifier: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class BlockPatron(OfPatron):
    ID = "01"
    card_retained: bool
    blocked_card_message: str
    terminal_password: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Checkin(Transaction):
    ID = "09"
    no_block: bool
    return_date: dt.datetime | None
    current_location: str
    item_identifier: str
    terminal_password: str
    item_properties: str | None = None
    cancel: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Checkout(OfPatron):
    ID = "11"
    sc_renewal_policy: bool
    no_block: bool
    nb_due_date: dt.datetime | None
    item_identifier: str
    terminal_password: str
    item_properties: str | None = None
    patron_password: str | None = None
    fee_acknowledged: bool | None = None
    cancel: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Hold(OfPatron):
    """`hold_mode`: + add, - delete, * change."""

    ID = "15"
    hold_mode: str
    expiration_date: dt.datetime | None = None
    pickup_location: str | None = None
    hold_type: str | None = None
    patron_password: str | None = None
    item_identifier: str | None = None
    title_identifier: str | None = None
    terminal_password: str | None = None
    fee_acknowledged: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ItemInformation(Transaction):
    ID = "17"
    item_identifier: str
    terminal_password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ItemStatusUpdate(Transaction):
    ID = "19"
    item_identifier: str
    terminal_password: str | None = None
    item_properties: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatronStatus(OfPatron):
    ID = "23"
    language: str
    terminal_password: str
    patron_password: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatronEnable(OfPatron):
    ID = "25"
    terminal_password: str | None = None
    patron_password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Renew(OfPatron):
    ID = "29"
    third_party_allowed: bool
    no_block: bool
    nb_due_date: dt.datetime | None
    patron_password: str | None = None
    item_identifier: str | None = None
    title_identifier: str | None = None
    terminal_password: str | None = None
    item_properties: str | None = None
    fee_acknowledged: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EndPatronSession(OfPatron):
    ID = "35"
    terminal_password: str | None = None
    patron_password: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FeePaid(OfPatron):
    ID = "37"
    fee_type: str
    payment_type: str
    currency_type: str
    fee_amount: str
    terminal_password: str | None = None
    patron_password: str | None = None
    fee_identifier: str | None = None
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatronInformation(OfPatron):
    """`summary`: 10 characters, at most one Y, for the list that is wanted."""

    ID = "63"
    language: str
    summary: str
    terminal_password: str | None = None
    patron_password: str | None = None
    start_item: str | None = None
    end_item: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RenewAll(OfPatron):
    ID = "65"
    patron_password: str | None = None
    terminal_password: str | None = None
    fee_acknowledged: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Login(Request):
    ID = "93"
    uid_algorithm: str = "0"
    pwd_algorithm: str = "0"  # noqa: S105  (not encrypted)
    login_user_id: str
    login_password: str
    location_code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RequestAcsResend(Request):
    ID = "97"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ScStatus(Request):
    """`status_code`: 0 all is well, 1 no paper, 2 about to shut down."""

    ID = "99"
    status_code: str = "0"
    max_print_width: str = "080"
    protocol_version: str = "2.00"
