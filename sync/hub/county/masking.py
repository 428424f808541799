"""Names and telephone numbers as other people may see them."""

from __future__ import annotations

#: Digits of a number that has enough of them to show both ends.
_LONG_PHONE = 10


def masked_name(name: str) -> str:
    """Mask a name as libraries print it: 张*华, 王*; the first sign of other scripts.

    The number of stars is always one, so the length of a name tells nothing.
    """
    name = name.strip()
    if len(name) <= 1:
        return name
    if not _is_han(name[0]):
        return name[0] + "*"
    return name[0] + "*" + (name[-1] if len(name) > 2 else "")


def masked_phone(phone: str) -> str:
    """Mask a telephone number: 138****5678; of a short one only the end is shown."""
    phone = phone.strip()
    if not phone:
        return ""
    shown = 3 if len(phone) >= _LONG_PHONE else 0
    return phone[:shown] + "****" + phone[-4 if shown else -2 :]


def _is_han(sign: str) -> bool:
    return "\u3400" <= sign <= "\u9fff" or sign >= "\U00020000"
