"""Who sends this request? Nothing is done for anybody before it is known."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from flask import Request

from sync.hub.devices import devices
from sync.hub.devices.devices import Device
from sync.hub.door.nonces import slot_nonce, slot_of
from sync.hub.door.problems import Refused
from sync.hub.store.setup import Hub
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
    """A genuine request: its key id, the nonce for the next one, the slot it names."""

    key_id: str
    nonce: str
    slot: dt.datetime | None = None


class Stale(Refused):
    """Genuine, but not provably of now: sent by `key_id` at some time."""

    def __init__(self, key_id: str, detail: str, nonce: str) -> None:
        super().__init__(401, "stale_nonce", detail, nonce)
        self.key_id = key_id


def known_device(hub: Hub, request: Request, now: dt.datetime) -> tuple[Device, Caller]:
    """The enrolled device that signed this request. Raises Refused."""
    found: dict[str, Device] = {}

    def key_of(kiosk_id: str) -> str | None:
        device = _find(hub, kiosk_id)
        if device is not None:
            found[kiosk_id] = device
        return device.public_key if device else None

    caller = genuine(hub, request, key_of, now)
    return found[caller.key_id], caller


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
    """Check signature and nonce. A slot that was not used yet stays. Raises Refused."""
    slot: dt.datetime | None = None

    def fresh(key_id: str, nonce: str) -> bool:
        nonlocal slot
        slot = slot_of(hub.nonce_secret, key_id, nonce, now)
        if slot is not None:
            return True
        return nonce_is_fresh(hub.nonce_secret, key_id, nonce, now)

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
        nonce = next_nonce(hub, err.key_id, now)
        raise Stale(err.key_id, str(err), nonce) from err
    return Caller(key_id, next_nonce(hub, key_id, now, slot), slot)


def next_nonce(
    hub: Hub, key_id: str, now: dt.datetime, slot: dt.datetime | None = None
) -> str:
    """The nonce for the next request: at its slot, or within minutes if there is none."""
    if slot is not None:
        return slot_nonce(hub.nonce_secret, key_id, slot)
    return issue_nonce(hub.nonce_secret, key_id, now)


def _turned_away(error: str, err: Exception) -> Refused:
    log.warning("request not genuine", error=error)
    return Refused(401, error, str(err))


def _signed_url(request: Request) -> str:
    """The address as the client wrote it; a proxy hands on host, path and query."""
    query = request.query_string.decode("latin-1")
    tail = f"?{query}" if query else ""
    return f"{request.scheme}://{request.headers.get('Host', '')}{request.path}{tail}"


def _find(hub: Hub, kiosk_id: str) -> Device | None:
    with hub.database.reading() as conn:
        return devices.device(conn, kiosk_id)
