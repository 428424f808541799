"""`tongjie device suggest` and `list` with devices plugged in, by what each says it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kiosk.cli import main
from tests.kernel.bed import Bed, Usb

ADAPTER = Usb(vendor="1A86", product="7523", place="1-1.2:1.0", subsystem="tty")
NUMBERED = Usb(
    vendor="0403", product="6001", serial="PAD01", place="1-1.4:1.0", subsystem="tty"
)
SYCREADER = Usb(vendor="08FF", product="0009", name="Sycreader", place="1-1.1:1.0")
UNKNOWN = Usb(vendor="1EAB", product="8203", name="HR32 BarCode", place="1-1.3:1.0")
PAD = Usb(vendor="0505", product="5050", place="1-1.5:1.0", subsystem="hidraw")
# Whatever else it has, it is the USB device itself that is looked for.
FEIG = Usb(vendor="0AB1", product="0004", place="1-1.6:1.0", subsystem="hidraw")
ACR122U = Usb(vendor="072F", product="2200", place="1-1.7:1.0", subsystem="hidraw")
ID_CARDS = Usb(vendor="0400", product="C35A", place="1-1.8:1.0", subsystem="hidraw")


def tongjie_device(*words: str) -> Any:
    result = CliRunner().invoke(main, ["device", *words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def suggested(*words: str) -> list[dict[str, Any]]:
    devices: list[dict[str, Any]] = tongjie_device("suggest", *words)["devices"]
    return devices


def test_known_devices_are_suggested_by_what_lasts(bed: Bed) -> None:
    for device in (SYCREADER, PAD, FEIG, ACR122U):
        bed.plug(device)

    found = {one["driver"]: one for one in suggested()}

    assert {driver: one["options"] for driver, one in found.items()} == {
        "wedge_card": {"port": "usb:08FF:0009"},
        "rfidstation": {"port": "usb:0505:5050"},
        "feig_obid": {"port": "usb://0AB1:0004"},
        "pcsc": {"reader": "ACR122"},
    }
    assert all(one["certain"] for one in found.values())
    assert "Sycreader" in found["wedge_card"]["words"]


def test_what_types_and_is_not_known_is_left_to_a_person(bed: Bed) -> None:
    bed.plug(UNKNOWN)

    (found,) = suggested()

    assert (found["driver"], found["certain"]) == ("wedge_scanner", False)
    assert found["options"] == {"port": "usb:1EAB:8203"}
    assert "HR32 BarCode" in found["words"]


def test_adapter_is_named_by_its_number_or_its_kind_or_its_place(bed: Bed) -> None:
    for device in (NUMBERED, ADAPTER):
        bed.plug(device)
    alone = {one["options"]["port"] for one in suggested("--no-probe")}
    bed.plug(Usb(vendor="1A86", product="7523", place="1-1.9:1.0", subsystem="tty"))
    twins = {one["options"]["port"] for one in suggested("--no-probe")}

    assert alone == {"usb:0403:6001:PAD01", "usb:1A86:7523"}
    assert twins == {
        "usb:0403:6001:PAD01",
        "usb:1A86:7523@1-1.2",
        "usb:1A86:7523@1-1.9",
    }


def test_device_that_no_driver_knows_is_named_with_the_reason(bed: Bed) -> None:
    bed.plug(ID_CARDS)

    (left,) = tongjie_device("suggest")["left_alone"]

    assert left["address"] == "usb://0400:C35A"
    assert "serial line" in left["reason"]


def test_list_says_where_an_address_leads(bed: Bed, tmp_path: Path) -> None:
    reader = bed.plug(SYCREADER)
    pad = bed.plug(PAD)
    bed.plug(FEIG)
    config = tmp_path / "kiosk.toml"
    config.write_text(
        "".join(
            f'[[device]]\nname = "{name}"\nrole = "{role}"\ndriver = "{driver}"\n'
            f'options = {{ port = "{port}" }}\n'
            for name, role, driver, port in (
                ("card", "card", "wedge_card", "usb:08FF:0009"),
                ("named", "card", "wedge_card", "name:Sycreader"),
                ("hid", "pad", "rfidstation", "usb:0505:5050"),
                ("bulk", "pad", "feig_obid", "usb://0ab1:0004"),
                ("gone", "pad", "feig_obid", "usb://0AB1:0005"),
                ("serial", "pad", "feig_obid", "usb:0403:6001"),
            )
        ),
        "utf-8",
    )

    rows = {
        row["name"]: row
        for row in tongjie_device("list", "--config", str(config))["devices"]
    }

    assert rows["card"]["node"] == rows["named"]["node"] == reader.path
    assert rows["hid"]["node"] == pad.path
    assert {name: row["there"] for name, row in rows.items()} == {
        "card": True,
        "named": True,
        "hid": True,
        "bulk": True,
        "gone": False,
        "serial": False,
    }
    assert "no such tty device" in rows["serial"]["reason"]


@pytest.mark.parametrize("line", ["auto", "hid"])
def test_what_is_said_to_a_hid_reader_is_written_down(
    bed: Bed, tmp_path: Path, line: str
) -> None:
    bed.plug(PAD)
    config, out = tmp_path / "kiosk.toml", tmp_path / "pad.trace"
    config.write_text(
        '[[device]]\nname = "pad"\nrole = "pad"\ndriver = "rfidstation"\n'
        f'options = {{ port = "usb:0505:5050", line = "{line}" }}\n',
        "utf-8",
    )
    words = ["device", "trace", "record", "pad", "--config", str(config)]

    result = CliRunner().invoke(main, [*words, "--out", str(out)])

    assert result.exit_code == 1
    assert "pad: " in result.stderr
    assert "no 7E55 reader" in result.stderr
    assert "> 7E 55 08 00 00 FF FF F7 00 BD 60  # version" in out.read_text("ascii")
