from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from drivers.registry import create
from kiosk.config import Config, Role, load

SAMPLE = Path(__file__).parents[2] / "systemd" / "kiosk.toml"


def test_the_sample_is_a_configuration_that_starts() -> None:
    config = load(SAMPLE)

    for device in config.devices:
        create(device.driver, device.options).close()


def test_the_sample_names_every_option_with_its_default() -> None:
    sample = tomllib.loads(SAMPLE.read_text("utf-8"))
    defaults = msgspec.to_builtins(Config())

    assert {key: value for key, value in sample.items() if key != "device"} == {
        key: value for key, value in defaults.items() if key != "device"
    }


def test_what_the_sample_only_shows_starts_too(tmp_path: Path) -> None:
    lines = SAMPLE.read_text("utf-8").splitlines()
    tables = ("[[device]]", "name =", "role =", "driver =", "options =")
    shown = [
        line.removeprefix("# ")
        for line in lines
        if line.startswith("# ") and line.removeprefix("# ").startswith(tables)
    ]
    example = tmp_path / "kiosk.toml"
    first = shown.index("[[device]]")
    example.write_text("\n".join(shown[first:]), "utf-8")

    config = load(example)

    assert {device.role for device in config.devices} == {Role.PRINTER, Role.POINT}
    for device in config.devices:
        create(device.driver, device.options).close()
    (card_options,) = tomllib.loads("\n".join(shown[:first])).values()
    create("pn532", card_options).close()
