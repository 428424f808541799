"""Passwords of staff: which are good enough, and how they are kept."""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from werkzeug.security import check_password_hash

from sync.hub.refusal import CodedRefusal

MIN_LENGTH, MAX_LENGTH = 10, 128
_FEWEST_DIFFERENT = 5
#: Costs some 30 ms and 19 MiB a try, also for whoever has stolen the database.
_ITERATIONS, _LANES, _MEMORY_KIB = 2, 1, 19 * 1024
_SALT_BYTES, _DIGEST_BYTES = 16, 32
#: No l and 1, no o and 0.
_CLEAR_SIGNS = "abcdefghijkmnpqrstuvwxyz23456789"
_MADE_UP_LENGTH = 16
_MARK = "$argon2id$"
#: What is guessed first; a password must be more than one of them.
_GUESSED_FIRST = (
    "password",
    "passw0rd",
    "qwertyuiop",
    "1q2w3e4r5t",
    "1qaz2wsx",
    "administrator",
    "iloveyou",
    "letmein",
    "woaini1314",
    "woaini",
    "tushuguan",
    "library",
    "tongjie",
    "1234567890",
    "0123456789",
    "0987654321",
    "abcdefghij",
)


class WeakPassword(CodedRefusal, ValueError):
    """Too easy to guess; the text says why."""


def require_good(password: str, user: str) -> None:
    """Raises WeakPassword."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        limits = {"low": MIN_LENGTH, "high": MAX_LENGTH}
        text = "a password has {low} to {high} signs".format(**limits)
        raise WeakPassword("length", text, **limits)
    if len(set(password)) < _FEWEST_DIFFERENT:
        text = f"a password has at least {_FEWEST_DIFFERENT} different signs"
        raise WeakPassword("monotonous", text, n=_FEWEST_DIFFERENT)
    plain = password.casefold()
    if user.casefold() in plain:
        raise WeakPassword("has_name", "a password does not contain the user's name")
    if any(len(plain.replace(word, "")) < MIN_LENGTH // 2 for word in _GUESSED_FIRST):
        raise WeakPassword(
            "guessed", "this password is among the first that are guessed"
        )


def made_up() -> str:
    """A password to hand over once: 16 signs that are hard to mistake."""
    return "".join(secrets.choice(_CLEAR_SIGNS) for _ in range(_MADE_UP_LENGTH))


def hashed(password: str) -> str:
    """An argon2id string with a salt of its own."""
    return _kdf().derive_phc_encoded(password.encode())


def fits(stored: str, password: str) -> bool:
    """Whether this is the password that `stored` was made of; slow on purpose."""
    if not stored.startswith(_MARK):
        return check_password_hash(stored, password)
    try:
        Argon2id.verify_phc_encoded(password.encode(), stored)
    except InvalidKey:
        return False
    return True


def is_outdated(stored: str) -> bool:
    """Kept as earlier versions did, by scrypt: to be made anew when it is known."""
    return not stored.startswith(_MARK)


def _kdf() -> Argon2id:
    return Argon2id(
        salt=secrets.token_bytes(_SALT_BYTES),
        length=_DIGEST_BYTES,
        iterations=_ITERATIONS,
        lanes=_LANES,
        memory_cost=_MEMORY_KIB,
    )
