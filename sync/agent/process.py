"""The agent process: puts its parts together and runs them until it is told to stop."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import structlog

from kiosk import logs, memory
from kiosk.bell import Bell, agent_bell
from kiosk.config import Config
from kiosk.identity import BadIdentity, Identity, NotEnrolled, enrolled
from kiosk.notify import notify
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror_writer import MirrorWriter
from kiosk.store.pending import Pending
from sync.agent.agent import Agent
from sync.agent.alone import LoneAgent
from sync.agent.client import HubClient, Signer
from sync.agent.contact_clock import ContactClock
from sync.agent.linkwatch import WatchedHub
from sync.agent.stick_tray import StickTray
from sync.keys import BadKey, key_path, load_key

#: How often a device that is not enrolled looks whether it is; inside WatchdogSec=.
LOOK_S = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Where a run ended: feed version of the mirror, events that still wait."""

    cursor: int
    pending: int


def run(config: Config, *, once: bool) -> Outcome:
    """Run until SIGTERM or SIGINT, or for one turn.

    A device that is not enrolled waits until it is. Raises BadAddress, StoreError;
    NotEnrolled, BadIdentity, BadKey and HubError only when it runs once.
    """
    logs.configure()
    memory.use_sparingly()
    if not once:
        _wait_until_enrolled(config)
    with ExitStack() as stack:
        point = _open_point(config, stack)
        agent = _agent(point, stack) if config.sync.hub else _lone_agent(point, stack)
        notify("READY=1")
        if once:
            agent.turn_or_raise()
        else:
            agent.run()
        notify("STOPPING=1")
        return Outcome(agent.cursor, agent.pending)


def _wait_until_enrolled(config: Config) -> None:
    """Come back when there is an identity with its key.

    Nothing is open meanwhile, so a signal may end the process there and then.
    """
    notify("READY=1")
    said = ""
    while why := _lacking(config):
        if why != said:
            log.warning("waits to be enrolled", reason=why)
            said = why
        notify("WATCHDOG=1")
        time.sleep(LOOK_S)


def _lacking(config: Config) -> str:
    """Why this device can't speak for itself; empty when it can."""
    try:
        _signer(config, enrolled(config.folder))
    except (NotEnrolled, BadIdentity, BadKey) as err:
        return str(err)
    return ""


@dataclass(frozen=True, slots=True)
class _Point:
    """What an agent works with, whether there is a network or not."""

    config: Config
    signer: Signer
    clock: ContactClock
    ledger: LedgerReader
    mirror: MirrorWriter
    tray: StickTray
    stop: threading.Event


def _open_point(config: Config, stack: ExitStack) -> _Point:
    folder, identity, stop = config.folder, enrolled(config.folder), threading.Event()
    signer = _signer(config, identity)
    clock = ContactClock()
    mirror = MirrorWriter(folder / "mirror.db", identity.hub_key, clock.answered_at)
    stack.callback(mirror.close)

    def go_on() -> bool:
        notify("WATCHDOG=1")
        return not stop.is_set()

    tray = StickTray(folder, identity, signer.key, mirror, go_on)
    ledger = LedgerReader(folder / "ledger.db")
    return _Point(config, signer, clock, ledger, mirror, tray, stop)


def _agent(point: _Point, stack: ExitStack) -> Agent:
    config, folder = point.config, point.config.folder
    client = HubClient(
        config.sync.hub, point.signer, config.sync.timeout_s, point.clock
    )
    stack.callback(client.close)
    agent = Agent(
        WatchedHub(client, folder, config.lending.ask_budget_s),
        point.ledger,
        point.mirror,
        folder,
        config.sync.poll_s,
        point.stop,
        take_sticks=point.tray.take_all,
    )
    stack.callback(agent.close)
    _stop_on_signals(point, client.abort, stack)
    return agent


def _lone_agent(point: _Point, stack: ExitStack) -> LoneAgent:
    pending = Pending(point.ledger, point.mirror)
    agent = LoneAgent(point.tray, pending, point.config.folder, point.stop)
    stack.callback(agent.close)
    _stop_on_signals(point, lambda: None, stack)
    return agent


def _stop_on_signals(
    point: _Point, abort: Callable[[], None], stack: ExitStack
) -> None:
    """End waits and exchanges at once; nothing that is under way can be lost."""
    own_bell = Bell(agent_bell(point.config.folder))
    stack.callback(own_bell.close)

    def end(*_: object) -> None:
        point.stop.set()
        own_bell.ring()
        abort()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)


def _signer(config: Config, identity: Identity) -> Signer:
    try:
        return Signer(load_key(key_path(config.folder)), identity.kiosk_id)
    except FileNotFoundError as err:
        raise BadKey(f"{err.filename}: the device's key is gone; enrol again") from err
