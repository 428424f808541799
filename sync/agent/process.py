"""The agent process: puts its parts together and runs them until it is told to stop."""

from __future__ import annotations

import signal
import threading
from contextlib import ExitStack
from dataclasses import dataclass

from kiosk import logs, memory
from kiosk.bell import Bell, agent_bell
from kiosk.config import Config
from kiosk.identity import Identity, load_identity
from kiosk.notify import notify
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.agent.agent import Agent
from sync.agent.client import HubClient, Signer
from sync.agent.linkwatch import WatchedHub
from sync.keys import BadKey, key_path, load_key


class NotEnrolled(RuntimeError):
    """The device has no identity, or no hub to go to; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a run ended: feed version of the mirror, events that still wait."""

    cursor: int
    pending: int


def run(config: Config, *, once: bool) -> Outcome:
    """Run until SIGTERM or SIGINT, or for one turn.

    Raises NotEnrolled, BadIdentity, BadKey, BadHubAddress, StoreError; HubError only
    when it runs once.
    """
    logs.configure()
    memory.use_sparingly()
    with ExitStack() as stack:
        stop = threading.Event()
        client = HubClient(config.sync.hub, _signer(config), config.sync.timeout_s)
        stack.callback(client.close)
        agent = _agent(config, client, stop, stack)
        _stop_on_signals(config, client, stop, stack)
        notify("READY=1")
        if once:
            agent.turn_or_raise()
        else:
            agent.run()
        notify("STOPPING=1")
        return Outcome(agent.cursor, agent.pending)


def _agent(
    config: Config, client: HubClient, stop: threading.Event, stack: ExitStack
) -> Agent:
    folder = config.folder
    mirror = MirrorWriter(folder / "mirror.db", _identity(config).hub_key)
    stack.callback(mirror.close)
    hub = WatchedHub(client, folder, config.lending.ask_budget_s)
    ledger = LedgerReader(folder / "ledger.db")
    agent = Agent(hub, ledger, mirror, folder, config.sync.poll_s, stop)
    stack.callback(agent.close)
    return agent


def _stop_on_signals(
    config: Config, client: HubClient, stop: threading.Event, stack: ExitStack
) -> None:
    """End waits and exchanges at once; nothing that is under way can be lost."""
    own_bell = Bell(agent_bell(config.folder))
    stack.callback(own_bell.close)

    def end(*_: object) -> None:
        stop.set()
        own_bell.ring()
        client.abort()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _signer(config: Config) -> Signer:
    try:
        return Signer(load_key(key_path(config.folder)), _identity(config).kiosk_id)
    except FileNotFoundError as err:
        raise BadKey(f"{err.filename}: the device's key is gone; enrol again") from err


def _identity(config: Config) -> Identity:
    identity = load_identity(config.folder)
    if identity is None:
        raise NotEnrolled(
            f"{config.data}: not enrolled yet; run: tongjie sync enrol --help"
        )
    if not config.sync.hub:
        raise NotEnrolled("the configuration names no hub ([sync] hub = …)")
    return identity
