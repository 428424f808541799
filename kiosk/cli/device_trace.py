"""`tongjie device trace`: a conversation with a device as a file, and back."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import click
import msgspec

from drivers.api import BadOptions, DeviceLost, Driver, DriverError
from drivers.hotplug import USB, Subsystem, find_node
from drivers.registry import create
from drivers.transports.address import RECORD, REPLAY
from drivers.transports.trace import TraceOver
from kiosk.cli.config import CONFIG_OPTION, load_or_fail
from kiosk.cli.device_events import Teller
from kiosk.cli.device_remarks import add_remarks
from kiosk.cli.device_try import Tell, configured, listen, naming, opened, teller
from kiosk.cli.device_where import subsystem_of
from kiosk.config import Device

#: Why some drivers have no trace.
_UNTRACEABLE: Mapping[str, str] = {
    "camera": "a camera sends pictures, which are never stored",
    "gpio": "pins carry no bytes",
    "pcsc": "its reader is spoken to by pcscd, not by us",
    "samv": (
        "what the identity card module says is personal, and must not be written to "
        "any file"
    ),
    "wedge_card": "a device that types sends key presses, not bytes",
    "wedge_scanner": "a device that types sends key presses, not bytes",
}
#: Steps in a row that bring nothing: the trace waits for a question that never comes.
_IDLE_STEPS = 200


@click.group()
def trace() -> None:
    """Write down a conversation with a device, and play it again."""


@trace.command()
@click.argument("name")
@CONFIG_OPTION
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that does not exist yet.",
)
@click.option(
    "--seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0, max=3600),
    help="How long to listen.",
)
def record(name: str, config: Path, out: Path, seconds: float) -> None:
    """Open the device NAME and write down all that passes.

    The file holds the numbers of the cards and codes that are read meanwhile, so use
    test cards. It is kept when the device can't be opened: it says why.
    """
    device = configured(load_or_fail(config), name)
    tell = teller(as_json=False)
    with naming(name):
        recorded = _recorded(device, out)
        _begin(out, device)
        try:
            with opened(recorded) as driver:
                listen(driver, seconds, Teller(), tell)
        finally:
            add_remarks(out, device.driver)
    click.echo(f"written to {out}")


@trace.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--driver", required=True, help="Which driver is to hear it.")
@click.option(
    "--options",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the driver, as in kiosk.toml; may be given again.",
)
@click.option("--full", is_flag=True, help="Show codes and tags whole; cards never.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def replay(
    file: Path, driver: str, settings: tuple[str, ...], *, full: bool, as_json: bool
) -> None:
    """Show what a driver makes of the trace in FILE.

    Ends with 1 when the driver asks something else than was asked then.
    """
    options = dict(map(_option, settings))
    with naming(f"{driver} with {file}"):
        _refuse_untraceable(driver)
        player = create(driver, {**options, "port": f"{REPLAY}{file}"})
        _play(player, Teller(full=full), teller(as_json=as_json))


def _recorded(device: Device, out: Path) -> Device:
    """The same device, written down on its way. Raises BadOptions."""
    _refuse_untraceable(device.driver)
    if ":" in str(out):
        raise BadOptions(f"the name of a trace has no colon: {out}")
    address = str(device.options.get("port", ""))
    options = dict(device.options)
    if subsystem_of(device.driver, options) is Subsystem.HIDRAW:
        # The node itself, as the recorder does not know what the driver takes it for.
        address = _hid_node(address)
        options.pop("line", None)
    options["port"] = f"{RECORD}{out}:{address}"
    return msgspec.structs.replace(device, options=options)


def _hid_node(address: str) -> str:
    if address.startswith(USB):
        return find_node(address, Subsystem.HIDRAW)
    return str(Path(address).resolve())


def _refuse_untraceable(driver: str) -> None:
    if driver in _UNTRACEABLE:
        raise BadOptions(f"{driver} has no trace: {_UNTRACEABLE[driver]}")


def _begin(out: Path, device: Device) -> None:
    try:
        # Nobody else's to read, for the numbers in it.
        out.touch(mode=0o600, exist_ok=False)
        out.write_text(
            f"# {device.driver}, recorded by tongjie device trace\n", "ascii"
        )
    except OSError as err:
        raise DriverError(f"{out}: {err.strerror}") from err


def _option(text: str) -> tuple[str, object]:
    """One "key=value"; a value that is no TOML is text, so that it needs no quotes."""
    key, equals, value = text.partition("=")
    key, value = key.strip(), value.strip()
    if not equals or not key:
        raise click.BadParameter(f"{text!r} is not KEY=VALUE", param_hint="--options")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def _play(driver: Driver, events: Teller, tell: Tell) -> None:
    """Tell all that comes out of it. Raises DriverError unless the trace was said."""
    try:
        driver.open()
        idle = 0
        for event in driver.events():
            idle = 0 if event else idle + 1
            if event and (facts := events.facts(event)) is not None:
                tell(facts)
            if idle == _IDLE_STEPS:
                raise DeviceLost("it waits for a question that the driver never asks")
    except TraceOver:
        return
    finally:
        driver.close()
