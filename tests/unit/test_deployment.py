"""What a county installs: units that are shut in, containers that keep no secret."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "systemd" / "tongjie-hub.service"
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
    assert exposure(UNIT) <= EXPOSURE


@needs_systemd
def test_unit_holds_nothing_that_systemd_does_not_know(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    text = UNIT.read_text("utf-8").replace("/opt/tongjie/bin/tongjie", "/bin/true")
    unit.write_text(text)
    assert verified(unit) == ""

    unit.write_text(text + "\n[Service]\nProtectEverything=yes\n")
    assert "ProtectEverything" in verified(unit)


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
