"""What can stand for a patron, and whether it still does."""

from __future__ import annotations

import enum


class CardKind(enum.StrEnum):
    """IDENTITY is the fingerprint that a kiosk makes of an identity card's number."""

    NUMBER = "number"
    UID = "uid"
    QR = "qr"
    IDENTITY = "identity"


class CardState(enum.StrEnum):
    """Only an active one works; the others are kept, so that nobody else gets them."""

    ACTIVE = "active"
    LOST = "lost"
    REPLACED = "replaced"
