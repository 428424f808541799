"""A county that serves machines by SIP2, and machines of other makers, on sockets."""

from __future__ import annotations

import datetime as dt
import enum
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from kiosk.domain.values import COUNTY_TIME
from sync.hub.county.audit import Actor
from sync.hub.sip2_server.accounts import add_machine
from sync.hub.sip2_server.conversation import Conversation
from sync.hub.sip2_server.machine import Machine
from sync.hub.sip2_server.server import Limits, SipServer
from sync.hub.sip2_server.service import Service
from sync.sip2 import wire
from sync.sip2.account import Account, Patience
from sync.sip2.client import Client
from sync.sip2.dates import write_moment
from sync.sip2.dialects import Dialect
from sync.sip2.trailer import seal
from sync.sip2.wire import Message
from tests.integration.hub_world import NOON, County, fresh_hub, furnish

PASSWORD = "seven boats of rice"
ROOT = Actor("root", "command")
#: No test waits as long as this for anything that comes.
SOON_S = 20.0


@dataclass
class Served:
    """The county, its clock, and where its SIP2 server listens."""

    county: County
    port: int
    clock: list[dt.datetime] = field(default_factory=lambda: [NOON])

    def pass_time(self, time: dt.timedelta) -> None:
        self.clock[0] += time

    def add(self, **settings: object) -> None:
        add_account(self.county, **settings)

    def client(self, name: str = "m1", port: int = 0, **patience: float) -> Client:
        """Our own client, as the hub uses it for others' systems."""
        account = Account(
            host="127.0.0.1",
            port=port or self.port,
            user=name,
            password=PASSWORD,
            patience=Patience(**({"answer_s": SOON_S} | patience)),  # type: ignore[arg-type]  # seconds
        )
        return Client(account, now=lambda: self.clock[0])


@contextmanager
def small_county(folder: Path) -> Iterator[County]:
    """In a file, where it does not matter which database it is."""
    with fresh_hub(f"sqlite:///{folder / 'hub.db'}", folder) as hub:
        yield furnish(hub)


@contextmanager
def served(county: County, limits: Limits | None = None) -> Iterator[Served]:
    """With an account m1 at A; ended, and all its threads, afterwards."""
    add_account(county)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        made = Served(county, listener.getsockname()[1])
        with serving(made, listener, limits):
            yield made


@contextmanager
def serving(
    made: Served, listener: socket.socket, limits: Limits | None = None
) -> Iterator[None]:
    """A server on this listener, as one process of the hub would be."""
    hub = made.county.hub
    service = Service(hub.database, hub.isil, hub.county_name, lambda: made.clock[0])
    limits = limits or Limits(hush_s=0.0)
    server = SipServer(lambda peer: Conversation(service, peer), limits)
    thread = threading.Thread(target=server.serve, args=[listener])
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join(SOON_S)
        assert not thread.is_alive()


def add_account(county: County, **settings: object) -> None:
    machine = Machine(**({"name": "m1", "site_id": "A"} | settings))  # type: ignore[arg-type]  # fields
    with county.hub.database.writing() as conn:
        add_machine(conn, ROOT, machine, PASSWORD, NOON)


class Raw:
    """A machine that sends what a test says, byte for byte."""

    def __init__(self, port: int, dialect: Dialect | None = None) -> None:
        self.dialect = dialect or Dialect()
        self.socket = socket.create_connection(("127.0.0.1", port), SOON_S)
        self._answers = self.socket.makefile("rb")

    def say(self, line: bytes) -> bytes:
        """The answer's line without its end; nothing if the server hung up."""
        self.socket.sendall(line + b"\r")
        return self.hear()

    def hear(self) -> bytes:
        line = bytearray()
        try:
            while (byte := self._answers.read(1)) not in {b"", b"\r"}:
                line += byte
        except ConnectionResetError:
            return b""
        return bytes(line).strip(b"\n")

    def ask(self, text: str, number: int | None = None) -> Message:
        body = self.dialect.encode(text)
        line = body if number is None else seal(body, str(number))
        return wire.decode(self.say(line), self.dialect)

    def log_in(self, name: str = "m1", password: str = PASSWORD) -> bytes:
        return self.say(f"9300CN{name}|CO{password}|CPV017|".encode())

    def close(self) -> None:
        self._answers.close()
        self.socket.close()


@contextmanager
def raw(port: int, dialect: Dialect | None = None) -> Iterator[Raw]:
    machine = Raw(port, dialect)
    try:
        yield machine
    finally:
        machine.close()


class Cut(enum.Enum):
    """How a request ends on the way."""

    BEFORE = "the request never comes through"
    AFTER = "done, no answer"
    HALF = "done, half of the answer"


@dataclass
class CuttingRelay:
    """Between a machine and the server; `cuts` says which messages are cut, and how."""

    to_port: int
    cuts: dict[bytes, list[Cut]] = field(default_factory=dict)
    port: int = 0

    def converse(self, near: socket.socket) -> None:
        with near, socket.create_connection(("127.0.0.1", self.to_port)) as far:
            asked, told = near.makefile("rb"), far.makefile("rb")
            with asked, told:
                while line := _line(asked):
                    waiting = self.cuts.get(line[:2])
                    cut = waiting.pop(0) if waiting else None
                    if cut is Cut.BEFORE:
                        return
                    far.sendall(line)
                    answer = _line(told)
                    if cut is Cut.HALF:
                        near.sendall(answer[: len(answer) // 2])
                    if cut is not None or not answer:
                        return
                    near.sendall(answer)


@contextmanager
def cutting_relay(to_port: int) -> Iterator[CuttingRelay]:
    relay = CuttingRelay(to_port)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        relay.port = listener.getsockname()[1]

        def serve() -> None:
            while True:
                try:
                    near, _ = listener.accept()
                except OSError:
                    return
                relay.converse(near)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield relay
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(SOON_S)
    assert not thread.is_alive()


def _line(stream: object) -> bytes:
    """Up to and with CR; nothing at the end of the stream."""
    line = b""
    while (byte := stream.read(1)) != b"":  # type: ignore[attr-defined]  # a file of bytes
        line += byte
        if byte == b"\r":
            return line
    return b""


def at(moment: dt.datetime = NOON) -> str:
    return write_moment(moment.astimezone(COUNTY_TIME))


def checkout(patron: str, item: str, when: str, flags: str = "NN") -> str:
    return f"11{flags}{when}{when}AO|AA{patron}|AB{item}|AC|"


def checkin(item: str, when: str, flag: str = "N") -> str:
    return f"09{flag}{when}{when}APV017|AO|AB{item}|AC|"


def renewal(patron: str, item: str, when: str, flags: str = "NN") -> str:
    return f"29{flags}{when}{when}AO|AA{patron}|AB{item}|"


def renew_all(patron: str, when: str) -> str:
    return f"65{when}AO|AA{patron}|"


def hold(patron: str, item: str, when: str, mode: str = "+") -> str:
    return f"15{mode}{when}AO|AA{patron}|AB{item}|"
