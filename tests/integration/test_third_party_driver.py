"""Drivers of other packages: the example of drivers/README.md, and packages gone wrong."""

from __future__ import annotations

import json
import queue
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers import registry
from drivers.api import BadOptions, PeoplePassed
from drivers.cards.pn532 import Pn532Reader
from drivers.emulators.line_scanner import answer
from drivers.emulators.pty import Pty
from drivers.known_devices import KNOWN, KnownDevice
from drivers.registry import BUILT_IN, create, names
from kiosk.messages import DeviceDown, DeviceSaid, DeviceUp, Inbox, InboxMessage
from kiosk.runner import DeviceRunner

README = (Path(registry.__file__).parent / "README.md").read_text("utf-8")
PATIENCE_S = 10.0
LEAST = {"port": "/dev/gate"}


def block(language: str) -> str:
    """The only block of this language in the README."""
    (text,) = re.findall(
        rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE
    )
    return str(text)


def install(folder: Path, package: str, code: str, **claims: str) -> None:
    """Put a package there as pip does: one module, its data, its entry points."""
    (folder / f"{package}.py").write_text(code, "utf-8")
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n", "ascii"
    )
    lines = [f"{name} = {where}\n" for name, where in claims.items()]
    (info / "entry_points.txt").write_text("".join(["[tongjie.drivers]\n", *lines]))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path; what is imported from it is forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    yield folder
    for module in folder.glob("*.py"):
        sys.modules.pop(module.stem, None)


@pytest.fixture
def gate(site: Path) -> Path:
    """The README's example, installed; the folder it is in."""
    project = tomllib.loads(block("toml"))["project"]
    claims = project["entry-points"][registry.ENTRY_POINT_GROUP]
    install(site, project["name"].replace("-", "_"), block("python"), **claims)
    return site


def tongjie(site: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own, where that folder is on the path."""
    start = f"import sys; sys.path.insert(0, {str(site)!r}); from kiosk.cli import main"
    return subprocess.run(
        [sys.executable, "-c", f"{start}; main()", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def listed(site: Path) -> dict[str, dict[str, Any]]:
    result = tongjie(site, "device", "list", "--drivers", "--json")
    assert result.returncode == 0, result.stderr
    return {one["name"]: one for one in json.loads(result.stdout)["drivers"]}


def configured(folder: Path, options: str) -> str:
    path = folder / "kiosk.toml"
    path.write_text(
        '[[device]]\nname = "gate"\nrole = "point"\ndriver = "gate_counter"\n'
        f"options = {{ {options} }}\n",
        "ascii",
    )
    return str(path)


# --- the example of the README ------------------------------------------------------


def test_it_is_listed_with_its_options(gate: Path) -> None:
    drivers = listed(gate)

    options = {one["name"]: one for one in drivers["gate_counter"]["options"]}
    assert options["port"]["required"]
    assert options["most"]["takes"] == "whole number from 1 to 999"
    assert drivers.keys() > BUILT_IN.keys()


def test_its_options_are_checked_with_the_configuration(gate: Path) -> None:
    good = tongjie(gate, "config", "check", "--config", configured(gate, "port = '/x'"))
    unknown = "port = '/x', colour = 'red'"
    bad = tongjie(gate, "config", "check", "--config", configured(gate, unknown))

    assert (good.returncode, good.stdout.count("gate")) == (0, 1), good.stderr
    assert bad.returncode == 1
    assert "driver 'gate_counter'" in bad.stderr
    assert "colour" in bad.stderr


@pytest.mark.usefixtures("gate")
@pytest.mark.parametrize("wrong", [{"port": 3}, {"most": 0}, {"baud": 300}])
def test_types_and_ranges_count_as_for_our_own(wrong: dict[str, object]) -> None:
    with pytest.raises(BadOptions, match=rf"gate_counter.*{next(iter(wrong))}"):
        create("gate_counter", {**LEAST, **wrong})


@pytest.mark.usefixtures("gate")
def test_its_events_arrive_and_it_comes_back_after_the_plug(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "gate", answer)
    pty.start()
    inbox: Inbox = queue.Queue()
    driver = create("gate_counter", {"port": str(pty.path), "most": 5})
    runner = DeviceRunner("gate", driver, inbox)
    runner.start()
    try:
        assert said(inbox) == DeviceUp("gate")
        pty.send(b"IN 2\r\nIN 900\r\n\xff\x00noise\r\nOUT 1\r\n")
        pty.send(b"IN 3\r\n")
        assert said(inbox) == DeviceSaid("gate", PeoplePassed(2))
        assert said(inbox) == DeviceSaid("gate", PeoplePassed(3))

        pty.unplug()
        assert said(inbox) == DeviceDown("gate")
        pty.plug()
        assert said(inbox) == DeviceUp("gate")
        pty.send(b"IN 1\r\n")
        assert said(inbox) == DeviceSaid("gate", PeoplePassed(1))
    finally:
        runner.stop()
        pty.stop()


def said(inbox: Inbox) -> InboxMessage:
    return inbox.get(timeout=PATIENCE_S)


# --- packages gone wrong ------------------------------------------------------------

BROKEN = {
    "missing": ("import nowhere_to_be_found", "No module named 'nowhere_to_be_found'"),
    "renamed": ("", "has no attribute 'Driver'"),
    "garbled": ("def Driver(:", "invalid syntax"),
    "bare": ("class Driver: pass", "has no Options"),
}


@pytest.mark.parametrize("package", BROKEN)
def test_a_driver_that_cannot_be_used_is_named_with_its_package(
    site: Path, package: str
) -> None:
    code, reason = BROKEN[package]
    install(site, package, code, scale=f"{package}:Driver")

    with pytest.raises(BadOptions, match=rf"'scale' of {package} 1\.0.*") as refused:
        create("scale", {})
    assert reason in str(refused.value)


def test_a_broken_package_stops_no_other_driver(gate: Path) -> None:
    install(gate, "missing", BROKEN["missing"][0], scale="missing:Driver")

    drivers = listed(gate)

    assert "'scale' of missing 1.0" in drivers["scale"]["problem"]
    assert {one for one in drivers if drivers[one]["problem"]} == {"scale"}
    assert drivers["gate_counter"]["options"]


def test_a_broken_package_is_told_in_words_too(site: Path) -> None:
    install(site, "missing", BROKEN["missing"][0], scale="missing:Driver")

    result = tongjie(site, "device", "list", "--drivers")

    assert "scale  (driver 'scale' of missing 1.0 can't be imported" in result.stdout


def test_two_packages_with_one_name_are_refused_by_their_names(gate: Path) -> None:
    install(gate, "rival", "", gate_counter="rival:Driver")

    with pytest.raises(BadOptions, match=r"'gate_counter'.*: gate_counter, rival$"):
        create("gate_counter", LEAST)
    assert create("pn532", LEAST).poll_interval_s >= 0


def test_our_own_names_stay_ours(site: Path) -> None:
    install(site, "usurper", "raise RuntimeError", pn532="usurper:Driver")

    assert isinstance(create("pn532", LEAST), Pn532Reader)
    assert names().count("pn532") == 1
    assert "usurper" not in sys.modules


def test_a_driver_of_ours_says_which_extra_it_lacks(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (site / "typed.py").write_text("import evdev\n", "ascii")
    monkeypatch.setattr(registry, "BUILT_IN", {"typed": "typed:Reader"})
    monkeypatch.setitem(sys.modules, "evdev", None)

    with pytest.raises(
        BadOptions, match=r"'typed' can't.*evdev.*install tongjie\[pi\]"
    ):
        create("typed", {})


# --- the README itself --------------------------------------------------------------


def test_every_driver_stands_in_the_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.* not yet \|$", README, re.MULTILINE)

    assert sorted(rows) == sorted(BUILT_IN)


@pytest.mark.parametrize("device", KNOWN, ids=lambda device: device.words)
def test_the_numbers_of_a_known_device_are_told(device: KnownDevice) -> None:
    told = f":{device.product}" if device.product else ", any product"

    assert device.vendor + told in README
