"""Enrolment: turn a one-time code into an identity, safely repeatable at any point."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.identity import BadIdentity, Identity, load_identity, save_identity
from kiosk.store.errors import Permanent
from kiosk.store.lock import WriterLock
from kiosk.store.mirror_writer import MirrorWriter
from sync.agent.client import HubClient, Signer
from sync.agent.errors import HubUnreachable
from sync.keys import (
    BadKey,
    box_hex,
    box_public,
    key_path,
    load_or_make_key,
    public_hex,
    public_key,
)
from sync.protocol import Enrol, Enrolled


class EnrolmentRunning(Permanent, RuntimeError):
    """Another process enrols this device at this moment."""


class AlreadyEnrolled(ValueError):
    """The device has an identity; it must give that up before it takes another."""


def enrol(
    hub: str, code: str, folder: Path, timeout_s: float, *, again: bool = False
) -> Identity:
    """Enrol the device whose data is in `folder`; return its identity.

    The key is stored before the hub hears of it and is the same at every try, and
    the hub answers the same code and key alike: a power cut anywhere is mended by
    calling again. `again`: the hub forgot this device, since it was restored, or its
    identity is damaged; the ledger goes on under whatever name the hub gives now.
    Raises AlreadyEnrolled, EnrolmentRunning, BadIdentity, BadKey, BadAddress,
    HubError; for another site also MirrorInUse while the agent runs.
    """
    lock = WriterLock(folder / "enrol.lock", EnrolmentRunning)
    try:
        known = _known(folder, again=again)
        if known is not None and not again:
            raise AlreadyEnrolled(f"{folder}: enrolled already as {known.kiosk_id}")
        key = load_or_make_key(key_path(folder))
        identity = _checked(_ask(hub, code, key, timeout_s))
        if known is not None and known.hub_key != identity.hub_key:
            raise AlreadyEnrolled(f"{folder}: enrolled with another hub")
        if known is None or known.site_id != identity.site_id:
            _forget_neighbours(folder, identity)
        save_identity(folder, identity)
    finally:
        lock.close()
    return identity


def _known(folder: Path, *, again: bool) -> Identity | None:
    """Who the device was so far; of a damaged identity nothing is known any more."""
    try:
        return load_identity(folder)
    except BadIdentity:
        if not again:
            raise
        return None


def _forget_neighbours(folder: Path, identity: Identity) -> None:
    """A mirror names the readers around its old site; at the new one it is told anew."""
    path = folder / "mirror.db"
    if path.exists():
        with closing(MirrorWriter(path, identity.hub_key)) as mirror:
            mirror.empty()


def _ask(hub: str, code: str, key: Ed25519PrivateKey, timeout_s: float) -> Enrolled:
    public = public_hex(key)
    client = HubClient(hub, Signer(key, public), timeout_s)
    try:
        return client.enrol(
            Enrol(
                code=code,
                public_key=public,
                box_key=box_hex(key),
                hostname=socket.gethostname(),
            )
        )
    finally:
        client.close()


def _checked(answer: Enrolled) -> Identity:
    """Refuse an answer that would leave a device that trusts no rules."""
    try:
        public_key(answer.hub_key)
        box_public(answer.hub_box_key)
    except BadKey as err:
        raise HubUnreachable(f"the hub's key can't be used: {err}") from err
    if not answer.kiosk_id or not answer.site_id:
        raise HubUnreachable("the hub gave no kiosk id or no site")
    return Identity(answer.kiosk_id, answer.site_id, answer.hub_key, answer.hub_box_key)
