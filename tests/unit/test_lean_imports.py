"""A kiosk loads the library of a device only when it has such a device."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import kiosk.daemon
from drivers.registry import create
for driver in ("feig_obid", "pn532", "line_scanner", "escpos", "gpio", "camera", "pcsc"):
    create(driver, {"port": "/dev/x"} if driver not in ("gpio", "pcsc") else {})
print(*sys.modules)
"""
ON_DEMAND = {
    "PIL",
    "escpos",
    "segno",
    "zxingcpp",
    "gpiozero",
    "smartcard",
    "evdev",
    "usb1",
}


def test_no_library_of_a_device_is_loaded_before_it_is_opened() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )

    assert {name.partition(".")[0] for name in done.stdout.split()} & ON_DEMAND == set()
