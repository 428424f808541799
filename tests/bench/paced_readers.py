"""Emulated pads behind paced lines, each in a process of its own.

`python -m tests.bench.paced_readers DRIVER PORT TAGS` lays so many tags, prints a
line when the port is there, and answers every line it reads with the seconds that
the line was in use since the line before.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from tests.contract.uhf_rig import IsoTags


@dataclass(frozen=True, slots=True)
class Reader:
    """A kind of reader on its usual line. `aim`: of the time over the line's time.

    `gap_s`: the least time between two requests that its protocol asks for.
    """

    baud: int
    make: Callable[[], tuple[Answer, HfField | UhfField]]
    bits: int = BITS_8N1
    aim: float = 1.15
    gap_s: float = 0.0


def _hf(emulator: Any) -> tuple[Answer, HfField]:
    return emulator.answer, emulator


def _uhf(emulator: Any) -> tuple[Answer, UhfField]:
    return emulator.answer, emulator.field


READERS: Mapping[str, Reader] = {
    "feig_obid": Reader(38400, lambda: _hf(FeigEmulator()), BITS_8E1, aim=1.10),
    "rfidstation": Reader(38400, lambda: _hf(RfidstationEmulator()), gap_s=0.05),
    "bibliotheca": Reader(19200, lambda: _hf(BibliothecaEmulator())),
    # A round of sixteen slots; how many tags get one of their own is chance.
    "m100": Reader(115200, lambda: _uhf(M100Emulator(tags_per_poll=16))),
    "r2000": Reader(115200, lambda: _uhf(R2000Emulator())),
    "uhfreader18": Reader(57600, lambda: _uhf(UhfReader18Emulator())),
}


@dataclass(frozen=True, slots=True)
class Line:
    """The line to a reader in another process."""

    port: Path
    process: subprocess.Popen[str]

    def busy(self) -> tuple[float, int]:
        """Seconds that the line was in use, and requests, since this was asked last."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        seconds, requests = self.process.stdout.readline().split()
        return float(seconds), int(requests)


@contextmanager
def paced_reader(driver: str, folder: Path, tags: int) -> Iterator[Line]:
    """A reader with so many tags before it, until the end of the block."""
    port = folder / driver
    command = [sys.executable, "-m", __name__, driver, str(port), str(tags)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield Line(port, process)
        process.terminate()


def main(driver: str, port: str, tags: str) -> None:
    reader = READERS[driver]
    answer, on_pad = reader.make()
    lay(on_pad, int(tags))
    line = PacedLine(answer, reader.baud, reader.bits)
    pty = Pty(Path(port), line)
    pty.start()
    print("ready", flush=True)  # noqa: T201  (for the process that asked)
    for _ in sys.stdin:
        print(*line.restart(), flush=True)  # noqa: T201


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


if __name__ == "__main__":
    main(*sys.argv[1:])
