"""Bytes as an error text shows them."""

from __future__ import annotations

#: More would hide what the text says, and a flood would fill the log.
_MOST = 64


def shown(data: bytes) -> str:
    """Upper-case hex without spaces; of many bytes, the beginning."""
    dots = "…" if len(data) > _MOST else ""
    return (data[:_MOST].hex().upper() or "no bytes") + dots
