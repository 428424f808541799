"""Starts a whole county on one machine: hub, agent, kiosk and the bench."""

from __future__ import annotations

import http
import secrets
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import msgspec
from waitress.server import create_server

from kiosk.demo.app import create_app
from kiosk.demo.bench import Bench, BenchCard
from kiosk.demo.children import Child, command
from kiosk.demo.county import County, write_county
from kiosk.demo.network import Network
from kiosk.demo.places import DEMO_SITE
from kiosk.store.mirror import MirrorReader

ISIL = "CN-629900-1-YLT"
COUNTY_NAME = "云岭县"
HUB_USER = "yunling"
READY_S = 60.0
#: A card from elsewhere: on the bench, but in nobody's list of patrons.
STRANGER = BenchCard(
    number="X00000001",
    uid="04FF0000000001",
    name="别处的证",
    patron_type="-",
    state="unknown",
)


class NotReady(TimeoutError):
    """Something did not start in time; the text names it and its log."""


class PortTaken(OSError):
    """Another program listens there already; the text names the port."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen on 127.0.0.1; 0 takes a free port."""

    kiosk: int
    hub: int
    bench: int

    def check(self) -> None:
        """Raises PortTaken while nothing has been started yet."""
        for port in (self.kiosk, self.hub, self.bench):
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as err:
                    text = f"port {port}: {err.strerror}; choose another, or 0"
                    raise PortTaken(text) from err


class Ready(msgspec.Struct, frozen=True):
    """What a newcomer, or a test, needs to know."""

    kiosk: str
    hub: str
    bench: str
    data: str
    hub_database: str
    hub_user: str
    hub_password: str
    cards: list[str]
    items: list[str]


Say = Callable[[str], None]


def start(folder: Path, size: str, ports: Ports, stack: ExitStack, say: Say) -> Ready:
    """Start everything; `stack` stops it again, last one first.

    Raises PortTaken, CommandFailed or NotReady.
    """
    ports.check()
    say("inventing the county")
    county = write_county(folder / "county", size)
    database = f"sqlite:///{folder / 'hub.db'}"
    password = _password(folder)
    if not (folder / "hub.db").exists():
        _found_county(folder, database, password, say)
    hub_port = ports.hub or _free_port()
    hub = _start_hub(folder, database, hub_port, stack)
    network = Network(hub_port)
    stack.callback(network.stop)
    bench = _start_bench(folder, county, stack)
    say("starting the kiosk")
    kiosk = _start_kiosk(folder, database, network, ports.kiosk, stack)
    bench_url = _serve_bench(bench, network, kiosk, hub, ports.bench, stack)
    return Ready(
        kiosk=kiosk,
        hub=hub,
        bench=bench_url,
        data=str(folder),
        hub_database=database,
        hub_user=HUB_USER,
        hub_password=password,
        cards=[patron.number for patron in county.patrons],
        items=[book.barcode for book in bench.books if not book.trouble],
    )


def _password(folder: Path) -> str:
    """The hub user's password; kept, so that a demo can be started again."""
    path = folder / "hub-password"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(9), "ascii")
    return path.read_text("ascii")


def _found_county(folder: Path, database: str, password: str, say: Say) -> None:
    """Do what a county's technician does: an empty hub, then the files it was given."""
    init = ("hub", "init", "--database", database)
    command(*init, "--isil", ISIL, "--county-name", COUNTY_NAME)
    user = ("hub", "user", "add", HUB_USER, "--role", "admin", "--password-file", "-")
    command(*user, "--database", database, stdin=password)
    for kind, name in (
        ("sites", "sites.csv"),
        ("marc", "titles.mrc"),
        ("items", "items.csv"),
        ("patrons", "patrons.csv"),
    ):
        say(f"importing {name}")
        file = str(folder / "county" / name)
        command("hub", "import", kind, file, "--database", database, "--json")


def _start_hub(folder: Path, database: str, port: int, stack: ExitStack) -> str:
    words = ["hub", "serve", "--database", database, "--port", str(port)]
    stack.callback(Child("hub", words, folder).stop)
    url = f"http://127.0.0.1:{port}/"
    _await(lambda: _answers(f"{url}healthz"), "hub", folder)
    return url


def _start_bench(folder: Path, county: County, stack: ExitStack) -> Bench:
    devices = folder / "dev"
    devices.mkdir(exist_ok=True)
    cards = [*(BenchCard.of(row) for row in county.patrons), STRANGER]
    bench = Bench(devices, county.bench, cards)
    bench.start()
    stack.callback(bench.stop)
    return bench


def _start_kiosk(
    folder: Path, database: str, network: Network, port: int, stack: ExitStack
) -> str:
    """Enrol a new device with a one-time code, then start its two processes."""
    data = folder / "kiosk"
    data.mkdir(exist_ok=True)
    hub = f"http://127.0.0.1:{network.port}"
    if not (data / "identity.json").exists():
        ask = ("hub", "enrol-code", "--site", DEMO_SITE, "--database", database)
        code = msgspec.json.decode(command(*ask, "--json"))["code"]
        enrol = ("sync", "enrol", "--hub", hub, "--code", code)
        command(*enrol, "--data", str(data))
    port = port or _free_port()
    config = folder / "kiosk.toml"
    config.write_text(_config(data, folder / "dev", hub, port), "utf-8")
    agent = Child("sync", ["sync", "--config", str(config)], folder)
    stack.callback(agent.stop)
    kiosk = Child("run", ["run", "--config", str(config)], folder)
    stack.callback(kiosk.stop)
    url = f"http://127.0.0.1:{port}/"
    _await(lambda: _answers(f"{url}healthz"), "run", folder)
    mirror = MirrorReader(data / "mirror.db")
    _await(lambda: mirror.status().synced_at is not None, "sync", folder)
    return url


def _config(data: Path, devices: Path, hub: str, port: int) -> str:
    return f"""\
data = "{data}"

[ui]
port = {port}

[sync]
hub = "{hub}"
poll_s = 2
timeout_s = 5

[[device]]
name = "pad"
role = "pad"
driver = "feig_obid"
options = {{ port = "{devices / "pad"}" }}

[[device]]
name = "card"
role = "card"
driver = "pn532"
options = {{ port = "{devices / "card"}" }}

[[device]]
name = "scanner"
role = "scanner"
driver = "line_scanner"
options = {{ port = "{devices / "scanner"}", repeat_suppress_s = 0.2 }}

[[device]]
name = "printer"
role = "printer"
driver = "escpos"
options = {{ port = "{devices / "printer"}", poll_interval_s = 1.0 }}
"""


def _serve_bench(
    bench: Bench, network: Network, kiosk: str, hub: str, port: int, stack: ExitStack
) -> str:
    app = create_app(bench, network, {"kiosk": kiosk, "hub": hub})
    server = create_server(app, host="127.0.0.1", port=port, threads=4)
    thread = threading.Thread(target=server.run, name="bench", daemon=True)
    thread.start()
    stack.callback(server.close)
    return f"http://127.0.0.1:{server.effective_port}/"


def _await(condition: Callable[[], bool], name: str, folder: Path) -> None:
    deadline = time.monotonic() + READY_S
    while not condition():
        if time.monotonic() > deadline:
            raise NotReady(f"{name} is not ready; see {folder / name}.log")
        time.sleep(0.05)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:  # noqa: S310  (our own server)
            return bool(answer.status == http.HTTPStatus.OK)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
