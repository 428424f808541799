"""`tongjie device list`: what is configured and whether it is there; what could be."""

from __future__ import annotations

import json
from pathlib import Path

import click
import msgspec

from kiosk.cli.config import CONFIG_OPTION, load_or_fail
from kiosk.cli.device_drivers import DriverFacts, Option, drivers
from kiosk.cli.device_where import locate
from kiosk.config import Config, Device


class Row(msgspec.Struct, frozen=True):
    """One configured device; see `kiosk.cli.device_where.Place`."""

    name: str
    role: str
    driver: str
    address: str
    node: str
    there: bool | None
    reason: str


@click.command("list")
@CONFIG_OPTION
@click.option(
    "--drivers",
    "of_drivers",
    is_flag=True,
    help="Show instead every driver, with its options, and whether it can be used.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def list_devices(config: Path, *, of_drivers: bool, as_json: bool) -> None:
    """Show each configured device, and whether it is plugged in.

    Nothing is opened, so this works beside a running kiosk.
    """
    if of_drivers:
        _list_drivers(drivers(), as_json=as_json)
    else:
        _list_devices(load_or_fail(config), as_json=as_json)


def _list_devices(config: Config, *, as_json: bool) -> None:
    rows = [_row(device) for device in config.devices]
    if as_json:
        click.echo(msgspec.json.encode({"devices": rows}))
        return
    for row in rows:
        click.echo(_line(row))
    if not rows:
        click.echo("no device is configured")


def _row(device: Device) -> Row:
    place = locate(device.driver, device.options)
    return Row(
        device.name,
        device.role.value,
        device.driver,
        place.address,
        place.node,
        place.there,
        place.reason,
    )


def _line(row: Row) -> str:
    state = {True: "there", False: "missing", None: "unknown"}[row.there]
    words = (row.name, row.role, row.driver, row.address or "-", state)
    return "  ".join((*words, row.node or row.reason)).rstrip()


def _list_drivers(facts: list[DriverFacts], *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode({"drivers": facts}))
        return
    for driver in facts:
        click.echo(f"{driver.name}{_needs(driver)}")
        for option in driver.options:
            click.echo(f"  {option.name}: {option.takes}; {_default(option)}")


def _default(option: Option) -> str:
    if option.required:
        return "required"
    if option.default is None:
        return "not set by default"
    return f"default {json.dumps(option.default, ensure_ascii=False)}"


def _needs(driver: DriverFacts) -> str:
    if driver.problem:
        return f"  ({driver.problem})"
    if not driver.library:
        return ""
    state = "installed" if driver.installed else "not installed"
    return f"  (needs {driver.library}: {state})"
