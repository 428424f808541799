"""A device that does not prove itself when it is opened is let go, and called lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from drivers.api import CommandRefused, DeviceLost, DriverError, ProtocolError


class Closable(Protocol):
    def close(self) -> None:
        """Twice is fine."""


@contextmanager
def proving(device: Closable, what: str) -> Iterator[None]:
    """Close a device that can't be made ready.

    Raises DeviceLost for one that answers nothing, nonsense or no: it is no `what`.
    """
    try:
        yield
    except (ProtocolError, CommandRefused) as err:
        device.close()
        raise DeviceLost(f"no {what}: {err}") from err
    except DriverError:
        device.close()
        raise
