"""Records `tests/traces` anew, from our emulators: python -m tests.record_traces.

Needed when a driver asks in another way than before; look at what has changed.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from drivers import registry
from kiosk.cli.device_remarks import add_remarks
from tests.contract.listening import listen, until
from tests.emulated_devices import KINDS, Kind, plugged

TRACES = Path(__file__).parent / "traces"
_ORIGIN = "recorded from the emulator in drivers/emulators, not from a device"


def record(kind: Kind, folder: Path) -> None:
    """Everything from `open` to the first event."""
    path = TRACES / f"{kind.driver}.trace"
    path.write_text(f"# {kind.driver}: {_ORIGIN}\n", "ascii")
    with plugged(kind, folder / kind.driver) as device:
        port = f"record:{path}:{folder / kind.driver}"
        driver = registry.create(kind.driver, {"port": port})
        driver.open()
        device.act()
        until(listen(driver), kind.expected)
        driver.close()
    add_remarks(path, kind.driver)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as ports:
        for each in KINDS:
            record(each, Path(ports))
