"""`tongjie device` and one configured device, emulated at a real port."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from kiosk.cli import main
from kiosk.cli.device_toml import Suggestion, table
from kiosk.config import Role
from tests.emulated_devices import KINDS, Kind, plugged

BY_NAME = {kind.driver: kind for kind in KINDS}
#: Long enough for the first events, over and over again for a scanner.
SECONDS = ("--seconds", "0.4")


def device(*words: str) -> Result:
    return CliRunner().invoke(main, ["device", *words])


def configure(folder: Path, driver: str, role: str = "pad", **options: object) -> Path:
    """A configuration with one device, called "it"."""
    path = folder / "kiosk.toml"
    suggestion = Suggestion("it", Role(role), driver, options, "made for a test")
    path.write_text(table(suggestion), "utf-8")
    return path


@contextmanager
def acting(act: Callable[[], None]) -> Iterator[None]:
    """Have a scanner scan every now and then."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(0.05):
            act()

    thread = threading.Thread(target=go_on, name="acting")
    thread.start()
    yield
    over.set()
    thread.join()


@contextmanager
def configured(kind: Kind, folder: Path) -> Iterator[Path]:
    """The device at a port, doing what it does, and the configuration for it."""
    port = folder / "port"
    with plugged(kind, port) as made, acting(made.act):
        yield configure(folder, kind.driver, kind.role, port=str(port))


def events(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]
