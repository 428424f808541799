"""Tell systemd how we are: sd_notify(3) in its documented datagram form."""

from __future__ import annotations

import contextlib
import os
import socket


def notify(state: str) -> None:
    """Send `READY=1`, `WATCHDOG=1` or `STOPPING=1`; silent outside systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    channel.setblocking(False)
    # A service manager that went away, or is slow, is no reason to stop lending.
    with channel, contextlib.suppress(OSError):
        channel.sendto(state.encode(), address)
