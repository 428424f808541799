"""Who this device is at its hub: written once by enrolment, read by kiosk and agent."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec


class Identity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`hub_key`: the hub's Ed25519 public key (hex) that signs the rules."""

    kiosk_id: str
    site_id: str
    hub_key: str


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
    except msgspec.DecodeError as err:
        raise BadIdentity(f"{path}: {err}") from err


def save_identity(folder: Path, identity: Identity) -> None:
    """Write it so that after a power cut it is there whole or not at all."""
    write_durably(identity_path(folder), msgspec.json.encode(identity), mode=0o644)


def write_durably(path: Path, content: bytes, *, mode: int) -> None:
    """Write beside, flush, rename over, flush the folder."""
    beside = path.with_name(path.name + ".new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
