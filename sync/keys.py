"""Keys: each side has one Ed25519 key in a file, and a box key made from it.

The device's key signs its requests, the hub's signs the rules. What is carried on a
stick is sealed for the box key of the one it goes to.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from kiosk.domain.rules import Rules
from kiosk.durable import write_durably
from sync.protocol import SignedRules, rules_bytes

_BOX_LABEL = b"tongjie box key v1"


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


def box_key(key: Ed25519PrivateKey) -> X25519PrivateKey:
    """The key that opens what is sealed for the owner of `key`; always the same one.

    Derived, so that there is one file to keep and none to lose, under a label of its
    own, so that it tells nothing about the key that signs.
    """
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=_BOX_LABEL)
    return X25519PrivateKey.from_private_bytes(derive.derive(key.private_bytes_raw()))


def box_hex(key: Ed25519PrivateKey) -> str:
    """Return the public half of the box key: 32 bytes, lower-case hex."""
    return box_key(key).public_key().public_bytes_raw().hex()


def box_public(text: str) -> X25519PublicKey:
    """Read a public box key from its 64 hex digits. Raises BadKey.

    A point of small order, for which anybody could open what is sealed, is none.
    """
    try:
        public = X25519PublicKey.from_public_bytes(bytes.fromhex(text))
        X25519PrivateKey.generate().exchange(public)
    except ValueError as err:
        raise BadKey(f"{text[:80]!r} is not an X25519 public key") from err
    return public


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
