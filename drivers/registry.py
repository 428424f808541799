"""Driver name → "module:class", imported only when a kiosk's configuration names it.

A driver class has a nested `Options` (msgspec struct, unknown keys forbidden)
and takes one as its only argument. Other packages add drivers through the
entry-point group `tongjie.drivers`; they can't replace one of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Protocol, cast

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
#: Module that only some devices need → the extra of this package that brings it.
EXTRAS: Mapping[str, str] = {
    "escpos": "printer",
    "evdev": "pi",
    "gpiozero": "pi",
    "picamera2": "camera",
    "pyudev": "pi",
    "smartcard": "pcsc",
    "usb1": "usb",
    "zxingcpp": "camera",
}


class DriverClass(Protocol):
    """What stands behind a name."""

    Options: type[msgspec.Struct]

    def __call__(self, options: msgspec.Struct, /) -> Driver: ...


def names() -> list[str]:
    """Every driver that can be configured, sorted."""
    return sorted({*BUILT_IN, *(point.name for point in _third_party())})


def create(name: str, options: Mapping[str, object]) -> Driver:
    """Make a closed driver.

    Raises BadOptions for an unknown name or option, for a driver that can't be imported,
    and for one that two packages claim.
    """
    factory = _factory(name)
    try:
        settings = msgspec.convert(dict(options), factory.Options, strict=True)
    except msgspec.ValidationError as err:
        raise BadOptions(f"driver {name!r}: {err}") from err
    return factory(settings)


def options_of(name: str) -> type[msgspec.Struct]:
    """What a driver can be told. Raises BadOptions as `create` does."""
    return _factory(name).Options


def _factory(name: str) -> DriverClass:
    """Import the class behind a name. Raises BadOptions when that can't be done."""
    point = _entry_point(name)
    whose = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
    try:
        loaded = point.load()
    except (ImportError, AttributeError, SyntaxError) as err:
        advice = _advice(err) if not point.dist else ""
        raise BadOptions(
            f"driver {name!r}{whose} can't be imported: {err}{advice}"
        ) from err
    if not hasattr(loaded, "Options"):
        raise BadOptions(f"driver {name!r}{whose}: {point.value} has no Options")
    return cast(DriverClass, loaded)


def _entry_point(name: str) -> EntryPoint:
    """Where the class is. A name of our own is ours, whoever else claims it."""
    if name in BUILT_IN:
        return EntryPoint(name, BUILT_IN[name], ENTRY_POINT_GROUP)
    claims = [point for point in _third_party() if point.name == name]
    if not claims:
        raise BadOptions(f"unknown driver {name!r}; known: {', '.join(names())}")
    if len(claims) > 1:
        packages = ", ".join(sorted(point.dist.name for point in claims if point.dist))
        raise BadOptions(f"driver {name!r} is in more than one package: {packages}")
    return claims[0]


def _advice(err: Exception) -> str:
    """Which extra of ours brings the module that is missing."""
    missing = (err.name or "") if isinstance(err, ImportError) else ""
    extra = EXTRAS.get(missing.partition(".")[0])
    return f"; install tongjie[{extra}]" if extra else ""


def _third_party() -> EntryPoints:
    return entry_points(group=ENTRY_POINT_GROUP)
