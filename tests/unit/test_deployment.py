"""What a county installs: units that are shut in, containers that keep no secret."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from kiosk.cli import main

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "tongjie-hub.service"
UNITS = sorted((ROOT / "systemd").glob("tongjie-hub*.service"))
TIMER = ROOT / "systemd" / "tongjie-hub-upkeep.timer"
#: What each unit of the hub has of its own, beside the command that it runs.
OWN_SANDBOX = {"SocketBindAllow", "SystemCallFilter"}
#: systemd's own scale: 0 is shut in, 10 may do anything.
EXPOSURE = 1.6

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


@needs_systemd
def test_hub_may_touch_little(tmp_path: Path) -> None:
    open_unit = tmp_path / "open.service"
    open_unit.write_text("[Service]\nExecStart=/bin/true\n")

    assert exposure(open_unit) > 9  # the measure measures
    assert len(UNITS) == 4
    assert all(exposure(unit) <= EXPOSURE for unit in UNITS)


def test_every_part_of_the_hub_is_shut_in_alike() -> None:
    hub, *others = ({*sandbox(unit)} for unit in [UNIT, *UNITS])

    assert "ProtectSystem=strict" in hub
    assert all(own(hub ^ other) <= OWN_SANDBOX for other in others)


@needs_systemd
@pytest.mark.parametrize("path", [*UNITS, TIMER], ids=lambda path: path.name)
def test_unit_holds_nothing_that_systemd_does_not_know(
    path: Path, tmp_path: Path
) -> None:
    for one in UNITS:
        text = one.read_text("utf-8").replace("/opt/tongjie/bin/tongjie", "/bin/true")
        (tmp_path / one.name).write_text(text)
    unit = tmp_path / path.name
    text = path.read_text("utf-8").replace("/opt/tongjie/bin/tongjie", "/bin/true")
    unit.write_text(text)
    assert verified(unit) == ""

    section = "Timer" if path == TIMER else "Service"
    unit.write_text(text + f"\n[{section}]\nProtectEverything=yes\n")
    assert "ProtectEverything" in verified(unit)


def test_commands_of_units_and_containers_are_commands_of_ours() -> None:
    lines = [
        line.partition("/bin/tongjie ")[2].split()
        for unit in UNITS
        for line in unit.read_text("utf-8").splitlines()
        if line.startswith("ExecStart=")
    ]
    told = [
        one["command"] for one in compose()["services"].values() if "command" in one
    ]
    lines += [" ".join(words).partition("tongjie ")[2].split() for words in told]

    assert len(lines) == 7
    assert all(is_command(words) for words in lines), lines
    assert not is_command(["hub", "sleep"])


def test_compose_opens_loopback_alone_and_names_major_versions() -> None:
    services = compose()["services"]

    ports = [port for one in services.values() for port in one.get("ports", [])]
    images = [one["image"] for one in services.values()] + bases()
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert all(re.search(r":\d+", image) for image in images), images


def test_compose_holds_no_password() -> None:
    settings = {
        name: value
        for one in compose()["services"].values()
        for name, value in one["environment"].items()
    }

    told = {name for name in settings if "PASS" in name}
    assert told == {"POSTGRES_PASSWORD_FILE", "PGPASSFILE"}
    assert all(settings[name].startswith("/run/secrets/") for name in told)
    assert not any(
        re.search(r"://[^@/]*:[^@/]*@", value) for value in settings.values()
    )
    assert "secrets" in (ROOT / ".dockerignore").read_text().split()


def test_tools_in_the_image_are_of_the_servers_version() -> None:
    """pg_dump refuses a server that is newer than itself."""
    client = re.search(r"postgresql-client-(\d+)", dockerfile())
    server = re.search(r"postgres:(\d+)", compose()["services"]["db"]["image"])

    assert client is not None
    assert server is not None
    assert client[1] == server[1]


def sandbox(unit: Path) -> list[str]:
    """The lines of a unit that shut it in."""
    text = unit.read_text("utf-8")
    part = text[text.index("RestrictAddressFamilies=") :].partition("\n[Install]")[0]
    return [line for line in part.splitlines() if not line.startswith("#")]


def own(lines: set[str]) -> set[str]:
    return {line.partition("=")[0] for line in lines if line}


def is_command(words: list[str]) -> bool:
    """Whether `tongjie` knows these words up to the first option."""
    group: click.Command = main
    for word in words:
        if word.startswith("-") or not isinstance(group, click.Group):
            break
        found = group.get_command(click.Context(group), word)
        if found is None:
            return False
        group = found
    return True


def exposure(unit: Path) -> float:
    command = ["systemd-analyze", "security", "--offline=true", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"exposure level for .*: ([0-9.]+)", done.stdout)
    assert found is not None, done.stderr
    return float(found[1])


def verified(unit: Path) -> str:
    command = ["systemd-analyze", "verify", "--man=no", str(unit)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return loaded


def bases() -> list[str]:
    return re.findall(r"^FROM (\S+)", dockerfile(), re.MULTILINE)


def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text("utf-8")
