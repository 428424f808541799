"""Codes of the protocol and what they mean."""

from __future__ import annotations

import enum


class CirculationStatus(enum.StrEnum):
    OTHER = "01"
    ON_ORDER = "02"
    AVAILABLE = "03"
    CHARGED = "04"
    CHARGED_NO_RECALL = "05"
    IN_PROCESS = "06"
    RECALLED = "07"
    ON_HOLD_SHELF = "08"
    TO_BE_RESHELVED = "09"
    IN_TRANSIT = "10"
    CLAIMED_RETURNED = "11"
    LOST = "12"
    MISSING = "13"


class AlertType(enum.StrEnum):
    """Field CV of 10: why the item does not go back on this shelf.

    Not of the standard, but a widespread extension of it.
    """

    HELD_HERE = "01"
    HELD_ELSEWHERE = "02"
    GOES_HOME = "04"
    FOR_STAFF = "99"


#: Somebody has the item.
ON_LOAN = frozenset(
    {
        CirculationStatus.CHARGED,
        CirculationStatus.CHARGED_NO_RECALL,
        CirculationStatus.RECALLED,
    }
)
#: Nobody has it, and the server says where it is.
NOT_ON_LOAN = frozenset(
    {
        CirculationStatus.AVAILABLE,
        CirculationStatus.IN_PROCESS,
        CirculationStatus.ON_HOLD_SHELF,
        CirculationStatus.TO_BE_RESHELVED,
        CirculationStatus.IN_TRANSIT,
    }
)


class Summary(enum.StrEnum):
    """Which list of 63 is wanted; NONE asks for the counts alone."""

    NONE = "          "
    HOLD_ITEMS = "Y         "
    OVERDUE_ITEMS = " Y        "
    CHARGED_ITEMS = "  Y       "
    FINE_ITEMS = "   Y      "
    RECALL_ITEMS = "    Y     "
    UNAVAILABLE_HOLDS = "     Y    "


class Block(enum.IntEnum):
    """Positions of `patron_status`."""

    CHARGE_DENIED = 0
    RENEWAL_DENIED = 1
    RECALL_DENIED = 2
    HOLD_DENIED = 3
    CARD_LOST = 4
    TOO_MANY_CHARGED = 5
    TOO_MANY_OVERDUE = 6
    TOO_MANY_RENEWALS = 7
    TOO_MANY_CLAIMS_RETURNED = 8
    TOO_MANY_LOST = 9
    EXCESSIVE_FINES = 10
    EXCESSIVE_FEES = 11
    RECALL_OVERDUE = 12
    TOO_MANY_BILLED = 13


def blocks(patron_status: str) -> frozenset[Block]:
    """What is marked Y; servers write blanks, N or other letters for the rest."""
    return frozenset(
        block for block in Block if patron_status[block : block + 1] == "Y"
    )
