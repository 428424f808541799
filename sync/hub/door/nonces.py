"""Nonces that name a slot: what one worker told a kiosk, every other one can read.

Workers share no memory, so the kiosk carries its slot: it quotes the nonce that
came with it. To the kiosk it is a nonce like any other.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import re

from sync.hub.door.slots import FORGET_S, LONGEST_S

_NONCE = re.compile(r"(?P<slot_ms>[0-9]{1,15})\.(?P<proof>[0-9a-f]{32})")


def slot_nonce(secret: bytes, key_id: str, slot: dt.datetime) -> str:
    """The nonce for this key id until its slot is forgotten; exact to a millisecond."""
    slot_ms = round(slot.timestamp() * 1000)
    return f"{slot_ms}.{_proof(secret, key_id, slot_ms)}"


def slot_of(
    secret: bytes, key_id: str, nonce: str, now: dt.datetime
) -> dt.datetime | None:
    """The slot that this nonce names; None if it names none of now, or is not ours."""
    match = _NONCE.fullmatch(nonce)
    if match is None:
        return None
    slot_ms = int(match["slot_ms"])
    if not hmac.compare_digest(match["proof"], _proof(secret, key_id, slot_ms)):
        return None
    ahead_s = slot_ms / 1000 - now.timestamp()
    if not -FORGET_S < ahead_s <= LONGEST_S:
        return None
    return dt.datetime.fromtimestamp(slot_ms / 1000, dt.UTC)


def _proof(secret: bytes, key_id: str, slot_ms: int) -> str:
    message = f"tongjie-slot\0{slot_ms}\0{key_id}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[:32]
