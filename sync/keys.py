"""Ed25519 keys: the device's own, kept in a file, and the hub's that signs the rules."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from kiosk.domain.rules import Rules
from kiosk.identity import write_durably
from sync.protocol import SignedRules, rules_bytes


class BadKey(ValueError):
    """A key that can't be used; the text names the file or the value."""


def key_path(folder: Path) -> Path:
    """Where a device keeps its private key: PKCS #8 in PEM, mode 0600."""
    return folder / "device.key"


def load_or_make_key(path: Path) -> Ed25519PrivateKey:
    """Return the key in this file, making it at first call. Raises BadKey.

    After a power cut the file is there whole or not at all. Two processes that
    make it at once must be kept apart by the caller.
    """
    try:
        return load_key(path)
    except FileNotFoundError:
        key = Ed25519PrivateKey.generate()
        write_durably(path, _pem(key), mode=0o600)
        return key


def load_key(path: Path) -> Ed25519PrivateKey:
    """Return the key in this file. Raises BadKey, FileNotFoundError."""
    content = path.read_bytes()
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError) as err:
        raise BadKey(f"{path}: not a private key") from err
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"{path}: not an Ed25519 key")
    return key


def public_hex(key: Ed25519PrivateKey) -> str:
    """Return the public half as it goes over the wire: 32 bytes, lower-case hex."""
    return key.public_key().public_bytes_raw().hex()


def public_key(text: str) -> Ed25519PublicKey:
    """Read a public key from its 64 hex digits. Raises BadKey."""
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    except ValueError as err:
        raise BadKey(f"{text[:80]!r} is not an Ed25519 public key") from err


def sign_rules(key: Ed25519PrivateKey, rules: Rules) -> SignedRules:
    """Sign a rule set with the hub's key."""
    return SignedRules(rules=rules, signature=key.sign(rules_bytes(rules)).hex())


def rules_are_genuine(signed: SignedRules, hub_key: str) -> bool:
    """Tell whether the hub with this public key (hex) signed exactly these rules."""
    try:
        signature = bytes.fromhex(signed.signature)
        public_key(hub_key).verify(signature, rules_bytes(signed.rules))
    except (ValueError, InvalidSignature):
        return False
    return True


def _pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
