"""`tongjie device test`: one device by itself, without a kiosk around it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import msgspec

from drivers.api import (
    Beep,
    CommandRefused,
    Driver,
    DriverError,
    Feedback,
    Light,
    NoAnswer,
    Printer,
    PrintOutcome,
    Slip,
    Triggered,
)
from drivers.registry import create
from kiosk.cli.config import CONFIG_OPTION, load_or_fail
from kiosk.cli.device_events import Facts, Teller, line
from kiosk.config import Config, Device

#: How long each light is shown.
LIGHT_S = 1.0
_STOP_THE_KIOSK = "if the kiosk runs, stop it first: sudo systemctl stop tongjie-kiosk"
_TEST_SLIP = Slip(
    "测试 Test",
    ("本机打印正常。", "This printer works.", "0123456789 ABCDEFGHIJ abcdefghij"),
    qr="TEST",
)

Tell = Callable[[Facts], None]


@click.command()
@click.argument("name")
@CONFIG_OPTION
@click.option(
    "--seconds",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0, max=3600),
    help="How long to listen.",
)
@click.option("--full", is_flag=True, help="Show codes and tags whole; cards never.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def test(name: str, config: Path, seconds: float, *, full: bool, as_json: bool) -> None:
    """Open one device and show what it tells.

    A printer prints a slip, lights are shown one after the other, and a scanner that
    waits for a trigger gets one. A lock stays locked.
    """
    device = configured(load_or_fail(config), name)
    tell = teller(as_json=as_json)
    with naming(name), opened(device) as driver:
        tell({"event": "open", "device": name, "driver": device.driver})
        _exercise(driver, tell)
        listen(driver, seconds, Teller(full=full), tell)


def configured(config: Config, name: str) -> Device:
    """The device of that name. Ends the command when there is none."""
    for device in config.devices:
        if device.name == name:
            return device
    known = ", ".join(device.name for device in config.devices) or "none"
    raise click.ClickException(f"no device {name!r} is configured; there are: {known}")


def teller(*, as_json: bool) -> Tell:
    """Prints facts, one line each."""

    def tell(facts: Facts) -> None:
        click.echo(msgspec.json.encode(facts) if as_json else line(facts))

    return tell


@contextmanager
def naming(name: str) -> Iterator[None]:
    """Whatever goes wrong with a device ends the command with its name and the reason."""
    try:
        yield
    except ImportError as err:
        raise click.ClickException(
            f"{name}: the Python package {err.name!r} is not installed"
        ) from err
    except DriverError as err:
        hint = f"; {_STOP_THE_KIOSK}" if _is_taken(err) else ""
        raise click.ClickException(f"{name}: {err}{hint}") from err


@contextmanager
def opened(device: Device) -> Iterator[Driver]:
    """The device's driver, open."""
    driver = create(device.driver, device.options)
    try:
        driver.open()
        yield driver
    finally:
        driver.close()


def listen(driver: Driver, seconds: float, events: Teller, tell: Tell) -> None:
    """Tell what the device tells, for so long."""
    deadline = time.monotonic() + seconds
    steps = driver.events()
    while time.monotonic() < deadline:
        event = next(steps)
        if event is not None and (facts := events.facts(event)) is not None:
            tell(facts)
        left_s = max(deadline - time.monotonic(), 0)
        time.sleep(min(driver.poll_interval_s, left_s))


def _exercise(driver: Driver, tell: Tell) -> None:
    if isinstance(driver, Printer):
        _print(driver, tell)
    if isinstance(driver, Feedback):
        _show_lights(driver, tell)
    if isinstance(driver, Triggered):
        _trigger(driver, tell)


def _print(printer: Printer, tell: Tell) -> None:
    outcome = printer.print_slip(_TEST_SLIP)
    tell({"event": "test_slip", "outcome": outcome.value})
    if outcome is not PrintOutcome.PRINTED:
        reason = outcome.value.replace("_", " ")
        raise DriverError(f"the test slip was not printed: {reason}")


def _show_lights(lamps: Feedback, tell: Tell) -> None:
    for light in Light:
        tell({"event": "light", "light": light.value})
        lamps.show(light)
        time.sleep(LIGHT_S)
    lamps.show(Light.READY)
    lamps.beep(Beep.DONE)


def _trigger(scanner: Triggered, tell: Tell) -> None:
    """A scanner that looks by itself may refuse it."""
    try:
        scanner.trigger()
        tell({"event": "triggered"})
    except (CommandRefused, NoAnswer) as err:
        tell({"event": "not_triggered", "reason": str(err)})


def _is_taken(err: DriverError) -> bool:
    """As the kernel, libusb and the GPIO library say it."""
    return any(words in str(err).lower() for words in ("in use", "busy"))
