"""How the kiosk process is, as a file the agent carries to the hub."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from kiosk.service.ports import Storage


class Health(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Figures about the machine and its devices; nothing about a person."""

    ready: bool = False
    devices: Mapping[str, bool] = {}
    unhealed_tags: int = 0
    storage: Storage = Storage.ENOUGH
    free_bytes: int = 0
    memory_kib: int = 0


def health_path(folder: Path) -> Path:
    return folder / "health.json"


def save_health(folder: Path, health: Health) -> None:
    """Replace the file; it is worthless after a restart, so it is not flushed.

    Raises OSError where nothing can be written.
    """
    beside = health_path(folder).with_suffix(".new")
    beside.write_bytes(msgspec.json.encode(health))
    beside.replace(health_path(folder))


def load_health(folder: Path) -> Health:
    """Return what the kiosk last said; the default when it said nothing readable."""
    try:
        return msgspec.json.decode(health_path(folder).read_bytes(), type=Health)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Health()


def resident_kib() -> int:
    """Memory of this process in KiB (VmRSS)."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(row for row in status.splitlines() if row.startswith("VmRSS:"))
    return int(line.split()[1])
