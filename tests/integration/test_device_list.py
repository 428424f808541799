"""`tongjie device list`: what is configured, and what could be."""

from __future__ import annotations

import json
from pathlib import Path

from drivers.transports.serial_port import SerialPort
from tests.integration.device_command import BY_NAME, configured, device


def test_list_tells_who_is_there_beside_a_running_kiosk(tmp_path: Path) -> None:
    with configured(BY_NAME["feig_obid"], tmp_path) as config:
        kiosk = SerialPort(str(tmp_path / "port"))
        result = device("list", "--config", str(config), "--json")
        node = str((tmp_path / "port").resolve())
        kiosk.close()
    gone = device("list", "--config", str(config))

    (row,) = json.loads(result.stdout)["devices"]
    assert (row["name"], row["there"], row["node"]) == ("it", True, node)
    assert gone.exit_code == 0
    assert "missing" in gone.stdout


def test_drivers_are_listed_with_their_options() -> None:
    plain = device("list", "--drivers")
    (line,) = device("list", "--drivers", "--json").stdout.splitlines()

    drivers = {one["name"]: one for one in json.loads(line)["drivers"]}
    options = {one["name"]: one for one in drivers["pn532"]["options"]}
    assert options["gone_after"]["takes"] == "whole number from 1 to 50"
    assert options["gone_after"]["default"] == 3
    assert options["port"]["required"]
    assert drivers["wedge_card"]["library"] == "evdev"
    assert "  gone_after: whole number from 1 to 50; default 3" in plain.stdout
