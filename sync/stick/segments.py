"""One sealed and signed piece of a stick's file: bytes in, bytes out.

    magic | header length | sealed length | header | sealed | signature

Sealed for the receiver first, signed over all of it second: see STICK.md.
"""

from __future__ import annotations

import enum
import hashlib
import struct
from dataclasses import dataclass

import msgspec
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

MAGIC = b"TJSTICK1"
#: What comes before the first segment's digest.
NOTHING_BEFORE = "0" * 64
MAX_HEADER_BYTES = 4096
MAX_SEALED_BYTES = 32 << 20
SIGNATURE_BYTES = 64

_LENGTHS = struct.Struct(">II")
PREFIX_BYTES = len(MAGIC) + _LENGTHS.size
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


class BadSegment(ValueError):
    """A piece of a file that does not count; the text says what is wrong with it."""


class Direction(enum.StrEnum):
    """Which way a file is carried."""

    TO_HUB = "to_hub"
    TO_KIOSK = "to_kiosk"


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What everybody may read: whose file it is, and which piece of it.

    `number` counts from 1; `last` marks the end of the file; `before` is the digest
    of the segment before.
    """

    kiosk_id: str
    direction: Direction
    number: int
    last: bool
    before: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece as it lies in the file; nothing about it is proven yet."""

    header: Header
    header_bytes: bytes
    sealed: bytes
    signed: bytes
    signature: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.signed + self.signature).hexdigest()


def seal(
    header: Header,
    content: bytes,
    sender: Ed25519PrivateKey,
    receiver: X25519PublicKey,
) -> bytes:
    """Make a segment that only `receiver` can read and only `sender` can have made."""
    head = msgspec.json.encode(header, order="deterministic")
    info = _info(head, sender.public_key())
    sealed = _SUITE.encrypt(content, receiver, info=info)
    signed = MAGIC + _LENGTHS.pack(len(head), len(sealed)) + head + sealed
    return signed + sender.sign(signed)


def unseal(
    segment: Segment, sender: Ed25519PublicKey, receiver: X25519PrivateKey
) -> bytes:
    """Return the content that this sender sealed for this receiver. Raises BadSegment.

    The signature is checked first: nothing is opened or read for a stranger.
    """
    try:
        sender.verify(segment.signature, segment.signed)
    except InvalidSignature as err:
        raise BadSegment("damaged, or not signed by its sender") from err
    info = _info(segment.header_bytes, sender)
    try:
        return _SUITE.decrypt(segment.sealed, receiver, info=info)
    except (InvalidTag, ValueError) as err:
        raise BadSegment("not sealed for this receiver") from err


def body_lengths(prefix: bytes) -> tuple[int, int]:
    """Return the lengths of header and sealed part from the first PREFIX_BYTES.

    Raises BadSegment.
    """
    if prefix[: len(MAGIC)] != MAGIC:
        raise BadSegment("no segment begins here")
    if len(prefix) < PREFIX_BYTES:
        raise BadSegment("cut off")
    head, sealed = _LENGTHS.unpack_from(prefix, len(MAGIC))
    if head > MAX_HEADER_BYTES or sealed > MAX_SEALED_BYTES:
        raise BadSegment(f"impossible lengths {head} and {sealed}")
    return head, sealed


def parse(raw: bytes) -> Segment:
    """Take one segment apart. Raises BadSegment unless it is whole."""
    head_length, sealed_length = body_lengths(raw[:PREFIX_BYTES])
    head_end = PREFIX_BYTES + head_length
    end = head_end + sealed_length
    if len(raw) != end + SIGNATURE_BYTES:
        raise BadSegment("cut off")
    head = raw[PREFIX_BYTES:head_end]
    try:
        header = msgspec.json.decode(head, type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise BadSegment(f"header: {err}") from err
    return Segment(header, head, raw[head_end:end], raw[:end], raw[end:])


def _info(head: bytes, sender: Ed25519PublicKey) -> bytes:
    """Bind what is sealed to its header and its sender.

    So nobody can put his own signature, or another header, on someone's sealed words.
    """
    return MAGIC + sender.public_bytes_raw() + head
