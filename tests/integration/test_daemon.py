"""`tongjie run` as a process of its own, with emulated devices at its cables."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import requests

from drivers.api import BadOptions
from drivers.emulators.feig import FeigEmulator
from drivers.emulators.line_scanner import LineScannerEmulator
from drivers.emulators.line_scanner import answer as scanner_answer
from drivers.emulators.pty import Pty
from kiosk import daemon
from kiosk.config import load
from kiosk.health import Health, load_health
from kiosk.identity import Identity, save_identity
from kiosk.messages import Stop
from kiosk.store.ledger import SqliteLedger
from tests.integration.store_samples import HUB_PUBLIC, KIOSK
from tests.waiting import eventually

PATIENCE_S = 20.0
pytestmark = pytest.mark.slow


class Place:
    """A data folder with a configuration, and what is plugged in."""

    def __init__(self, folder: Path, plugged: ExitStack) -> None:
        self.folder = folder / "data"
        self.folder.mkdir(exist_ok=True)
        self.config = folder / "kiosk.toml"
        self._text = f'data = "{self.folder}"\n[ui]\nport = 0\n'
        self._plugged = plugged
        self._write()

    def enrol(self) -> None:
        save_identity(self.folder, Identity(KIOSK, "S1", HUB_PUBLIC))

    def pad(self) -> Pty:
        return self._plug("pad", "feig_obid", Pty(self._port("pad"), _feig()))

    def scanner(self) -> LineScannerEmulator:
        pty = Pty(self._port("scanner"), scanner_answer)
        return LineScannerEmulator(self._plug("scanner", "line_scanner", pty).send)

    def device(self, name: str, driver: str, options: str) -> None:
        self._text += (
            f'[[device]]\nname = "{name}"\nrole = "pad"\n'
            f'driver = "{driver}"\noptions = {{ {options} }}\n'
        )
        self._write()

    def health(self) -> Health:
        return load_health(self.folder)

    def run(self) -> subprocess.CompletedProcess[str]:
        """Run a kiosk that is expected to end by itself."""
        return subprocess.run(
            self.command,
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )

    @property
    def command(self) -> list[str]:
        kiosk = [sys.executable, "-m", "kiosk", "run", "--json"]
        return [*kiosk, "--config", str(self.config)]

    def _port(self, name: str) -> Path:
        return self.folder.parent / name

    def _plug(self, name: str, driver: str, pty: Pty) -> Pty:
        pty.start()
        self._plugged.callback(pty.stop)
        self.device(name, driver, f'port = "{pty.path}"')
        return pty

    def _write(self) -> None:
        self.config.write_text(self._text)


def _feig() -> Callable[[bytes], Iterator[bytes]]:
    return FeigEmulator().answer


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as plugged:
        yield Place(tmp_path, plugged)


@contextmanager
def running(place: Place) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A kiosk that is up, with the address of its screen."""
    with subprocess.Popen(
        place.command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield process, json.loads(process.stdout.readline())["url"]
        finally:
            process.kill()


def test_a_device_that_is_configured_wrongly_is_named(place: Place) -> None:
    place.enrol()
    place.device("till", "feig_obid", "prot = 3")

    ended = place.run()

    assert ended.returncode == 1
    assert "device 'till': driver 'feig_obid'" in ended.stderr
    assert not (place.folder / "ledger.db").exists()


def test_a_kiosk_without_mirror_and_devices_has_a_screen(place: Place) -> None:
    place.enrol()

    with running(place) as (_, url):
        page = requests.get(url, timeout=5)

    assert page.status_code == requests.codes.ok
    assert 'data-screen="home"' in page.text


def test_a_second_kiosk_is_refused_and_the_first_goes_on(place: Place) -> None:
    place.enrol()

    with running(place) as (process, url):
        second = place.run()

        assert second.returncode == 1
        assert "ledger" in second.stderr
        assert "Traceback" not in second.stderr
        assert process.poll() is None
        assert requests.get(url, timeout=5).ok


def test_its_health_names_every_device_and_follows_its_cable(place: Place) -> None:
    place.enrol()
    pad = place.pad()
    place.scanner()

    with running(place):
        up = {"pad": True, "scanner": True}
        eventually(lambda: place.health().devices == up, "both up")
        pad.unplug()
        eventually(lambda: not place.health().devices["pad"], "the pad is down")

    assert place.health().unhealed_tags == 0
    assert place.health().free_bytes > 0
    assert place.health().memory_kib > 0


def test_a_device_that_is_lost_is_said_on_the_screen(place: Place) -> None:
    place.enrol()
    pad = place.pad()

    with running(place) as (_, url):
        eventually(lambda: place.health().devices.get("pad"), "the pad is up")
        before = requests.get(url, timeout=5).text
        pad.unplug()

        eventually(
            lambda: _banners(requests.get(url, timeout=5).text) > _banners(before),
            "a banner",
        )


def _banners(page: str) -> int:
    found = re.search(r'<ul class="banners">(.*?)</ul>', page, re.DOTALL)
    return found.group(1).count("<li>") if found else 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_told_to(place: Place, number: signal.Signals) -> None:
    place.enrol()
    place.pad()

    with running(place) as (process, _):
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert "Traceback" not in errors
    assert not (place.folder / "kiosk.bell").exists()
    with closing(SqliteLedger(place.folder / "ledger.db", KIOSK)) as ledger:
        assert ledger.opening.fault is None


def test_a_ledger_that_is_ruined_under_it_ends_the_process(place: Place) -> None:
    place.enrol()

    with running(place) as (process, _):
        eventually(lambda: place.health().ready, "health")
        for file in place.folder.glob("ledger.db*"):
            file.write_bytes(b"\xff" * file.stat().st_size)
        _, errors = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert "ledger" in errors


@pytest.fixture
def started(place: Place) -> Iterator[daemon.Kiosk]:
    place.enrol()
    with ExitStack() as stack:
        yield daemon._start(load(place.config), stack)


def test_while_all_threads_live_it_reports_its_health(
    place: Place, started: daemon.Kiosk
) -> None:
    daemon._look_after(started, place.folder)

    assert place.health().ready
    assert started.dead() == []


def test_a_dispatcher_that_ended_ends_the_process(
    place: Place, started: daemon.Kiosk
) -> None:
    started.dispatcher._inbox.put(Stop())
    started.thread.join(PATIENCE_S)

    with pytest.raises(daemon.ThreadDied, match="dispatcher"):
        daemon._look_after(started, place.folder)


def test_a_dispatcher_that_hangs_ends_the_process(
    place: Place, started: daemon.Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "STUCK_S", 0.0)

    with pytest.raises(daemon.ThreadDied, match="dispatcher"):
        daemon._look_after(started, place.folder)


def test_a_server_that_ended_ends_the_process(
    place: Place, started: daemon.Kiosk
) -> None:
    started.server.stop()

    with pytest.raises(daemon.ThreadDied, match="server"):
        daemon._look_after(started, place.folder)


def test_a_bell_that_ended_ends_the_process(
    place: Place, started: daemon.Kiosk
) -> None:
    started.watch.stop()

    with pytest.raises(daemon.ThreadDied, match="bell"):
        daemon._look_after(started, place.folder)


def test_a_start_that_fails_half_way_leaves_nothing_running(place: Place) -> None:
    place.enrol()
    (place.folder / "kiosk.bell").mkdir()

    with ExitStack() as stack, pytest.raises(OSError, match=r"kiosk\.bell"):
        daemon._start(load(place.config), stack)

    SqliteLedger(place.folder / "ledger.db", KIOSK).close()


def test_an_unknown_driver_is_refused_before_anything_is_opened(place: Place) -> None:
    place.enrol()
    place.device("till", "abacus", "")

    with ExitStack() as stack, pytest.raises(BadOptions, match=r"till.*abacus"):
        daemon._start(load(place.config), stack)
