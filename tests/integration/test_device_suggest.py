"""`tongjie device suggest`: what hangs on a serial port, found out by real questions.

All ports are asked at once by one call, as most of it is waiting.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from drivers.emulators.feig import FeigEmulator
from drivers.emulators.gm65 import Gm65Emulator
from drivers.emulators.honeywell import HoneywellEmulator
from drivers.emulators.pty import Answer, Pty
from drivers.emulators.receipt_printer import ReceiptPrinterEmulator
from drivers.emulators.ssi import SsiEmulator
from drivers.emulators.tag import VirtualTag
from drivers.emulators.uhfreader18 import UhfReader18Emulator
from drivers.transports.serial_port import SerialPort
from kiosk.assembly import drivers
from kiosk.cli import main
from kiosk.cli.device_probe import BUDGET_S, RECIPES, Unknown, probe
from kiosk.config import load
from tests.emulated_devices import CODE, HF_TAG, KINDS, PERSONAL, Kind, plugged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

#: The quickest of these talks while the port is listened to.
OFTEN_S = 0.1
#: All that answer; a plain scanner only talks.
ASKED = [kind for kind in KINDS if kind.driver != "line_scanner"] + [PERSONAL]


@dataclass(frozen=True)
class Suggested:
    """What one call said of every port, by the name of the port."""

    devices: dict[str, dict[str, Any]]
    left_alone: dict[str, str]
    progress: str
    exit_code: int
    took_s: float


def suggest(*words: str) -> Result:
    return CliRunner().invoke(main, ["device", "suggest", *words])


def nobody(_received: bytes) -> list[bytes]:
    return []


@contextmanager
def talking(port: Path, answer: Answer, says: Callable[[], bytes]) -> Iterator[None]:
    """A device that speaks by itself all the time."""
    pty, over = Pty(port, answer), threading.Event()

    def talk() -> None:
        while not over.wait(OFTEN_S):
            pty.send(says())

    pty.start()
    thread = threading.Thread(target=talk, name="talker")
    thread.start()
    yield
    over.set()
    thread.join()
    pty.stop()


def put_all(ports: Path, stack: ExitStack) -> None:
    """A port for each device, and for each of those that are none."""
    noise = random.Random(7)
    scan_mode = FeigEmulator()
    scan_mode.scans = True
    for kind in ASKED:
        stack.enter_context(plugged(kind, ports / kind.driver))
    others: dict[str, Answer] = {"silent": nobody, "echo": lambda got: [got]}
    for name, answer in others.items():
        pty = Pty(ports / name, answer)
        pty.start()
        stack.callback(pty.stop)
    for name, answer, says in (
        ("babbling", nobody, lambda: noise.randbytes(40)),
        ("stand", nobody, f"{CODE}\r".encode),
        ("scan-mode", scan_mode.answer, f"{HF_TAG}\r\n".encode),
    ):
        stack.enter_context(talking(ports / name, answer, says))
    taken = Pty(ports / "taken", nobody)
    taken.start()
    stack.callback(taken.stop)
    stack.enter_context(closing(SerialPort(str(ports / "taken"))))


@contextmanager
def closing(port: SerialPort) -> Iterator[None]:
    yield
    port.close()


@pytest.fixture(scope="module")
def suggested(tmp_path_factory: pytest.TempPathFactory) -> Suggested:
    ports = tmp_path_factory.mktemp("ports")
    with ExitStack() as stack:
        put_all(ports, stack)
        names = sorted(path.name for path in ports.iterdir())
        words = [word for name in names for word in ("--port", str(ports / name))]
        started = time.monotonic()
        result = suggest("--json", *words, "--port", str(ports / "absent"))
        took_s = time.monotonic() - started
    (line,) = result.stdout.splitlines()
    told = json.loads(line)
    return Suggested(
        {Path(one["options"]["port"]).name: one for one in told["devices"]},
        {Path(one["address"]).name: one["reason"] for one in told["left_alone"]},
        result.stderr,
        result.exit_code,
        took_s,
    )


@pytest.mark.parametrize("kind", ASKED, ids=lambda kind: kind.driver)
def test_a_device_is_known_by_its_answer(suggested: Suggested, kind: Kind) -> None:
    found = suggested.devices[kind.driver]

    assert (found["driver"], found["role"]) == (kind.driver, kind.role)
    assert found["certain"]
    assert set(found["options"]) == {"port"}


@pytest.mark.parametrize("name", ["silent", "echo", "babbling", "scan-mode"])
def test_what_nobody_knows_is_left_to_a_person(suggested: Suggested, name: str) -> None:
    found = suggested.devices[name]

    assert found["driver"] == "line_scanner"
    assert not found["certain"]


def test_a_scanner_that_scans_is_known_by_its_lines(suggested: Suggested) -> None:
    found = suggested.devices["stand"]

    assert found["driver"] == "line_scanner"
    assert found["certain"]


def test_a_reader_in_scan_mode_is_no_scanner(suggested: Suggested) -> None:
    assert "scan mode" in suggested.devices["scan-mode"]["words"]


def test_noise_is_told_but_not_shown(suggested: Suggested) -> None:
    assert "bytes by itself" in suggested.devices["babbling"]["words"]


def test_a_port_that_cannot_be_looked_at_is_named_with_the_reason(
    suggested: Suggested,
) -> None:
    assert suggested.exit_code == 1
    assert "in use by another program" in suggested.left_alone["taken"]
    assert "No such file" in suggested.left_alone["absent"]


def test_names_are_those_of_the_roles_and_used_once(suggested: Suggested) -> None:
    names = [device["name"] for device in suggested.devices.values()]

    assert len(set(names)) == len(names)
    assert {"pad", "pad-2", "card", "scanner", "printer"} <= set(names)


def test_progress_goes_to_standard_error(suggested: Suggested) -> None:
    assert "silent: listening" in suggested.progress
    assert "silent: honeywell" in suggested.progress
    assert CODE not in suggested.progress


def test_no_port_takes_for_ever(suggested: Suggested) -> None:
    assert suggested.took_s < BUDGET_S


# --- what is printed for a person -------------------------------------------------------


def test_tables_can_be_pasted_as_they_are(tmp_path: Path) -> None:
    with ExitStack() as stack:
        for kind in (KINDS[0], KINDS[-1]):
            stack.enter_context(plugged(kind, tmp_path / kind.driver))
        ports = [str(tmp_path / KINDS[0].driver), str(tmp_path / KINDS[-1].driver)]
        printed = suggest("--port", ports[0], "--port", ports[1]).stdout
    config = tmp_path / "kiosk.toml"
    config.write_text(printed, "utf-8")

    devices = load(config).devices

    assert [device.driver for device in devices] == ["feig_obid", "escpos"]
    assert [device.options["port"] for device in devices] == ports
    assert list(drivers(load(config))) == ["pad", "printer"]


def test_what_is_not_certain_is_a_remark_until_it_is_uncommented(
    tmp_path: Path,
) -> None:
    port = tmp_path / "never-opened"
    result = suggest("--no-probe", "--port", str(port))
    as_printed, uncommented = tmp_path / "printed.toml", tmp_path / "uncommented.toml"
    as_printed.write_text(result.stdout, "utf-8")
    words, *rest = result.stdout.splitlines()
    table = "\n".join(line.removeprefix("# ") for line in rest)
    uncommented.write_text(f"{words}\n{table}", "utf-8")

    (device,) = load(uncommented).devices

    assert result.exit_code == 0
    assert "was not asked" in words
    assert load(as_printed).devices == ()
    assert (device.driver, device.options) == ("line_scanner", {"port": str(port)})


def test_nothing_plugged_in_is_said_so() -> None:
    result = suggest("--no-probe")

    assert result.exit_code == 0
    assert result.stdout.startswith("#")


# --- no device takes harm from the questions to others ------------------------------------


def ask_as_if_unknown(driver: str, port: Path) -> None:
    """All questions but the one that this device understands."""
    others = [recipe for recipe in RECIPES if recipe.driver != driver]
    assert isinstance(probe(str(port), others), Unknown)


def test_questions_to_others_change_nothing(tmp_path: Path) -> None:
    unheard: list[bytes] = []
    tag = VirtualTag(HF_TAG, afi=0x07, memory=b"BOOK")
    feig, gm65 = FeigEmulator(), Gm65Emulator(unheard.append)
    honeywell, ssi = HoneywellEmulator(unheard.append), SsiEmulator(unheard.append)
    uhf = UhfReader18Emulator(scanning=True)
    feig.place(tag)
    answers: dict[str, Answer] = {
        "feig_obid": feig.answer,
        "gm65": gm65.answer,
        "honeywell": honeywell.answer,
        "ssi": ssi.answer,
        "uhfreader18": uhf.answer,
    }

    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        for name, answer in answers.items():
            pty = Pty(tmp_path / name, answer)
            pty.start()
            stack.callback(pty.stop)
        list(pool.map(ask_as_if_unknown, answers, map(tmp_path.joinpath, answers)))

    assert tag == VirtualTag(HF_TAG, afi=0x07, memory=b"BOOK")
    assert (gm65.writes, gm65.saves) == ([], 0)
    assert (honeywell.settings, honeywell.saved) == ({}, set())
    assert (ssi.commands, ssi.enabled) == ([], False)
    assert (uhf.saved, uhf.scanning) == (0, True)
    assert unheard == []


def test_a_printer_is_found_before_anything_could_be_printed(tmp_path: Path) -> None:
    printer = ReceiptPrinterEmulator()
    pty = Pty(tmp_path / "printer", printer.answer)
    pty.start()

    probe(str(pty.path))
    pty.stop()

    assert printer.printed == b""
