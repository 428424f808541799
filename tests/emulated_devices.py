"""One emulated device of each kind, with something to tell, at a serial port."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from drivers.api import (
    CardSeen,
    CodeScanned,
    DeviceEvent,
    Sense,
    SenseChanged,
    Tag,
    TagsOnPad,
)
from drivers.emulators import line_scanner
from drivers.emulators.bibliotheca import BibliothecaEmulator
from drivers.emulators.feig import FeigEmulator
from drivers.emulators.gm65 import Gm65Emulator
from drivers.emulators.honeywell import HoneywellEmulator
from drivers.emulators.line_scanner import LineScannerEmulator
from drivers.emulators.m100 import M100Emulator
from drivers.emulators.pn532 import Pn532Emulator
from drivers.emulators.pty import Answer, Pty
from drivers.emulators.r2000 import R2000Emulator
from drivers.emulators.receipt_printer import ReceiptPrinterEmulator
from drivers.emulators.rfidstation import RfidstationEmulator
from drivers.emulators.samv import SamvEmulator
from drivers.emulators.ssi import SsiEmulator
from drivers.emulators.tag import VirtualTag
from drivers.emulators.uhf_tag import UhfField, VirtualUhfTag
from drivers.emulators.uhfreader18 import UhfReader18Emulator

CODE = "9787020002207"
CARD = "B0864D25"
HF_TAG = "E00401500A1B2C3D"
#: An element of ISO 28560-2 that reads the same in no other order of bytes.
HF_MEMORY = bytes.fromhex("610842303030303030310000")
#: CULTU: PC word and EPC with an item of seven characters; the user bank.
UHF_BANK = bytes.fromhex("34001703000307") + b"B000001"
UHF_USER = bytes.fromhex("0C0228081004000100010000")

Send = Callable[[bytes], None]


def _nothing() -> None:
    """Most devices are asked; they do not speak first."""


@dataclass(frozen=True)
class Device:
    """`answer` is its side of the line; `act` has a scanner scan."""

    answer: Answer
    act: Callable[[], None] = _nothing


@dataclass(frozen=True)
class Kind:
    """`expected`: the first event that its driver tells of it."""

    driver: str
    role: str
    make: Callable[[Send], Device]
    expected: DeviceEvent


class _HfReader(Protocol):
    def place(self, tag: VirtualTag) -> None: ...

    def answer(self, received: bytes) -> Iterable[bytes]: ...


class _UhfReader(Protocol):
    field: UhfField

    def answer(self, received: bytes) -> Iterable[bytes]: ...


class _Scanner(Protocol):
    def scan(self, text: str) -> None: ...

    def answer(self, received: bytes) -> Iterable[bytes]: ...


def _hf(emulator: Callable[[], _HfReader]) -> Callable[[Send], Device]:
    def make(_send: Send) -> Device:
        reader = emulator()
        tag = VirtualTag(HF_TAG, 0x07, 0x06, memory=HF_MEMORY, block_count=8)
        reader.place(tag)
        return Device(reader.answer)

    return make


def _uhf(emulator: Callable[[], _UhfReader]) -> Callable[[Send], Device]:
    def make(_send: Send) -> Device:
        reader = emulator()
        reader.field.place(VirtualUhfTag(UHF_BANK, UHF_USER))
        return Device(reader.answer)

    return make


def _scanner(emulator: Callable[[Send], _Scanner]) -> Callable[[Send], Device]:
    def make(send: Send) -> Device:
        scanner = emulator(send)
        return Device(scanner.answer, lambda: scanner.scan(CODE))

    return make


def _pn532(_send: Send) -> Device:
    chip = Pn532Emulator()
    chip.place(CARD)
    return Device(chip.answer)


def _samv(_send: Send) -> Device:
    return Device(SamvEmulator().answer)


def _line_scanner(send: Send) -> Device:
    scanner = LineScannerEmulator(send)
    return Device(line_scanner.answer, lambda: scanner.scan(CODE))


def _printer(_send: Send) -> Device:
    return Device(ReceiptPrinterEmulator().answer)


_HF = Tag(HF_TAG, 0x07, 0x06, HF_MEMORY.ljust(32, b"\0"))
_UHF = Tag(UHF_BANK[2:].hex().upper(), 0x07, None, UHF_USER, 2, UHF_BANK)
_PAPER = SenseChanged(Sense.PAPER_OUT, active=False)

KINDS = (
    Kind("feig_obid", "pad", _hf(FeigEmulator), TagsOnPad((_HF,))),
    Kind(
        "rfidstation",
        "pad",
        _hf(partial(RfidstationEmulator, gap_s=0)),
        TagsOnPad((_HF,)),
    ),
    Kind("bibliotheca", "pad", _hf(BibliothecaEmulator), TagsOnPad((_HF,))),
    Kind("m100", "pad", _uhf(M100Emulator), TagsOnPad((_UHF,))),
    Kind("r2000", "pad", _uhf(R2000Emulator), TagsOnPad((_UHF,))),
    Kind("uhfreader18", "pad", _uhf(UhfReader18Emulator), TagsOnPad((_UHF,))),
    Kind("pn532", "card", _pn532, CardSeen(CARD)),
    Kind("gm65", "scanner", _scanner(Gm65Emulator), CodeScanned(CODE)),
    Kind("ssi", "scanner", _scanner(SsiEmulator), CodeScanned(CODE)),
    Kind("honeywell", "scanner", _scanner(HoneywellEmulator), CodeScanned(CODE)),
    Kind("line_scanner", "scanner", _line_scanner, CodeScanned(CODE)),
    Kind("escpos", "printer", _printer, _PAPER),
)
#: What it reads is personal, so that it has no trace.
PERSONAL = Kind("samv", "card", _samv, CardSeen(""))


@contextmanager
def plugged(kind: Kind, port: Path) -> Iterator[Device]:
    """The device at `port` as long as the context lasts."""

    def send(data: bytes) -> None:
        pty.send(data)

    device = kind.make(send)
    pty = Pty(port, device.answer)
    pty.start()
    try:
        yield device
    finally:
        pty.stop()
