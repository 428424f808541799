"""An nbdkit plugin: a disk with a write cache that loses its content at a power cut.

Runs inside nbdkit's own Python, so it stands alone. A write goes to the cache; a flush
makes it last. The file `power` rules: `on` or nothing, `off`, or a number of writes and
flushes after which it is off. Then both fail, and nothing can be acknowledged any more.
What was not flushed is lost or kept sector by sector, by the dice of `seed`; of a sector
that was written several times since the last flush any of the contents may be what is
found. So pages of a database come out torn. `lying=1`: flushes are acknowledged and
ignored.
"""

from __future__ import annotations

import builtins
import errno
import json
import os
import random
from pathlib import Path

import nbdkit

API_VERSION = 2
#: What a disk writes as a whole or not at all.
SECTOR_BYTES = 512
#: How many of the unflushed sectors survive: none, some, all.
CHANCES = (0.0, 0.2, 0.5, 0.8, 1.0)

_settings = {"lying": "0"}
_image: dict[str, int] = {}
#: Sector number → what was written there since the last flush, oldest first.
_cache: dict[int, list[bytes]] = {}
_counts = {"requests": 0, "armed_at": 0}


def config(key: str, value: str) -> None:
    _settings[key] = value


def get_ready() -> None:
    _image["fd"] = os.open(_settings["image"], os.O_RDWR)
    _image["size"] = os.fstat(_image["fd"]).st_size


def thread_model() -> int:
    return int(nbdkit.THREAD_MODEL_SERIALIZE_ALL_REQUESTS)


def open(readonly: bool) -> int:  # noqa: A001, ARG001, FBT001  (nbdkit's names)
    return 1


def get_size(_handle: int) -> int:
    return _image["size"]


def can_flush(_handle: int) -> bool:
    return True


def can_fua(_handle: int) -> int:
    return int(nbdkit.FUA_EMULATE)


def pread(_handle: int, buffer: bytearray, offset: int, _flags: int) -> None:
    content = bytearray(os.pread(_image["fd"], len(buffer), offset))
    first, end = offset // SECTOR_BYTES, (offset + len(buffer)) // SECTOR_BYTES
    for sector in range(first, end):
        if sector in _cache:
            start = sector * SECTOR_BYTES - offset
            content[start : start + SECTOR_BYTES] = _cache[sector][-1]
    buffer[:] = content


def pwrite(_handle: int, buffer: bytearray, offset: int, _flags: int) -> None:
    _count_or_fail()
    content = bytes(buffer)
    for start in range(0, len(content), SECTOR_BYTES):
        sector = (offset + start) // SECTOR_BYTES
        versions = _cache.setdefault(sector, [])
        versions.append(content[start : start + SECTOR_BYTES])


def flush(_handle: int, _flags: int) -> None:
    _count_or_fail()
    if _settings["lying"] != "1":
        for sector, versions in _cache.items():
            _persist(sector, versions[-1])
        _cache.clear()


def cleanup() -> None:
    """The power is gone, or the disk is taken out."""
    dice = random.Random(int(_settings["seed"]))
    chance = dice.choice(CHANCES)
    kept = 0
    for sector, versions in sorted(_cache.items()):
        if dice.random() < chance:
            _persist(sector, dice.choice(versions))
            kept += 1
    report = {**_counts, "unflushed": len(_cache), "kept": kept}
    Path(_settings["report"]).write_text(json.dumps(report), "ascii")


def _count_or_fail() -> None:
    power = Path(_settings["power"])
    state = power.read_text("ascii")
    if state.isdecimal():
        _counts["armed_at"] = _counts["armed_at"] or _counts["requests"]
        if _counts["requests"] - _counts["armed_at"] >= int(state):
            state = "off"
            power.write_text(state, "ascii")
    if state == "off":
        nbdkit.set_error(errno.EIO)
        raise builtins.OSError(errno.EIO, "the power is gone")
    _counts["requests"] += 1


def _persist(sector: int, content: bytes) -> None:
    os.pwrite(_image["fd"], content, sector * SECTOR_BYTES)
