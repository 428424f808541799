"""The kiosk process: puts the rooms together, runs them, ends when one of them dies."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog

from drivers.registry import create
from kiosk.around import Around, HubLink
from kiosk.bell import Bell, BellListener, agent_bell, kiosk_bell
from kiosk.clock import SystemClock
from kiosk.config import Config
from kiosk.desk import LendingDesk
from kiosk.dispatcher import Dispatcher, Rooms
from kiosk.domain.pad import Patience
from kiosk.domain.session import Manners
from kiosk.healer import Healer
from kiosk.health import Health, resident_kib, save_health
from kiosk.identity import Identity, load_identity
from kiosk.ids import uuid7
from kiosk.messages import Inbox, MirrorChanged, Stop
from kiosk.notify import notify
from kiosk.pads import PadRoom
from kiosk.runner import DeviceRunner
from kiosk.service.circulation import Circulation
from kiosk.service.classify import read_stack
from kiosk.service.identification import Identification
from kiosk.service.knowledge import Knowledge
from kiosk.service.ports import Ledger, Mirror, Moment
from kiosk.service.security import Custodian
from kiosk.store.ledger import SqliteLedger
from kiosk.store.mirror import MirrorReader
from ui.app import create_app
from ui.server import Server, serve

#: How often the main thread looks after the others; well inside WatchdogSec=.
LOOK_AFTER_S = 2.0

log = structlog.get_logger(__name__)


class NotEnrolled(RuntimeError):
    """The device has no identity yet; the text says how it gets one."""


class ThreadDied(RuntimeError):
    """A thread that must live ended; systemd starts the process again."""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """The running parts, for whoever watches over them."""

    server: Server
    runners: Mapping[str, DeviceRunner]
    dispatcher: threading.Thread
    ledger: Ledger


def run(config: Config, *, ready: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT. Calls `ready` with the URL of the first page.

    Raises NotEnrolled, LedgerError (a second instance, a disk that fails) or
    ThreadDied.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with ExitStack() as stack:
        kiosk = _start(config, stack)
        ready(kiosk.server.url)
        notify("READY=1")
        while not stopping.wait(LOOK_AFTER_S):
            _look_after(kiosk, config.folder)
        notify("STOPPING=1")


def _start(config: Config, stack: ExitStack) -> Kiosk:
    identity = load_identity(config.folder)
    if identity is None:
        raise NotEnrolled(
            f"{config.folder}: not enrolled yet; run: tongjie sync enrol --help"
        )
    mirror = MirrorReader(config.folder / "mirror.db")
    clock = SystemClock()
    clock.learn(mirror.hub_time())
    ledger = SqliteLedger(
        config.folder / "ledger.db", identity.kiosk_id, mirror.acked()
    )
    stack.callback(ledger.close)
    inbox: Inbox = queue.Queue()
    runners = {
        device.name: DeviceRunner(
            device.name, create(device.driver, device.options), inbox
        )
        for device in config.devices
    }
    bell = Bell(agent_bell(config.folder))
    stack.callback(bell.close)
    rooms = _rooms(config, identity, ledger, mirror, runners, clock.now, bell.ring)
    dispatcher = Dispatcher(inbox, rooms, _manners(config))
    thread = threading.Thread(target=dispatcher.run, name="dispatcher")
    server = serve(create_app(dispatcher), config.ui.port)
    stack.callback(_stop, server, runners, thread, inbox)
    _listen(config.folder, inbox, lambda: clock.learn(mirror.hub_time()), stack)
    thread.start()
    for runner in runners.values():
        runner.start()
    return Kiosk(server, runners, thread, ledger)


def _rooms(
    config: Config,
    identity: Identity,
    ledger: Ledger,
    mirror: Mirror,
    runners: Mapping[str, DeviceRunner],
    now: Callable[[], Moment],
    ring: Callable[[], None],
) -> Rooms:
    knowledge = Knowledge(ledger, mirror)
    circulation = Circulation(knowledge, identity.site_id, now, _new_id)
    withdrawn = circulation.withdraw_open_asks()
    if withdrawn:
        log.warning("asks left open by a crash withdrawn", count=withdrawn)
    custodian = Custodian(knowledge)
    lending = config.lending
    pads = PadRoom(
        {name: runner for name, runner in runners.items() if runner.writes_tags},
        Patience(lending.stable_rounds, lending.missed_rounds),
        lambda tags: read_stack(tags, mirror),
    )
    link = HubLink(config.folder)
    desk = LendingDesk(
        circulation,
        custodian,
        pads,
        hub_answers=link.answers,
        budget_s=lending.ask_budget_s,
    )
    roles = {device.name: device.role for device in config.devices}
    around = Around(
        mirror, link, identity.site_id, roles, max_books=lending.max_books
    )
    return Rooms(
        pads=pads,
        desk=desk,
        healer=Healer(custodian, pads),
        identification=Identification(knowledge),
        surroundings=around.at,
        clock=now,
        new_id=_new_id,
        ring=ring,
    )


def _manners(config: Config) -> Manners:
    ui = config.ui
    return Manners(ui.locale, ui.idle_s, ui.warning_s, config.lending.card_stays)


def _new_id(at: Moment) -> str:
    return uuid7(at, os.urandom(10))


def _listen(
    folder: Path, inbox: Inbox, learn: Callable[[], None], stack: ExitStack
) -> None:
    """Turn rings of the agent's bell into messages, in a thread of its own."""
    listener = BellListener(kiosk_bell(folder))
    stopping = threading.Event()

    def listen() -> None:
        while not stopping.is_set():
            if listener.wait(0.5):
                learn()
                inbox.put(MirrorChanged())
        listener.close()

    thread = threading.Thread(target=listen, name="bell")
    thread.start()
    stack.callback(thread.join)
    stack.callback(stopping.set)


def _stop(
    server: Server,
    runners: Mapping[str, DeviceRunner],
    thread: threading.Thread,
    inbox: Inbox,
) -> None:
    """Stop in the order of the way in: no new input, then the last of it, then out."""
    for runner in runners.values():
        runner.stop()
    inbox.put(Stop())
    thread.join(5.0)
    server.stop()


def _look_after(kiosk: Kiosk, folder: Path) -> None:
    """End the process when a thread died; else tell systemd and the agent how we are."""
    alive = {
        "dispatcher": kiosk.dispatcher.is_alive(),
        "server": kiosk.server.alive,
        **{f"device {name}": runner.alive for name, runner in kiosk.runners.items()},
    }
    dead = [name for name, living in alive.items() if not living]
    if dead:
        raise ThreadDied(f"ended unexpectedly: {', '.join(dead)}")
    notify("WATCHDOG=1")
    save_health(folder, _health(kiosk, folder))


def _health(kiosk: Kiosk, folder: Path) -> Health:
    disk = os.statvfs(folder)
    return Health(
        ready=True,
        devices={name: runner.up for name, runner in kiosk.runners.items()},
        unhealed_tags=len(kiosk.ledger.unhealed_tags()),
        free_bytes=disk.f_bavail * disk.f_frsize,
        memory_kib=resident_kib(),
    )
