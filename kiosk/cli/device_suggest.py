"""`tongjie device suggest`: what is plugged in, as tables for kiosk.toml."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import click
import msgspec

from drivers.api import BadOptions, DeviceLost
from drivers.hotplug import Subsystem
from drivers.known_devices import NO_DRIVER, Bus, KnownDevice, look_up
from kiosk.cli.device_plugged import (
    Plugged,
    UsbDevice,
    plugged_at,
    plugged_in,
    usb_address,
    usb_devices,
)
from kiosk.cli.device_probe import Recognised, Unknown, probe
from kiosk.cli.device_toml import Suggestion, named, remark, table
from kiosk.config import Role

#: Ports on the board itself; a console may wait behind them, so they are not asked.
_ON_BOARD = ("serial0", "ttyAMA[0-9]*", "ttyS[0-9]*")


class LeftAlone(msgspec.Struct, frozen=True):
    """A port or device for which nothing can be suggested, and why."""

    address: str
    reason: str


@dataclass(frozen=True, slots=True)
class _Port:
    """A serial port; `usb` is None for one that is not on USB."""

    path: str
    usb: Plugged | None

    @property
    def address(self) -> str:
        return self.usb.address if self.usb else self.path

    @property
    def says(self) -> str:
        return self.usb.says if self.usb else self.path


@dataclass(slots=True)
class _Findings:
    devices: list[Suggestion] = field(default_factory=list)
    left_alone: list[LeftAlone] = field(default_factory=list)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
@click.option("--no-probe", is_flag=True, help="Ask no serial port what it is.")
@click.option(
    "--port",
    "ports",
    multiple=True,
    metavar="PATH",
    help="Look at this serial port alone, or at tcp://HOST:PORT; may be given again.",
)
def suggest(ports: tuple[str, ...], *, as_json: bool, no_probe: bool) -> None:
    """Print what to write into the configuration for what is plugged in.

    Serial ports are asked one protocol after the other, by questions that change
    nothing; a port that is in use is left alone. Ends with 1 when a port given by
    --port could not be looked at.
    """
    findings = _Findings()
    if ports:
        given = [_Port(port, plugged_at(port)) for port in dict.fromkeys(ports)]
        _look_at_ports(findings, given, asks=not no_probe)
    else:
        _look_around(findings, asks=not no_probe)
    devices = named(findings.devices)
    if as_json:
        whole = {"devices": devices, "left_alone": findings.left_alone}
        click.echo(msgspec.json.encode(whole))
    else:
        _print(devices, findings.left_alone)
    if ports and findings.left_alone:
        raise click.exceptions.Exit(1)


def _print(devices: list[Suggestion], left_alone: list[LeftAlone]) -> None:
    for device in devices:
        click.echo(f"{table(device)}\n")
    for one in left_alone:
        click.echo(remark(f"{one.address}: {one.reason}"))
    if not devices and not left_alone:
        click.echo(remark("nothing is plugged in that could be a device of a point"))


def _look_around(findings: _Findings, *, asks: bool) -> None:
    all_usb = usb_devices()
    for usb in all_usb:
        _look_at_usb(findings, usb, usb_address(usb, all_usb))
    for hid in plugged_in(Subsystem.HIDRAW):
        if hid.known is not None:
            findings.devices.append(_known(hid.known, hid.says, port=hid.address))
    findings.devices += map(_input, plugged_in(Subsystem.INPUT))
    ttys = [_Port(found.path, found) for found in plugged_in(Subsystem.TTY)]
    _look_at_ports(findings, ttys, asks=asks)
    findings.left_alone += (
        LeftAlone(port, "on the board; if no console is there, ask it by --port")
        for port in _ports_on_board()
    )


def _ports_on_board() -> Iterator[str]:
    for pattern in _ON_BOARD:
        # Elsewhere than on a Pi there are nodes without a port behind them.
        yield from (
            str(node)
            for node in sorted(Path("/dev").glob(pattern))
            if Path("/sys/class/tty", node.resolve().name, "device/of_node").exists()
        )


def _look_at_usb(findings: _Findings, usb: UsbDevice, address: str) -> None:
    for bus in (Bus.USB, Bus.PCSC):
        known = look_up(usb.vendor, usb.product, bus)
        if known is None:
            continue
        if known.driver == NO_DRIVER:
            findings.left_alone.append(LeftAlone(address, known.words))
        else:
            port = address if bus is Bus.USB else ""
            findings.devices.append(_known(known, usb.says, port=port))
    if usb.prints:
        words = f"{usb.says}: a printer, if it speaks ESC/POS"
        options = {"port": address}
        findings.devices.append(
            Suggestion("", Role.PRINTER, "escpos", options, words, certain=False)
        )


def _known(known: KnownDevice, says: str, *, port: str) -> Suggestion:
    options = {**({"port": port} if port else {}), **known.options}
    words = f"{known.words}; {says}"
    return Suggestion("", Role(known.role), known.driver, options, words)


def _input(found: Plugged) -> Suggestion:
    if found.known is not None:
        return _known(found.known, found.says, port=found.address)
    return Suggestion(
        "",
        Role.SCANNER,
        "wedge_scanner",
        {"port": found.address},
        f"{found.says} types digits: a scanner, a card reader, or a person's keyboard",
        certain=False,
    )


def _look_at_ports(findings: _Findings, ports: Sequence[_Port], *, asks: bool) -> None:
    """All at the same time: most of it is waiting for devices that do not answer."""
    if not ports:
        return
    look = _ask if asks else _pass_by
    with ThreadPoolExecutor(len(ports), thread_name_prefix="probe") as pool:
        for answer in pool.map(look, ports):
            if isinstance(answer, LeftAlone):
                findings.left_alone.append(answer)
            else:
                findings.devices.append(answer)


def _ask(port: _Port) -> Suggestion | LeftAlone:
    def tell(words: str) -> None:
        click.echo(f"{port.path}: {words}", err=True)

    try:
        return _serial(probe(port.path, progress=tell), port)
    except (BadOptions, DeviceLost) as err:
        return LeftAlone(port.address, str(err))


def _pass_by(port: _Port) -> Suggestion:
    words = f"{port.says}: was not asked what it is"
    return _line_scanner(port, words, certain=False)


def _serial(answer: Recognised | Unknown, port: _Port) -> Suggestion:
    if isinstance(answer, Unknown):
        words = f"{port.says}: {_why_unknown(answer)}"
        return _line_scanner(port, words, certain=answer.looks_like_a_scanner)
    options = {"port": port.address, **answer.options}
    words = f"{port.says}: answers as {answer.driver}"
    return Suggestion("", answer.role, answer.driver, options, words)


def _line_scanner(port: _Port, words: str, *, certain: bool) -> Suggestion:
    options = {"port": port.address}
    return Suggestion("", Role.SCANNER, "line_scanner", options, words, certain)


def _why_unknown(answer: Unknown) -> str:
    if answer.looks_like_a_scanner:
        return "sent lines of text by itself, as a scanner does"
    if answer.looks_like_scan_mode:
        return "a reader in scan mode; set it to host mode with its maker's program"
    if answer.heard:
        return f"answers nothing known, but sent {len(answer.heard)} bytes by itself"
    return "answers nothing; a scanner, perhaps, if one is plugged in there"
