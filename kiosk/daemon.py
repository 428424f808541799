"""The kiosk process: starts the threads, watches them, ends when one of them dies."""

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

from kiosk import assembly
from kiosk.around import site_line
from kiosk.bell import Bell, agent_bell
from kiosk.clock import SystemClock
from kiosk.config import Config
from kiosk.dispatcher import Dispatcher
from kiosk.health import Health, resident_kib, save_health
from kiosk.identity import BadIdentity, Identity, NotEnrolled, enrolled
from kiosk.messages import Inbox, Stop, StorageFound
from kiosk.mirror_watch import MirrorWatch
from kiosk.notify import notify
from kiosk.out_of_service import OBSTACLES, out_of_service, words_for
from kiosk.plug_watch import PlugWatch
from kiosk.runner import DeviceRunner
from kiosk.service.ports import Ledger
from kiosk.storage_watch import StorageWatch
from kiosk.store.errors import (
    LedgerDamaged,
    LedgerFull,
    LedgerInUse,
)
from kiosk.store.ledger import SqliteLedger
from kiosk.store.mirror import MirrorReader
from kiosk.store.space import Space
from kiosk.view import Message, SiteLine
from ui.app import create_app
from ui.server import Server, serve
from ui.wording import Wording

#: How often the main thread looks after the others; well inside WatchdogSec=.
LOOK_AFTER_S = 2.0
#: A message takes milliseconds, on a worn-out card a second.
STUCK_S = 60.0
_STOP_S = 5.0

log = structlog.get_logger(__name__)


class ThreadDied(RuntimeError):
    """A thread that must live ended or hangs; systemd starts the process again."""


@dataclass(frozen=True, slots=True)
class Kiosk:
    """The running parts, for whoever watches over them."""

    server: Server
    runners: Mapping[str, DeviceRunner]
    watch: MirrorWatch
    plugs: PlugWatch
    dispatcher: Dispatcher
    thread: threading.Thread
    ledger: Ledger
    storage: StorageWatch

    def dead(self) -> list[str]:
        """Names of the threads that ended or hang."""
        well = {
            "dispatcher": self.thread.is_alive() and self.dispatcher.busy_s < STUCK_S,
            "server": self.server.alive,
            "bell": self.watch.alive,
            "plugs": self.plugs.alive,
            **{f"device {name}": runner.alive for name, runner in self.runners.items()},
        }
        return [name for name, alive in well.items() if not alive]

    def health(self, folder: Path) -> Health:
        """Figures for the agent to carry to the hub."""
        disk = os.statvfs(folder)
        return Health(
            ready=True,
            devices={name: runner.up for name, runner in self.runners.items()},
            unhealed_tags=len(self.ledger.unhealed_tags()) + len(self.ledger.wishes()),
            storage=self.storage.state,
            free_bytes=disk.f_bavail * disk.f_frsize,
            memory_kib=resident_kib(),
        )


def run(config: Config, *, ready: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT. Calls `ready` with the URL of the first page.

    While it is not enrolled, or the ledger can't be opened, the screen says so, and
    nothing else runs. Raises BadOptions, LedgerError (a second instance, a ledger
    that was ruined under it), OSError (a port that is taken) or ThreadDied.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with ExitStack() as stack:
        kiosk = _start_when_possible(config, stack, stopping)
        if kiosk is None:
            return
        ready(kiosk.server.url)
        notify("READY=1")
        while not stopping.wait(LOOK_AFTER_S):
            _look_after(kiosk, config.folder)
        notify("STOPPING=1")


def _start_when_possible(
    config: Config, stack: ExitStack, stopping: threading.Event
) -> Kiosk | None:
    """Start, or wait out of service until that is possible; None if told to stop."""
    while True:
        try:
            return _start(config, stack)
        except LedgerInUse:
            raise
        except OBSTACLES as err:
            log.error("out of service", reason=str(err))
            words = words_for(err)
        if not _outlasts(words, config, stopping):
            return None
        log.warning("trying again")


def _outlasts(words: Message, config: Config, stopping: threading.Event) -> bool:
    """Show what is in the way until that is gone; False if told to stop before."""
    with out_of_service(config.ui.locale, _site(config), words, config.ui.port):
        notify("READY=1")
        while not stopping.wait(LOOK_AFTER_S):
            notify("WATCHDOG=1")
            if _in_the_way(config) != words:
                return True
    return False


def _in_the_way(config: Config) -> Message | None:
    """Try identity and ledger; a start that follows finds that one checked and closed."""
    folder = config.folder
    try:
        identity = enrolled(folder)
        _open_ledger(folder, identity, _mirror(folder), _space(config)).close()
    except LedgerInUse:
        raise
    except OBSTACLES as err:
        log.debug("still out of service", reason=str(err))
        return words_for(err)
    return None


def _site(config: Config) -> SiteLine:
    """Where we are, as far as that is known without an identity."""
    try:
        return site_line(_mirror(config.folder), enrolled(config.folder).site_id)
    except (NotEnrolled, BadIdentity):
        return SiteLine("")


def _start(config: Config, stack: ExitStack) -> Kiosk:
    """Start from the inside out; the stack stops in the order of the way in."""
    inbox: Inbox = queue.Queue()
    runners = {
        name: DeviceRunner(name, driver, inbox)
        for name, driver in assembly.drivers(config).items()
    }
    identity = enrolled(config.folder)
    mirror, clock = _mirror(config.folder), SystemClock()
    clock.learn(mirror.hub_time())
    space = _space(config)
    ledger = _open_ledger(config.folder, identity, mirror, space)
    stack.callback(ledger.close)
    bell = Bell(agent_bell(config.folder))
    stack.callback(bell.close)
    wording = Wording()
    outside = assembly.Outside(
        ledger, mirror, clock.now, bell.ring, wording.say, space.reserve.give_up
    )
    rooms = assembly.rooms(config, identity.site_id, outside, runners)
    dispatcher = Dispatcher(inbox, rooms, assembly.manners(config))
    thread = _start_dispatcher(dispatcher, inbox, stack)
    server = serve(create_app(dispatcher, wording), config.ui.port)
    stack.callback(server.stop)
    watch = MirrorWatch(config.folder, inbox, lambda: clock.learn(mirror.hub_time()))
    stack.callback(watch.stop)
    for runner in runners.values():
        runner.start()
        stack.callback(runner.stop)
    plugs = PlugWatch(runners.values())
    stack.callback(plugs.stop)
    storage = StorageWatch(space, ledger, lambda s: inbox.put(StorageFound(s)))
    return Kiosk(server, runners, watch, plugs, dispatcher, thread, ledger, storage)


def _mirror(folder: Path) -> MirrorReader:
    return MirrorReader(folder / "mirror.db")


def _space(config: Config) -> Space:
    mib = 2**20
    return Space(
        config.folder,
        reserve=config.storage.reserve_mib * mib,
        quota=config.storage.quota_mib * mib,
    )


def _open_ledger(
    folder: Path, identity: Identity, mirror: MirrorReader, space: Space
) -> SqliteLedger:
    """Open the ledger, on a full disk with the room that was kept for it."""
    path, acked = folder / "ledger.db", mirror.acked()
    try:
        return SqliteLedger(path, identity.kiosk_id, acked, final=mirror.final)
    except LedgerFull:
        if not space.reserve.give_up():
            raise
    return SqliteLedger(path, identity.kiosk_id, acked, final=mirror.final)


def _start_dispatcher(
    dispatcher: Dispatcher, inbox: Inbox, stack: ExitStack
) -> threading.Thread:
    thread = threading.Thread(target=dispatcher.run, name="dispatcher")
    thread.start()
    stack.callback(thread.join, _STOP_S)
    stack.callback(inbox.put, Stop())
    return thread


def _look_after(kiosk: Kiosk, folder: Path) -> None:
    """End the process when a thread died; else tell systemd and the agent how we are.

    A damaged ledger ends it as well: the next start salvages what can be read.
    """
    if isinstance(kiosk.ledger.trouble, LedgerDamaged):
        raise kiosk.ledger.trouble
    dead = kiosk.dead()
    if dead:
        raise ThreadDied(f"ended unexpectedly: {', '.join(dead)}")
    for runner in kiosk.runners.values():
        runner.look_after()
    notify("WATCHDOG=1")
    kiosk.storage.look()
    try:
        save_health(folder, kiosk.health(folder))
    except OSError as err:
        kiosk.storage.not_written(err)
