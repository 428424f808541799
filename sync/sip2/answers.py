"""What a library system answers. Attributes are the protocol's own names.

A flag is true only if the server clearly says so. Counts are None where unknown.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sync.sip2.spoken import Spoken


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer(Spoken):
    """What a server says."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Worded(Answer):
    """Has words for whoever stands there, and for the slip."""

    screen_messages: tuple[str, ...] = ()
    print_lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Dated(Worded):
    transaction_date: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Transaction(Dated):
    institution_id: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatronTransaction(Transaction):
    patron_identifier: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AboutPatron(PatronTransaction):
    """`patron_status`: 14 characters, see `sync.sip2.tables.blocks`."""

    patron_status: str
    language: str
    personal_name: str
    valid_patron: bool | None = None
    valid_patron_password: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CheckinResponse(Transaction):
    """`ok`: the item is checked in. `alert`: staff should look at it."""

    ID = "10"
    ok: bool
    resensitize: bool
    magnetic_media: str
    alert: bool
    item_identifier: str
    permanent_location: str
    title_identifier: str | None = None
    sort_bin: str | None = None
    patron_identifier: str | None = None
    media_type: str | None = None
    item_properties: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LoanResponse(PatronTransaction):
    """What loans and renewals are answered with. `due_date` is any text."""

    ok: bool
    renewal_ok: bool
    magnetic_media: str
    desensitize: bool
    item_identifier: str
    title_identifier: str
    due_date: str
    fee_type: str | None = None
    security_inhibit: bool | None = None
    currency: str | None = None
    fee_amount: str | None = None
    media_type: str | None = None
    item_properties: str | None = None
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CheckoutResponse(LoanResponse):
    """`ok`: on loan to this patron now. `renewal_ok`: he or she had it already."""

    ID = "12"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class HoldResponse(PatronTransaction):
    ID = "16"
    ok: bool
    available: bool
    expiration_date: dt.datetime | None = None
    queue_position: str | None = None
    pickup_location: str | None = None
    item_identifier: str | None = None
    title_identifier: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ItemInformationResponse(Dated):
    ID = "18"
    circulation_status: str
    security_marker: str
    fee_type: str
    hold_queue_length: str | None = None
    due_date: str | None = None
    recall_date: dt.datetime | None = None
    hold_pickup_date: dt.datetime | None = None
    item_identifier: str
    title_identifier: str
    owner: str | None = None
    currency: str | None = None
    fee_amount: str | None = None
    media_type: str | None = None
    permanent_location: str | None = None
    current_location: str | None = None
    item_properties: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ItemStatusUpdateResponse(Dated):
    ID = "20"
    item_properties_ok: bool
    item_identifier: str
    title_identifier: str | None = None
    item_properties: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatronStatusResponse(AboutPatron):
    ID = "24"
    currency: str | None = None
    fee_amount: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatronEnableResponse(AboutPatron):
    ID = "26"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RenewResponse(LoanResponse):
    ID = "30"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class EndSessionResponse(PatronTransaction):
    ID = "36"
    end_session: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FeePaidResponse(PatronTransaction):
    ID = "38"
    payment_accepted: bool
    transaction_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PatronInformationResponse(AboutPatron):
    ID = "64"
    hold_items_count: int | None
    overdue_items_count: int | None
    charged_items_count: int | None
    fine_items_count: int | None
    recall_items_count: int | None
    unavailable_holds_count: int | None
    hold_items_limit: str | None = None
    overdue_items_limit: str | None = None
    charged_items_limit: str | None = None
    currency: str | None = None
    fee_amount: str | None = None
    fee_limit: str | None = None
    hold_items: tuple[str, ...] = ()
    overdue_items: tuple[str, ...] = ()
    charged_items: tuple[str, ...] = ()
    fine_items: tuple[str, ...] = ()
    recall_items: tuple[str, ...] = ()
    unavailable_hold_items: tuple[str, ...] = ()
    home_address: str | None = None
    email: str | None = None
    home_phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RenewAllResponse(Transaction):
    ID = "66"
    ok: bool
    renewed_count: int | None
    unrenewed_count: int | None
    renewed_items: tuple[str, ...] = ()
    unrenewed_items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class LoginResponse(Answer):
    ID = "94"
    ok: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RequestScResend(Answer):
    ID = "96"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AcsStatus(Worded):
    """`timeout_period` is in tenths of a second; 000 and 999 say nothing."""

    ID = "98"
    online_status: bool
    checkin_ok: bool
    checkout_ok: bool
    acs_renewal_policy: bool
    status_update_ok: bool
    offline_ok: bool
    timeout_period: int | None
    retries_allowed: int | None
    date_time_sync: dt.datetime | None
    protocol_version: str
    institution_id: str
    library_name: str | None = None
    supported_messages: str
    terminal_location: str | None = None
