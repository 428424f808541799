from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from drivers.registry import create
from kiosk.config import Config, load

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
