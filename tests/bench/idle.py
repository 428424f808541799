"""How much of a core all devices together cost while nothing happens.

`python -m tests.bench.idle DRIVER=PORT …` runs a runner for each, and prints the share
of a core that it used between the two lines it is given to read.
"""

from __future__ import annotations

import queue
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from drivers import registry
from kiosk import logs
from kiosk.messages import Inbox
from kiosk.runner import DeviceRunner
from tests.bench.figures import Figure
from tests.emulated_devices import KINDS, plugged

AIM_PERCENT = 1.0
#: Until the drivers ask less often, and some more.
SETTLE_S = 25.0


def measure(folder: Path, seconds: float, settle_s: float = SETTLE_S) -> list[Figure]:
    """One figure: percent of a core over `seconds`, every kind of device attached."""
    with ExitStack() as stack:
        ports = {kind.driver: folder / kind.driver for kind in KINDS}
        for kind in KINDS:
            stack.enter_context(plugged(kind, ports[kind.driver]))
        percent, up = _share(ports, seconds, settle_s)
    return [
        Figure(
            name=f"idle with {up} devices",
            unit="% of a core",
            value=percent,
            rounds=1,
            aim=AIM_PERCENT,
            note=", ".join(ports),
        )
    ]


def _share(
    ports: dict[str, Path], seconds: float, settle_s: float
) -> tuple[float, int]:
    command = [sys.executable, "-m", __name__]
    command += [f"{driver}={port}" for driver, port in ports.items()]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        time.sleep(settle_s)
        print(file=process.stdin, flush=True)
        time.sleep(seconds)
        answer, _ = process.communicate("\n")
    percent, up = answer.split()
    return float(percent), int(up)


def main(devices: list[str]) -> None:
    """Run the devices; the parent's two lines are the beginning and the end."""
    logs.configure()
    inbox: Inbox = queue.Queue()
    threading.Thread(target=_swallow, args=[inbox], daemon=True).start()
    runners = [_start(device, inbox) for device in devices]
    sys.stdin.readline()
    used, since = time.process_time(), time.monotonic()
    sys.stdin.readline()
    share = (time.process_time() - used) / (time.monotonic() - since)
    up = sum(runner.up for runner in runners)
    for runner in runners:
        runner.stop()
    print(share * 100, up)  # noqa: T201  (for the process that asked)


def _start(device: str, inbox: Inbox) -> DeviceRunner:
    name, _, port = device.partition("=")
    runner = DeviceRunner(name, registry.create(name, {"port": port}), inbox)
    runner.start()
    return runner


def _swallow(inbox: Inbox) -> None:
    while True:
        inbox.get()


if __name__ == "__main__":
    main(sys.argv[1:])
