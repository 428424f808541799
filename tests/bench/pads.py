"""Reading a stack of tags through each pad's driver, against the time its bytes take."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drivers import registry
from drivers.api import Driver, Tag, TagsOnPad
from drivers.emulators.bibliotheca import BibliothecaEmulator
from drivers.emulators.feig import FeigEmulator
from drivers.emulators.hf_field import HfField
from drivers.emulators.m100 import M100Emulator
from drivers.emulators.paced_line import BITS_8E1, BITS_8N1, PacedLine
from drivers.emulators.pty import Answer, Pty
from drivers.emulators.r2000 import R2000Emulator
from drivers.emulators.rfidstation import RfidstationEmulator
from drivers.emulators.tag import VirtualTag
from drivers.emulators.uhf_tag import UhfField
from drivers.emulators.uhfreader18 import UhfReader18Emulator
from drivers.tagdata.elements import OWNER, PII, TYPE_OF_USAGE
from drivers.tagdata.layout import compose
from tests.bench.figures import Figure
from tests.contract.uhf_rig import IsoTags

TAGS = 10
STACK = 12
#: Rounds in which a stack must have been read.
_MOST_ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Reader:
    """A pad's driver, its emulated reader and the line between them."""

    driver: str
    baud: int
    aim: float
    make: Callable[[], tuple[Answer, HfField | UhfField]]
    bits: int = BITS_8N1
    options: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""


def _hf(emulator: Any) -> tuple[Answer, HfField]:
    return emulator.answer, emulator


def _uhf(emulator: Any) -> tuple[Answer, UhfField]:
    return emulator.answer, emulator.field


READERS = (
    Reader("feig_obid", 38400, 1.10, lambda: _hf(FeigEmulator()), BITS_8E1),
    Reader("rfidstation", 38400, 1.15, lambda: _hf(RfidstationEmulator())),
    Reader("bibliotheca", 19200, 1.15, lambda: _hf(BibliothecaEmulator())),
    Reader("m100", 115200, 1.15, lambda: _uhf(M100Emulator())),
    Reader("r2000", 115200, 1.15, lambda: _uhf(R2000Emulator())),
    Reader("uhfreader18", 57600, 1.15, lambda: _uhf(UhfReader18Emulator())),
)


def measure(folder: Path, rounds: int) -> list[Figure]:
    """One figure a pad: the time until a stack is read, beside its time on the line."""
    return [_figure(reader, folder, rounds) for reader in READERS]


@contextmanager
def paced_pad(
    reader: Reader, folder: Path, tags: int
) -> Iterator[tuple[Driver, PacedLine, HfField | UhfField]]:
    """A pad that is open behind a paced line, with so many tags before it."""
    answer, on_pad = reader.make()
    line = PacedLine(answer, reader.baud, reader.bits)
    pty = Pty(folder / reader.driver, line)
    pty.start()
    pad = registry.create(reader.driver, {"port": str(pty.path), **reader.options})
    try:
        pad.open()
        lay(on_pad, tags)
        yield pad, line, on_pad
    finally:
        pad.close()
        pty.stop()


def lay(on_pad: HfField | UhfField, count: int) -> None:
    """Lay library tags as a county writes them; every one fits into eight blocks."""
    for number in range(1, count + 1):
        if isinstance(on_pad, UhfField):
            on_pad.place(IsoTags().make(number, 0x07))
        else:
            on_pad.place(_library_tag(number))


def _library_tag(number: int) -> VirtualTag:
    values = {PII: f"YL0417{number:06}", OWNER: "CN-620523", TYPE_OF_USAGE: "10"}
    return VirtualTag(
        f"E00401500000{number:04X}", afi=0x07, dsfid=0x06, memory=compose(values)
    )


def _figure(reader: Reader, folder: Path, rounds: int) -> Figure:
    ratios, walls, lines = [], [], []
    for _ in range(rounds):
        with paced_pad(reader, folder, TAGS) as (pad, line, _):
            line.restart()
            walls.append(_read_stack(pad, TAGS))
            lines.append(line.seconds)
            ratios.append(walls[-1] / lines[-1])
    middle = ratios.index(statistics.median_low(ratios))
    return Figure(
        name=f"{TAGS} tags read, {reader.driver}",
        unit="ms",
        value=walls[middle] * 1000,
        beside="its bytes on the line",
        reference=lines[middle] * 1000,
        rounds=rounds,
        aim=reader.aim,
        aim_is_ratio=True,
        note=reader.note,
    )


def _read_stack(pad: Driver, count: int) -> float:
    """Seconds from the first question until every tag has its memory."""
    started = time.monotonic()
    for _, event in zip(range(_MOST_ROUNDS), pad.events(), strict=False):
        if isinstance(event, TagsOnPad) and _read(event.tags, count):
            return time.monotonic() - started
    raise AssertionError(f"{count} tags were never read")


def _read(tags: tuple[Tag, ...], count: int) -> bool:
    return len(tags) == count and all(tag.memory for tag in tags)
