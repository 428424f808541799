"""The kiosk's configuration: one TOML file, every key known, typed and ranged."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Port = Annotated[int, Meta(ge=0, le=65535)]
Seconds = Annotated[float, Meta(gt=0, le=3600)]


class BadConfig(ValueError):
    """The configuration can't be used; the text names file and key."""


class Ui(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The touchscreen's server. It always binds to 127.0.0.1; port 0 takes a free one."""

    port: Port = 8080
    locale: str = "zh_Hans"
    idle_s: Seconds = 60
    warning_s: Annotated[float, Meta(ge=20, le=600)] = 20


class Sync(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The way to the hub. `hub` is empty where no network is: sticks go instead."""

    hub: str = ""
    poll_s: Seconds = 15
    timeout_s: Seconds = 10


class Lending(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the pad is read and how long the hub may take to answer an ask.

    `card_stays`: the card lies on a flat reader during the visit, so taking it
    away ends the session at once; else it is only tapped. `unlocks`: a patron who may
    borrow opens the lock of the point's cabinet or door.
    """

    ask_budget_s: Annotated[float, Meta(ge=0, le=10)] = 1.5
    stable_rounds: Annotated[int, Meta(ge=1, le=20)] = 3
    missed_rounds: Annotated[int, Meta(ge=1, le=20)] = 3
    card_stays: bool = False
    unlocks: bool = False
    max_books: Annotated[int, Meta(ge=1, le=30)] = 8


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The room of the data folder and how long it is kept full.

    `reserve_mib`: kept free for returns, at most a tenth of the partition.
    `quota_mib`: the kiosk's share of the partition; 0 is all of it. `keep_days`:
    acknowledged events stay so long, for a hub that was restored from a backup.
    """

    reserve_mib: Annotated[int, Meta(ge=1, le=1024)] = 16
    quota_mib: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    keep_days: Annotated[int, Meta(ge=7, le=3650)] = 90


class Role(enum.StrEnum):
    """What a device is for; says which words the screen uses when it fails.

    POINT: lights, buzzer, contacts and locks, which fail without a word.
    """

    PAD = "pad"
    CARD = "card"
    SCANNER = "scanner"
    PRINTER = "printer"
    POINT = "point"


class Device(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One device: a name of its own, its role, a driver of `drivers.registry`, options."""

    name: Annotated[str, Meta(min_length=1, max_length=32)]
    role: Role
    driver: str
    options: dict[str, Any] = {}


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file. `data` holds both databases, the device key and the run files."""

    data: str = "/var/lib/tongjie"
    ui: Ui = Ui()
    sync: Sync = Sync()
    lending: Lending = Lending()
    storage: Storage = Storage()
    devices: tuple[Device, ...] = msgspec.field(name="device", default=())

    @property
    def folder(self) -> Path:
        return Path(self.data)


def load(path: Path) -> Config:
    """Read a configuration file. Raises BadConfig naming the file and the key."""
    try:
        text = path.read_bytes()
    except OSError as err:
        raise BadConfig(f"{path}: {err.strerror}") from err
    try:
        config = msgspec.toml.decode(text, type=Config)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise BadConfig(f"{path}: {err}") from err
    _refuse_twins(path, config)
    return config


def _refuse_twins(path: Path, config: Config) -> None:
    names = [device.name for device in config.devices]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise BadConfig(f"{path}: two devices are called {', '.join(twins)}")
