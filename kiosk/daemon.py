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

from kiosk import assembly
from kiosk.bell import Bell, agent_bell
from kiosk.clock import SystemClock
from kiosk.config import Config
from kiosk.dispatcher import Dispatcher
from kiosk.health import Health, resident_kib, save_health
from kiosk.identity import Identity, load_identity
from kiosk.messages import Inbox, Stop
from kiosk.mirror_watch import MirrorWatch
from kiosk.notify import notify
from kiosk.plug_watch import PlugWatch
from kiosk.runner import DeviceRunner
from kiosk.service.ports import Ledger
from kiosk.store.ledger import SqliteLedger
from kiosk.store.mirror import MirrorReader
from ui.app import create_app
from ui.server import Server, serve
from ui.wording import Wording

#: How often the main thread looks after the others; well inside WatchdogSec=.
LOOK_AFTER_S = 2.0
#: A message takes milliseconds, on a worn-out card a second.
STUCK_S = 60.0
_STOP_S = 5.0


class NotEnrolled(RuntimeError):
    """The device has no identity yet; the text says how it gets one."""


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
            unhealed_tags=len(self.ledger.unhealed_tags()),
            free_bytes=disk.f_bavail * disk.f_frsize,
            memory_kib=resident_kib(),
        )


def run(config: Config, *, ready: Callable[[str], None]) -> None:
    """Run until SIGTERM or SIGINT. Calls `ready` with the URL of the first page.

    Raises NotEnrolled, BadOptions, LedgerError (a second instance, a disk that
    fails), OSError (a port that is taken) or ThreadDied.
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
    """Start from the inside out; the stack stops in the order of the way in."""
    identity = _enrolled(config.folder)
    inbox: Inbox = queue.Queue()
    runners = {
        name: DeviceRunner(name, driver, inbox)
        for name, driver in assembly.drivers(config).items()
    }
    mirror, clock = MirrorReader(config.folder / "mirror.db"), SystemClock()
    clock.learn(mirror.hub_time())
    ledger = SqliteLedger(
        config.folder / "ledger.db", identity.kiosk_id, mirror.acked()
    )
    stack.callback(ledger.close)
    bell = Bell(agent_bell(config.folder))
    stack.callback(bell.close)
    wording = Wording()
    outside = assembly.Outside(ledger, mirror, clock.now, bell.ring, wording.say)
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
    return Kiosk(server, runners, watch, plugs, dispatcher, thread, ledger)


def _enrolled(folder: Path) -> Identity:
    identity = load_identity(folder)
    if identity is None:
        raise NotEnrolled(f"{folder}: not enrolled yet; run: tongjie sync enrol --help")
    return identity


def _start_dispatcher(
    dispatcher: Dispatcher, inbox: Inbox, stack: ExitStack
) -> threading.Thread:
    thread = threading.Thread(target=dispatcher.run, name="dispatcher")
    thread.start()
    stack.callback(thread.join, _STOP_S)
    stack.callback(inbox.put, Stop())
    return thread


def _look_after(kiosk: Kiosk, folder: Path) -> None:
    """End the process when a thread died; else tell systemd and the agent how we are."""
    dead = kiosk.dead()
    if dead:
        raise ThreadDied(f"ended unexpectedly: {', '.join(dead)}")
    for runner in kiosk.runners.values():
        runner.look_after()
    notify("WATCHDOG=1")
    save_health(folder, kiosk.health(folder))
