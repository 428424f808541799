from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

import msgspec
import pytest

from drivers import registry
from drivers.api import BadOptions, TagWriter

#: What each built-in driver needs at least; a new one takes its line here.
LEAST: Mapping[str, Mapping[str, object]] = {
    "bibliotheca": {"port": "/dev/pad"},
    "feig_obid": {"port": "/dev/pad"},
    "gpio": {},
    "line_scanner": {"port": "/dev/scanner"},
    "m100": {"port": "/dev/pad"},
    "pcsc": {},
    "pn532": {"port": "/dev/card"},
    "samv": {"port": "/dev/card"},
    "r2000": {"port": "/dev/pad"},
    "uhfreader18": {"port": "/dev/pad"},
    "rfidstation": {"port": "/dev/pad"},
    "camera": {"port": "picamera2:0"},
    "gm65": {"port": "/dev/scanner"},
    "honeywell": {"port": "/dev/scanner"},
    "ssi": {"port": "/dev/scanner"},
    "wedge_card": {"port": "usb:FFFF:0035"},
    "wedge_scanner": {"port": "usb:1EAB:8203"},
}


def test_every_built_in_driver_is_known_by_name() -> None:
    assert set(registry.BUILT_IN) <= set(registry.names())
    assert registry.names() == sorted(registry.names())


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_a_driver_is_made_closed_from_its_least_options(name: str) -> None:
    driver = registry.create(name, LEAST.get(name, {"port": "/dev/device"}))

    assert driver.poll_interval_s >= 0
    driver.close()


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_options_are_typed_and_closed(name: str) -> None:
    module, _, attribute = registry.BUILT_IN[name].partition(":")
    options = getattr(import_module(module), attribute).Options

    assert options.__struct_config__.frozen
    assert options.__struct_config__.forbid_unknown_fields
    assert all(field.type is not object for field in msgspec.structs.fields(options))


@pytest.mark.parametrize("name", registry.BUILT_IN)
def test_an_unknown_option_is_named_with_its_driver(name: str) -> None:
    with pytest.raises(BadOptions, match=rf"{name}.*colour"):
        registry.create(name, {**LEAST.get(name, {}), "colour": "red"})


@pytest.mark.parametrize("name", [name for name in LEAST if "port" in LEAST[name]])
def test_a_missing_port_is_named(name: str) -> None:
    with pytest.raises(BadOptions, match=rf"{name}.*port"):
        registry.create(name, {})


@pytest.mark.parametrize("port", [3, None, ["/dev/pad"]])
def test_a_wrong_type_is_named(port: object) -> None:
    with pytest.raises(BadOptions, match=r"feig_obid.*\$\.port"):
        registry.create("feig_obid", {"port": port})


def test_an_unknown_driver_is_answered_with_those_there_are() -> None:
    with pytest.raises(BadOptions, match=r"'abacus'; known: .*feig_obid.*pn532"):
        registry.create("abacus", {})


def test_only_a_pad_writes_tags() -> None:
    pad = registry.create("feig_obid", LEAST["feig_obid"])
    reader = registry.create("pn532", LEAST["pn532"])

    assert isinstance(pad, TagWriter)
    assert not isinstance(reader, TagWriter)
