"""Where a request comes from."""

from __future__ import annotations

import ipaddress

from flask import request


def address() -> str:
    """The browser's address; from the proxy on this machine if it says so.

    Of the addresses in X-Forwarded-For only the last is the proxy's own word.
    """
    peer = request.remote_addr or ""
    said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return said if said and _is_loopback(peer) and _is_address(said) else peer


def _is_loopback(text: str) -> bool:
    return _is_address(text) and ipaddress.ip_address(text).is_loopback


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
