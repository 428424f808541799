"""What the C library keeps can only be seen from outside: each test asks a process."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import hashlib
from kiosk.health import resident_kib
from kiosk.memory import use_sparingly

use_sparingly()
before = resident_kib()
for number in range(4):
    hashlib.scrypt(b"card", salt=bytes([number]), n=1 << 14, r=8, p=1, maxmem=1 << 26)
print(resident_kib() - before)
"""
#: One identification takes 16 MiB for a moment; this much may stay.
MOST_KEPT_KIB = 4096


def test_memory_of_identifying_cards_is_given_back() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) < MOST_KEPT_KIB
