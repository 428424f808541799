"""Driver name → "module:class", imported only when a kiosk's configuration names it.

A driver class has a nested `Options` (msgspec struct, unknown keys forbidden)
and takes one as its only argument. Other packages add drivers through the
entry-point group `tongjie.drivers`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, cast

import msgspec

from drivers.api import BadOptions, Driver

BUILT_IN: Mapping[str, str] = {
    "bibliotheca": "drivers.pads.bibliotheca:BibliothecaPad",
    "camera": "drivers.scanners.camera:CameraScanner",
    "escpos": "drivers.printers.receipt:ReceiptPrinter",
    "feig_obid": "drivers.pads.feig:FeigPad",
    "gm65": "drivers.scanners.gm65:Gm65Scanner",
    "gpio": "drivers.gpio.point:GpioPoint",
    "honeywell": "drivers.scanners.honeywell:HoneywellScanner",
    "line_scanner": "drivers.scanners.line:LineScanner",
    "m100": "drivers.pads.m100:M100Pad",
    "pcsc": "drivers.cards.pcsc:PcscReader",
    "pn532": "drivers.cards.pn532:Pn532Reader",
    "r2000": "drivers.pads.r2000:R2000Pad",
    "rfidstation": "drivers.pads.rfidstation:RfidstationPad",
    "samv": "drivers.cards.samv:SamvReader",
    "ssi": "drivers.scanners.ssi:SsiScanner",
    "uhfreader18": "drivers.pads.uhfreader18:UhfReader18Pad",
    "wedge_card": "drivers.cards.wedge:WedgeCardReader",
    "wedge_scanner": "drivers.scanners.wedge:WedgeScanner",
}
ENTRY_POINT_GROUP = "tongjie.drivers"


def names() -> list[str]:
    """Every driver that can be configured, sorted."""
    return sorted({*BUILT_IN, *(point.name for point in _third_party())})


def create(name: str, options: Mapping[str, object]) -> Driver:
    """Make a closed driver. Raises BadOptions for an unknown name or option."""
    factory = _factory(name)
    try:
        settings = msgspec.convert(dict(options), factory.Options, strict=True)
    except msgspec.ValidationError as err:
        raise BadOptions(f"driver {name!r}: {err}") from err
    return cast(Driver, factory(settings))


def options_of(name: str) -> type[msgspec.Struct]:
    """What a driver can be told. Raises BadOptions for an unknown name."""
    return cast(type[msgspec.Struct], _factory(name).Options)


def _factory(name: str) -> Any:
    if name in BUILT_IN:
        module, _, attribute = BUILT_IN[name].partition(":")
        return getattr(import_module(module), attribute)
    for point in _third_party():
        if point.name == name:
            return point.load()
    raise BadOptions(f"unknown driver {name!r}; known: {', '.join(names())}")


def _third_party() -> Any:
    return entry_points(group=ENTRY_POINT_GROUP)
