"""What the elements of ISO 28560-1 say about an item, in the terms of the kiosk."""

from __future__ import annotations

from drivers.tagdata import elements
from drivers.tagdata.iso28560_2 import Reading


def members(reading: Reading) -> tuple[int, int]:
    """Return (parts, part); 1 of 1 unless the elements say that there is a set."""
    element = reading.first(elements.SET_INFORMATION)
    return (elements.set_members(element) if element else None) or (1, 1)


def owner(reading: Reading) -> str:
    """Return the owner, else the alternative one; empty without either."""
    for oid in (elements.OWNER, elements.ALTERNATIVE_OWNER):
        if (element := reading.first(oid)) and (text := clean(element.text)):
            return text
    return ""


def clean(value: elements.Value) -> str:
    """Return printable text without the filling some writers leave around it."""
    text = str(value).strip("\0 ")
    return text if text.isprintable() else ""


def usage(reading: Reading) -> int | None:
    """Return the type of usage as a byte; None if not given."""
    element = reading.first(elements.TYPE_OF_USAGE)
    return elements.usage_byte(element) if element else None
