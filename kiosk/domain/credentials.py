"""Card numbers: one spelling, and a hash too slow to guess through."""

from __future__ import annotations

import hashlib
import unicodedata

from kiosk.domain.rules import CredentialRule

DIGEST_BYTES = 16


def normalise(text: str) -> str:
    """Trim, full-width to half-width, upper case: one spelling of a number."""
    return unicodedata.normalize("NFKC", text).strip().upper()


def digest(text: str, rule: CredentialRule) -> str:
    """Lower-case hex of scrypt over the normalised number with the county's salt."""
    return hashlib.scrypt(
        normalise(text).encode(),
        salt=bytes.fromhex(rule.salt),
        n=rule.n,
        r=rule.r,
        p=rule.p,
        maxmem=128 * rule.n * rule.r * 2,
        dklen=DIGEST_BYTES,
    ).hex()
