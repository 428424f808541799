"""The bench: books, cards and labels in front of emulated devices on ptys."""

from __future__ import annotations

import enum
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drivers.emulators.bad_line import BadLine, Trouble
from drivers.emulators.feig import FeigEmulator
from drivers.emulators.hf_field import Fault as PadFault
from drivers.emulators.line_scanner import LineScannerEmulator
from drivers.emulators.line_scanner import answer as scanner_answer
from drivers.emulators.pn532 import Fault as CardFault
from drivers.emulators.pn532 import Pn532Emulator
from drivers.emulators.pty import Pty
from drivers.emulators.receipt_printer import ReceiptPrinterEmulator
from drivers.emulators.tag import VirtualTag
from kiosk.demo.bench_books import BenchBook
from kiosk.demo.people import PatronRow

NONE, UNPLUG = "none", "unplug"
#: What it takes to move a stack of books, or a card, by hand.
HAND_S = 0.6
#: Faults of the pad's line, under the names that the bench has for them.
PAD_TROUBLES = {
    "slow_line": Trouble.PAUSES,
    "noise": Trouble.NOISE,
    "wrong_crc": Trouble.DAMAGE,
    "silent": Trouble.SILENCE,
    "late": Trouble.LATE,
}
#: Later than the pad's driver waits.
PAD_LATE_S = 2.0
SCANNER_NOISE = bytes.fromhex("00FF1B5B410D00E0D0")


class PrinterFault(enum.StrEnum):
    """What can be wrong with the printer."""

    NONE = NONE
    PAPER_OUT = "paper_out"


class ScannerFault(enum.StrEnum):
    """What can be wrong with the scanner's line."""

    NONE = NONE
    NOISE = "noise"
    SLOW_LINE = "slow_line"


class UnknownThing(LookupError):
    """Nothing on the bench is called that; the text names it."""


class BadFault(ValueError):
    """A device has no such fault; the text names both."""


@dataclass(frozen=True, slots=True)
class BenchCard:
    """A patron card that can be laid on the reader."""

    number: str
    uid: str
    name: str
    patron_type: str
    state: str

    @classmethod
    def of(cls, row: PatronRow) -> BenchCard:
        return cls(row.number, row.card_uid, row.name, row.patron_type, row.state)


class Bench:
    """Safe for threads; the devices are at `folder`/pad, card and scanner."""

    def __init__(
        self, folder: Path, books: Sequence[BenchBook], cards: Sequence[BenchCard]
    ) -> None:
        self.books, self.cards = tuple(books), tuple(cards)
        self._lock = threading.Lock()
        self._tags = {book.uid: _virtual_tag(book) for book in books}
        self._on_pad: list[str] = []
        self._card: BenchCard | None = None
        self.pad = FeigEmulator()
        self._pad_line = BadLine(self.pad.answer, late_s=PAD_LATE_S)
        self._reader = Pn532Emulator()
        self.printer = ReceiptPrinterEmulator()
        self.ports = {
            "pad": Pty(folder / "pad", self._pad_line),
            "card": Pty(folder / "card", self._reader.answer),
            "scanner": Pty(folder / "scanner", scanner_answer),
            "printer": Pty(folder / "printer", self.printer.answer),
        }
        self._scanner = LineScannerEmulator(self.ports["scanner"].send)
        self._scanner_fault = ScannerFault.NONE
        self._faults: dict[str, Callable[[str, int | None], None]] = {
            "pad": self._disturb_pad,
            "card": lambda kind, times: self._reader.set_fault(CardFault(kind), times),
            "scanner": self._disturb_scanner,
            "printer": self._disturb_printer,
        }

    def start(self) -> None:
        for port in self.ports.values():
            port.start()

    def stop(self) -> None:
        for port in self.ports.values():
            port.stop()

    def place(self, names: Iterable[str]) -> None:
        """Lay books on the pad, by barcode or tag UID. Raises UnknownThing."""
        with self._lock:
            for uid in self._uids(names):
                if uid not in self._on_pad:
                    self._on_pad.append(uid)
                    self.pad.place(self._tags[uid])

    def lift(self, names: Iterable[str]) -> None:
        """Take books off the pad; one that does not lie there is already off.

        Returns when a person would have the books in hand, so that whoever lays
        them down again at once is seen to have lifted them.
        """
        with self._lock:
            lifted = [uid for uid in self._uids(names) if uid in self._on_pad]
            for uid in lifted:
                self._on_pad.remove(uid)
                self.pad.lift(uid)
        if lifted:
            time.sleep(HAND_S)

    def put_card(self, name: str | None) -> None:
        """Lay one card on the reader, by number or UID, or take it away.

        Taking it away takes a person's time, as lifting books does.
        """
        card = self._find_card(name) if name else None
        with self._lock:
            before, self._card = self._card, card
            self._reader.lift()
            if card:
                self._reader.place(card.uid)
        if before and not card:
            time.sleep(HAND_S)

    def scan(self, text: str) -> None:
        """Pull the scanner's trigger over a label."""
        if self._scanner_fault is ScannerFault.SLOW_LINE:
            self._scanner.scan_slowly(text)
        else:
            self._scanner.scan(text)

    def fault(self, device: str, kind: str, times: int | None) -> None:
        """Make a device misbehave; NONE mends it. Raises UnknownThing or BadFault."""
        if device not in self.ports:
            raise UnknownThing(
                f"no device {device!r}; there are {', '.join(self.ports)}"
            )
        if kind == UNPLUG:
            self.ports[device].unplug()
            return
        if kind == NONE:
            self.ports[device].plug()
        self._disturb(device, kind, times)

    def state(self) -> dict[str, object]:
        """What lies where, as plain values; `memory_told_at` is by the monotonic clock."""
        with self._lock:
            return {
                "pad": [self._book_state(uid) for uid in self._on_pad],
                "card": self._card.number if self._card else None,
                "books": [self._book_state(book.uid) for book in self.books],
                "cards": [_card_state(card) for card in self.cards],
            }

    def _disturb(self, device: str, kind: str, times: int | None) -> None:
        try:
            self._faults[device](kind, times)
        except ValueError as err:
            raise BadFault(f"the {device} has no fault {kind!r}") from err

    def _disturb_pad(self, kind: str, times: int | None) -> None:
        if kind == NONE:
            self.pad.mend()
            self._pad_line.mend()
        elif kind in PAD_TROUBLES:
            self._pad_line.trouble(PAD_TROUBLES[kind], times)
        else:
            self.pad.fault(PadFault(kind), times)

    def _disturb_printer(self, kind: str, _times: int | None) -> None:
        self.printer.set_paper_out(out=PrinterFault(kind) is PrinterFault.PAPER_OUT)

    def _disturb_scanner(self, kind: str, _times: int | None) -> None:
        """A scanner only speaks, so its faults are in what it says next."""
        self._scanner_fault = ScannerFault(kind)
        if self._scanner_fault is ScannerFault.NOISE:
            self._scanner.babble(SCANNER_NOISE)

    def _uids(self, names: Iterable[str]) -> list[str]:
        """Every tag of each named book: all parts of a set, but one of duplicates."""
        return [uid for name in names for uid in self._tags_of(name)]

    def _tags_of(self, name: str) -> list[str]:
        if name in self._tags:
            return [name]
        books = [book for book in self.books if book.barcode == name]
        if not books:
            raise UnknownThing(f"no book or tag {name!r} on the bench")
        parts = {book.part: book.uid for book in reversed(books)}
        return [uid for _, uid in sorted(parts.items())]

    def _find_card(self, name: str) -> BenchCard:
        for card in self.cards:
            if name in {card.number, card.uid}:
                return card
        raise UnknownThing(f"no card {name!r} on the bench")

    def _book_state(self, uid: str) -> dict[str, object]:
        book = next(book for book in self.books if book.uid == uid)
        tag = self._tags[uid]
        return {
            "item": book.barcode,
            "title": book.title,
            "uid": uid,
            "afi": f"{tag.afi:02X}",
            "eas": tag.eas,
            "dsfid": f"{tag.dsfid:02X}",
            "memory": tag.memory.hex().upper(),
            "model": book.model,
            "part": book.part,
            "parts": book.parts,
            "trouble": book.trouble,
            "on_pad": uid in self._on_pad,
            "memory_told_at": self.pad.memory_told_at(uid),
        }


def _virtual_tag(book: BenchBook) -> VirtualTag:
    return VirtualTag(
        uid=book.uid,
        afi=book.afi,
        dsfid=book.dsfid,
        memory=bytes.fromhex(book.memory),
    )


def _card_state(card: BenchCard) -> dict[str, object]:
    return {
        "number": card.number,
        "uid": card.uid,
        "name": card.name,
        "type": card.patron_type,
        "state": card.state,
    }
