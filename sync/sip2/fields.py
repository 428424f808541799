"""Fields that have an id: what they are called."""

from __future__ import annotations

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "AA": "patron_identifier",
    "AB": "item_identifier",
    "AC": "terminal_password",
    "AD": "patron_password",
    "AE": "personal_name",
    "AF": "screen_messages",
    "AG": "print_lines",
    "AH": "due_date",
    "AJ": "title_identifier",
    "AL": "blocked_card_message",
    "AM": "library_name",
    "AN": "terminal_location",
    "AO": "institution_id",
    "AP": "current_location",
    "AQ": "permanent_location",
    "AS": "hold_items",
    "AT": "overdue_items",
    "AU": "charged_items",
    "AV": "fine_items",
    "BD": "home_address",
    "BE": "email",
    "BF": "home_phone",
    "BG": "owner",
    "BH": "currency",
    "BI": "cancel",
    "BK": "transaction_id",
    "BL": "valid_patron",
    "BM": "renewed_items",
    "BN": "unrenewed_items",
    "BO": "fee_acknowledged",
    "BP": "start_item",
    "BQ": "end_item",
    "BR": "queue_position",
    "BS": "pickup_location",
    "BT": "fee_type",
    "BU": "recall_items",
    "BV": "fee_amount",
    "BW": "expiration_date",
    "BX": "supported_messages",
    "BY": "hold_type",
    "BZ": "hold_items_limit",
    "CA": "overdue_items_limit",
    "CB": "charged_items_limit",
    "CC": "fee_limit",
    "CD": "unavailable_hold_items",
    "CF": "hold_queue_length",
    "CG": "fee_identifier",
    "CH": "item_properties",
    "CI": "security_inhibit",
    "CJ": "recall_date",
    "CK": "media_type",
    "CL": "sort_bin",
    "CM": "hold_pickup_date",
    "CN": "login_user_id",
    "CO": "login_password",
    "CP": "location_code",
    "CQ": "valid_patron_password",
}
IDS: Mapping[str, str] = {name: field_id for field_id, name in NAMES.items()}

#: Written for people: what would break a message is replaced in them, not refused.
FREE_TEXT = frozenset({"AE", "AF", "AG", "AJ", "AL", "AM", "AN", "BD", "CH"})

_HARMLESS = (
    "AB AF AG AH AJ AM AN AO AP AQ BG BH BI BK BL BO BP BQ BR BS BT BV BW BX BY BZ"
    " CA CB CC CF CG CH CI CJ CK CL CM CP CQ CR CS CT CV KC KP KQ"
)
#: All that is shown of a message without being asked for; any field that is not known
#: to be harmless may be about a person, or a password.
HARMLESS = frozenset(_HARMLESS.split())
MASK = "***"


def is_harmless(field_id: str) -> bool:
    """Whether a field may be shown; what has no id is a fixed field, and no secret."""
    return not field_id or field_id in HARMLESS


def masked(field_id: str, value: str) -> str:
    """The value if it is harmless or empty."""
    return value if not value or field_id in HARMLESS else MASK
