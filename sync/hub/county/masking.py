"""Names as other people may see them."""

from __future__ import annotations


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


def _is_han(sign: str) -> bool:
    return "\u3400" <= sign <= "\u9fff" or sign >= "\U00020000"
