"""From an address in the configuration to an open transport."""

from __future__ import annotations

from urllib.parse import urlsplit

from drivers.api import BadOptions
from drivers.transports import Transport
from drivers.transports.serial_port import SerialPort, SerialSettings
from drivers.transports.tcp import TcpStream

_TCP = "tcp://"


def open_address(address: str, settings: SerialSettings | None = None) -> Transport:
    """Open "/dev/…" with `settings`, or "tcp://host:port".

    Raises DeviceLost when the device is not there, BadOptions for an address that
    is neither of the two.
    """
    if address.startswith(_TCP):
        return TcpStream(*_host_and_port(address))
    if address.startswith("/"):
        return SerialPort(address, settings)
    raise BadOptions(f"address {address!r} is neither /dev/… nor tcp://host:port")


def _host_and_port(address: str) -> tuple[str, int]:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as err:
        raise BadOptions(f"address {address!r}: {err}") from err
    if not host or not port or parts.path:
        raise BadOptions(f"address {address!r} is not tcp://host:port")
    return host, port
