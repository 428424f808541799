"""The messages of SIP 2.00: fixed fields by position, others by their two letters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """Fixed fields with their widths; the others' ids in the order they are sent in."""

    fixed: Mapping[str, int]
    ids: tuple[str, ...]
    required: frozenset[str]
    repeated: frozenset[str]

    def places(self) -> Iterator[tuple[str, int, int]]:
        """Name, offset and end of each fixed field; offset 0 is the message's start."""
        offset = 2
        for name, width in self.fixed.items():
            yield name, offset, offset + width
            offset += width

    @property
    def length(self) -> int:
        """Characters before the first field that has an id."""
        return 2 + sum(self.fixed.values())


def _layout(fixed: str, named: str = "") -> Layout:
    """Widths from `name:width`; `?` marks an optional field, `*` one that may repeat."""
    widths = (part.split(":") for part in fixed.split())
    marked = named.split()
    return Layout(
        {name: int(width) for name, width in widths},
        tuple(mark[:2] for mark in marked),
        frozenset(mark for mark in marked if len(mark) == len("AO")),
        frozenset(mark[:2] for mark in marked if mark.endswith("*")),
    )


_AT = "transaction_date:18"
_PATRON = f"patron_status:14 language:3 {_AT}"
_COUNTS = (
    "hold_items_count:4 overdue_items_count:4 charged_items_count:4"
    " fine_items_count:4 recall_items_count:4 unavailable_holds_count:4"
)
_LOAN = _layout(
    f"ok:1 renewal_ok:1 magnetic_media:1 desensitize:1 {_AT}",
    "AO AA AB AJ AH BT? CI? BH? BV? CK? CH? BK? AF* AG*",
)

LAYOUTS: Mapping[str, Layout] = {
    "01": _layout(f"card_retained:1 {_AT}", "AO AL AA AC"),
    "09": _layout(f"no_block:1 {_AT} return_date:18", "AP AO AB AC CH? BI?"),
    "10": _layout(
        f"ok:1 resensitize:1 magnetic_media:1 alert:1 {_AT}",
        "AO AB AQ AJ? CL? AA? CK? CH? AF* AG*",
    ),
    "11": _layout(
        f"sc_renewal_policy:1 no_block:1 {_AT} nb_due_date:18",
        "AO AA AB AC CH? AD? BO? BI?",
    ),
    "12": _LOAN,
    "15": _layout(f"hold_mode:1 {_AT}", "BW? BS? BY? AO AA AD? AB? AJ? AC? BO?"),
    "16": _layout(f"ok:1 available:1 {_AT}", "BW? BR? BS? AO AA AB? AJ? AF* AG*"),
    "17": _layout(_AT, "AO AB AC?"),
    "18": _layout(
        f"circulation_status:2 security_marker:2 fee_type:2 {_AT}",
        "CF? AH? CJ? CM? AB AJ BG? BH? BV? CK? AQ? AP? CH? AF* AG*",
    ),
    "19": _layout(_AT, "AO AB AC? CH"),
    "20": _layout(f"item_properties_ok:1 {_AT}", "AB AJ? CH? AF* AG*"),
    "23": _layout(f"language:3 {_AT}", "AO AA AC AD"),
    "24": _layout(_PATRON, "AO AA AE BL? CQ? BH? BV? AF* AG*"),
    "25": _layout(_AT, "AO AA AC? AD?"),
    "26": _layout(_PATRON, "AO AA AE BL? CQ? AF* AG*"),
    "29": _layout(
        f"third_party_allowed:1 no_block:1 {_AT} nb_due_date:18",
        "AO AA AD? AB? AJ? AC? CH? BO?",
    ),
    "30": _LOAN,
    "35": _layout(_AT, "AO AA AC? AD?"),
    "36": _layout(f"end_session:1 {_AT}", "AO AA AF* AG*"),
    "37": _layout(
        f"{_AT} fee_type:2 payment_type:2 currency_type:3", "BV AO AA AC? AD? CG? BK?"
    ),
    "38": _layout(f"payment_accepted:1 {_AT}", "AO AA BK? AF* AG*"),
    "63": _layout(f"language:3 {_AT} summary:10", "AO AA AC? AD? BP? BQ?"),
    "64": _layout(
        f"{_PATRON} {_COUNTS}",
        "AO AA AE BZ? CA? CB? BL? CQ? BH? BV? CC?"
        " AS* AT* AU* AV* BU* CD* BD? BE? BF? AF* AG*",
    ),
    "65": _layout(_AT, "AO AA AD? AC? BO?"),
    "66": _layout(
        f"ok:1 renewed_count:4 unrenewed_count:4 {_AT}", "AO BM* BN* AF* AG*"
    ),
    "93": _layout("uid_algorithm:1 pwd_algorithm:1", "CN CO CP?"),
    "94": _layout("ok:1"),
    "96": _layout(""),
    "97": _layout(""),
    "98": _layout(
        "online_status:1 checkin_ok:1 checkout_ok:1 acs_renewal_policy:1"
        " status_update_ok:1 offline_ok:1 timeout_period:3 retries_allowed:3"
        " date_time_sync:18 protocol_version:4",
        "AO AM? BX AN? AF* AG*",
    ),
    "99": _layout("status_code:1 max_print_width:3 protocol_version:4"),
}

#: Which answer belongs to which request.
ANSWERS: Mapping[str, str] = {
    "01": "24",
    "09": "10",
    "11": "12",
    "15": "16",
    "17": "18",
    "19": "20",
    "23": "24",
    "25": "26",
    "29": "30",
    "35": "36",
    "37": "38",
    "63": "64",
    "65": "66",
    "93": "94",
    "99": "98",
}
#: They change nothing, so they may be sent again when no answer came.
REPEATABLE = frozenset({"17", "23", "35", "63", "93", "99"})
#: "Say that again": they have no sequence number.
RESEND_ASKED_BY_SERVER = "96"
RESEND_ASKED_BY_CLIENT = "97"
UNNUMBERED = frozenset({RESEND_ASKED_BY_SERVER, RESEND_ASKED_BY_CLIENT})
