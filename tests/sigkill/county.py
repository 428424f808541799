"""Three processes that are started again whenever one was killed."""

from __future__ import annotations

import datetime as dt
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import requests

from kiosk.store.ledger_reader import LedgerReader
from sync.hub.county.export import event_lines, loan_lines
from sync.hub.devices.enrolment import make_code
from sync.hub.store.database import Database
from tests.integration.hub_world import fresh_hub, furnish
from tests.waiting import eventually

SITE = "A"
#: Who is hit how often. A hub is as easily killed, but takes longest to come back.
TARGETS = ("borrower", "borrower", "borrower", "agent", "hub")
#: A process that says nothing is at work so long after its start; most are let come
#: so far.
AT_WORK_S = 2.0
_LET_WORK = 0.7
_POLL_S = 0.2


@dataclass
class Worker:
    """One of the processes: how it is started, the one that runs, what it said."""

    command: Sequence[str]
    output: Path
    environment: dict[str, str] = field(default_factory=dict)
    speaks: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    said_before: int = 0

    def await_work(self) -> None:
        """Wait until it has said something since its start, or, if silent, had time."""

        def at_work() -> bool:
            if self.speaks:
                return self.output.stat().st_size > self.said_before
            return time.monotonic() - self.started_s > AT_WORK_S

        eventually(at_work, f"{self.command} is at work", 60)

    def start(self) -> None:
        with (
            self.output.open("ab") as out,
            self.output.with_suffix(".errors").open("ab") as errors,
        ):
            self.process = subprocess.Popen(
                self.command,
                stdout=out,
                stderr=errors,
                process_group=0,  # what it started is to die with it
                env=os.environ | self.environment,
            )
        self.started_s = time.monotonic()
        self.said_before = self.output.stat().st_size

    def kill(self) -> None:
        """End it at once. A line that it had not finished was not said."""
        if self.process is None:
            return
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process = None
        content = self.output.read_bytes()
        os.truncate(self.output, content.rfind(b"\n") + 1)


@dataclass
class County:
    """Hub, agent and borrower on loopback, and the files they leave."""

    folder: Path
    database: Database
    workers: dict[str, Worker]
    kills: Counter[str] = field(default_factory=Counter)

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.db"

    def kill_often(self, kills: int, dice: random.Random) -> None:
        for _ in range(kills):
            name = dice.choice(TARGETS)
            worker = self.workers[name]
            if dice.random() < _LET_WORK:
                worker.await_work()
            time.sleep(dice.uniform(0, 0.2))
            worker.kill()
            worker.start()
            self.kills[name] += 1

    def settle(self) -> None:
        """Stop the borrower, and wait until the hub holds what there is."""
        self.workers["borrower"].kill()
        eventually(self._is_in_step, "the hub has the whole ledger", 120)

    def acknowledged(self) -> list[tuple[str, int, str]]:
        """What the borrower said: (epoch, seq, hash) of the chain's ends."""
        lines = self.workers["borrower"].output.read_text().splitlines()
        return [(e, int(seq), h) for _, e, seq, h in map(str.split, lines)]

    def hub_events(self) -> list[str]:
        with self.database.reading() as conn:
            return [line.event_id for line in event_lines(conn)]

    def hub_loans(self) -> list[str]:
        with self.database.reading() as conn:
            return [line.event_id for line in loan_lines(conn)]

    def _is_in_step(self) -> bool:
        return len(self.hub_events()) >= LedgerReader(self.ledger).count_after({})


@contextmanager
def running_county(folder: Path, seed: int) -> Iterator[County]:
    """All three at work; at the end all three are dead."""
    url = f"sqlite:///{folder / 'hub.db'}"
    point = folder / "point"
    point.mkdir()
    with fresh_hub(url, folder) as hub, ExitStack() as stack:
        refs = furnish(hub).refs
        address = f"http://127.0.0.1:{_free_port()}"
        server = _hub(folder, url, address)
        stack.callback(server.kill)
        server.start()
        eventually(lambda: _answers(address), "the hub is up")
        with hub.database.writing() as conn:
            code = make_code(conn, SITE, dt.datetime.now(dt.UTC))
        _tongjie(
            "sync", "enrol", "--hub", address, "--code", code, "--data", str(point)
        )
        agent, borrower = _agent(folder, point, address), _borrower(point, seed, refs)
        for worker in (agent, borrower):
            stack.callback(worker.kill)
            worker.start()
        workers = {"hub": server, "agent": agent, "borrower": borrower}
        eventually(lambda: borrower.output.stat().st_size, "the first loan", 60)
        yield County(point, hub.database, workers)


def _hub(folder: Path, url: str, address: str) -> Worker:
    port = address.rpartition(":")[2]
    command = _command("hub", "serve", "--port", port)
    return Worker(command, folder / "hub.out", {"TONGJIE_HUB_DATABASE": url})


def _agent(folder: Path, point: Path, address: str) -> Worker:
    config = folder / "kiosk.toml"
    text = f'data = "{point}"\n[sync]\nhub = "{address}"\npoll_s = {_POLL_S}\n'
    config.write_text(text)
    command = _command("sync", "--config", str(config))
    return Worker(command, folder / "agent.out")


def _borrower(point: Path, seed: int, refs: dict[str, str]) -> Worker:
    module = "tests.sigkill.borrower"
    words = [str(point), SITE, str(seed), *refs.values()]
    command = [sys.executable, "-m", module, *words]
    return Worker(command, point.parent / "borrower.out", speaks=True)


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "kiosk", *words]


def _tongjie(*words: str) -> None:
    subprocess.run(_command(*words), check=True, capture_output=True)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _answers(address: str) -> bool:
    try:
        requests.get(address, timeout=1)
    except requests.RequestException:
        return False
    return True
