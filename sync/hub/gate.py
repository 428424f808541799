"""Who sends this request? Nothing is done for anybody before it is known."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog
from flask import Request

from sync.hub.devices import Device, device
from sync.hub.problems import Refused
from sync.hub.setup import Hub
from sync.signing import (
    BadSignature,
    StaleNonce,
    UnknownKey,
    issue_nonce,
    nonce_is_fresh,
    verify,
)

_PUBLIC_KEY = re.compile(r"[0-9a-f]{64}")

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """A genuine request: its key id, and the nonce for the next one."""

    key_id: str
    nonce: str


def known_device(hub: Hub, request: Request, now: dt.datetime) -> tuple[Device, str]:
    """The enrolled device that signed this request, and its next nonce. Raises Refused."""

    def key_of(kiosk_id: str) -> str | None:
        found = _find(hub, kiosk_id)
        return found.public_key if found else None

    caller = genuine(hub, request, key_of, now)
    found = _find(hub, caller.key_id)
    if found is None:
        raise Refused(401, "unknown_key")
    return found, caller.nonce


def new_key(hub: Hub, request: Request, now: dt.datetime) -> Caller:
    """The caller who proves to hold the key that its key id spells. Raises Refused."""

    def key_of(key_id: str) -> str | None:
        return key_id if _PUBLIC_KEY.fullmatch(key_id) else None

    return genuine(hub, request, key_of, now)


def genuine(
    hub: Hub,
    request: Request,
    key_of: Callable[[str], str | None],
    now: dt.datetime,
) -> Caller:
    """Check signature and nonce. Raises Refused."""
    fresh = partial(_is_fresh, hub, now)
    try:
        key_id = verify(
            request.method,
            _signed_url(request),
            dict(request.headers),
            request.get_data(),
            key_of,
            fresh,
        )
    except UnknownKey as err:
        raise _turned_away("unknown_key", err) from err
    except BadSignature as err:
        raise _turned_away("bad_signature", err) from err
    except StaleNonce as err:
        nonce = issue_nonce(hub.nonce_secret, err.key_id, now)
        raise Refused(401, "stale_nonce", str(err), nonce) from err
    return Caller(key_id, issue_nonce(hub.nonce_secret, key_id, now))


def _turned_away(error: str, err: Exception) -> Refused:
    log.warning("request not genuine", error=error)
    return Refused(401, error, str(err))


def _is_fresh(hub: Hub, now: dt.datetime, key_id: str, nonce: str) -> bool:
    return nonce_is_fresh(hub.nonce_secret, key_id, nonce, now)


def _signed_url(request: Request) -> str:
    """The address as the client wrote it; a proxy hands on host, path and query."""
    query = request.query_string.decode("latin-1")
    tail = f"?{query}" if query else ""
    return f"{request.scheme}://{request.headers.get('Host', '')}{request.path}{tail}"


def _find(hub: Hub, kiosk_id: str) -> Device | None:
    with hub.database.reading() as conn:
        return device(conn, kiosk_id)
