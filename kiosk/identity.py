"""Who this device is at its hub: written once by enrolment, read by kiosk and agent."""

from __future__ import annotations

from pathlib import Path

import msgspec

from kiosk.durable import write_durably


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`hub_key`: the hub's Ed25519 public key (hex) that signs the rules.

    `hub_box_key`: the hub's X25519 public key (hex) for what is carried to it on a
    stick; empty where nothing ever is.
    """

    kiosk_id: str
    site_id: str
    hub_key: str
    hub_box_key: str = ""


class NotEnrolled(RuntimeError):
    """The device has no identity yet; the text says how it gets one."""


class BadIdentity(ValueError):
    """The identity file is damaged; enrol the device again."""


def identity_path(folder: Path) -> Path:
    return folder / "identity.json"


def load_identity(folder: Path) -> Identity | None:
    """Return the identity, or None before enrolment. Raises BadIdentity."""
    path = identity_path(folder)
    try:
        return msgspec.json.decode(path.read_bytes(), type=Identity)
    except FileNotFoundError:
        return None
    except (msgspec.DecodeError, UnicodeDecodeError, OSError) as err:
        text = f"{path}: {err}; run: tongjie sync enrol --again"
        raise BadIdentity(text) from err


def enrolled(folder: Path) -> Identity:
    """Return the identity. Raises NotEnrolled, BadIdentity."""
    identity = load_identity(folder)
    if identity is None:
        raise NotEnrolled(f"{folder}: not enrolled yet; run: tongjie sync enrol --help")
    return identity


def save_identity(folder: Path, identity: Identity) -> None:
    """Write it so that after a power cut it is there whole or not at all."""
    write_durably(identity_path(folder), msgspec.json.encode(identity), mode=0o644)
