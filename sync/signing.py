"""Signed requests between kiosk and hub: RFC 9421 with Ed25519, RFC 9530 digests.

A signature covers the method, the authority, path and query, and, where there
is a body, its type and its digest. Its age is never judged by `created`, since a
Pi has no clock of its own: a nonce that the hub gave out proves the request is
recent, and (epoch, seq) makes a repeat harmless. PROTOCOL.md is the
specification.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import http_sf
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from http_message_signatures import (
    HTTPMessageSignaturesException,
    HTTPMessageSigner,
    HTTPMessageVerifier,
    MappingKeyResolver,
)
from http_message_signatures.algorithms import ED25519

from sync.keys import BadKey, public_key

#: Carries the nonce for the next request; on every answer to a genuine request.
NONCE_HEADER = "Tongjie-Nonce"
#: A nonce is good in the bucket it was issued in and in the next one: 5 to 10 minutes.
NONCE_BUCKET_S = 300

_LABEL = "tongjie"
_TAG = "tongjie-v1"
_ALWAYS_COVERED = ("@method", "@authority", "@path", "@query")
_COVERED_WITH_BODY = (*_ALWAYS_COVERED, "content-type", "content-digest")


class SigningError(Exception):
    """A request that must not be acted upon; the hub answers 401."""


class BadSignature(SigningError, ValueError):
    """Signature missing, malformed, incomplete or not of this request and key."""


class UnknownKey(SigningError, LookupError):
    """Nobody is enrolled under this key id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"no device is enrolled under {key_id[:80]!r}")
        self.key_id = key_id


class StaleNonce(SigningError):
    """Genuine, but with no nonce or an old one: answer with a fresh one for `key_id`."""

    def __init__(self, key_id: str) -> None:
        super().__init__("the nonce is missing or too old")
        self.key_id = key_id


def sign(
    request: requests.PreparedRequest,
    key: Ed25519PrivateKey,
    key_id: str,
    nonce: str | None,
    created: dt.datetime,
) -> None:
    """Add Content-Digest, Signature-Input and Signature to a request.

    `key_id` is the kiosk id, or the public key in hex while enrolling. `nonce`
    is None before the hub gave one. A body needs its Content-Type set.
    """
    body = request.body.encode() if isinstance(request.body, str) else request.body
    signer = HTTPMessageSigner(
        signature_algorithm=ED25519,
        key_resolver=MappingKeyResolver(public_keys={}, private_keys={key_id: key}),
    )
    signer.sign(
        request,
        key_id=key_id,
        created=created,
        nonce=nonce,
        label=_LABEL,
        tag=_TAG,
        covered_component_ids=_COVERED_WITH_BODY if body else _ALWAYS_COVERED,
        body=body or None,
    )


def verify(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    key_lookup: Callable[[str], str | None],
    check_nonce: Callable[[str, str], bool],
) -> str:
    """Return the key id (the kiosk id) that signed this request.

    `url` is absolute, its authority the one the client used (the Host header);
    `body` the bytes as received. `key_lookup` gives the public key (hex) of a key
    id or None; `check_nonce` gets key id and nonce. Raises UnknownKey,
    BadSignature, or StaleNonce once all else is proven.
    """
    request = _Request(method, url, {k.lower(): v for k, v in headers.items()})
    key_id = _key_id(request.headers)
    known = key_lookup(key_id)
    if known is None:
        raise UnknownKey(key_id)
    nonce = _verified_nonce(request, body, key_id, known)
    if nonce is None or not check_nonce(key_id, nonce):
        raise StaleNonce(key_id)
    return key_id


def issue_nonce(secret: bytes, key_id: str, now: dt.datetime) -> str:
    """Return the nonce of this key id and time; the hub need not remember it."""
    return _nonce(secret, key_id, _bucket(now))


def nonce_is_fresh(secret: bytes, key_id: str, nonce: str, now: dt.datetime) -> bool:
    """Tell whether the hub issued this nonce to this key id in the last minutes."""
    bucket = _bucket(now)
    good = (_nonce(secret, key_id, bucket), _nonce(secret, key_id, bucket - 1))
    return any(hmac.compare_digest(nonce.encode(), one.encode()) for one in good)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    headers: Mapping[str, str]


class _ClocklessVerifier(HTTPMessageVerifier):
    """Leaves freshness to the nonce: a device's clock may be years off."""

    def validate_created_and_expires(
        self, sig_input: object, max_age: dt.timedelta | None = None
    ) -> None:
        """Accept any time."""


def _verified_nonce(
    request: _Request, body: bytes, key_id: str, key_hex: str
) -> str | None:
    verifier = _ClocklessVerifier(
        signature_algorithm=ED25519,
        key_resolver=MappingKeyResolver(
            public_keys={key_id: _usable(key_hex)}, private_keys={}
        ),
    )
    required = _COVERED_WITH_BODY if body else _ALWAYS_COVERED
    _only_member(request.headers, "signature")
    try:
        (result,) = verifier.verify(
            request,
            max_age=None,
            expect_tag=_TAG,
            require_components=required,
            body=body,
        )
    except (HTTPMessageSignaturesException, ValueError) as err:
        raise BadSignature(f"signature of {key_id[:80]!r}: {err}") from err
    nonce: str | None = result.nonce
    return nonce


def _key_id(headers: Mapping[str, str]) -> str:
    """Read the key id of the only signature; nothing is proven yet."""
    key_id = _only_member(headers, "signature-input").get("keyid")
    if not isinstance(key_id, str):
        raise BadSignature("the signature names no key")
    return key_id


def _only_member(headers: Mapping[str, str], name: str) -> Mapping[str, object]:
    """Return the parameters of the one member that a signature header may have."""
    text = headers.get(name, "")
    try:
        members = http_sf.parse(text.encode(), tltype="dictionary")
    except (ValueError, TypeError) as err:
        raise BadSignature(f"{name} can't be read: {err}") from err
    if not isinstance(members, dict) or len(members) != 1:
        raise BadSignature(f"{name} must hold exactly one signature")
    # Base64 has spare bits at its end; one spelling means one signature.
    if http_sf.ser(members) != text:
        raise BadSignature(f"{name} is not in canonical form")
    (member,) = cast(dict[str, tuple[object, dict[str, object]]], members).values()
    return member[1]


def _usable(key_hex: str) -> Ed25519PublicKey:
    try:
        return public_key(key_hex)
    except BadKey as err:
        raise BadSignature(str(err)) from err


def _bucket(now: dt.datetime) -> int:
    return int(now.timestamp()) // NONCE_BUCKET_S


def _nonce(secret: bytes, key_id: str, bucket: int) -> str:
    message = f"tongjie-nonce\0{bucket}\0{key_id}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[:32]
