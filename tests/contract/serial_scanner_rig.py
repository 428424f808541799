"""A scanner driver on a pseudo-terminal, and what all scanners with a trigger must do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import pytest

from drivers import registry
from drivers.api import CodeScanned, DeviceLost, Driver, Triggered
from drivers.emulators.bad_line import BadLine
from drivers.emulators.pty import Pty
from tests.contract.listening import for_a_while, listen, until
from tests.contract.scanner_contract import ISBN, ScannerContract, ScannerRig

Send = Callable[[bytes], None]


class ScannerEmulator(Protocol):
    """A scanner that isn't there."""

    def answer(self, received: bytes) -> Iterable[bytes]: ...

    def scan(self, text: str) -> None: ...


Emulator = TypeVar("Emulator", bound=ScannerEmulator)


class TriggeredScanner(Driver, Triggered, Protocol):
    """The capabilities of a scanner that looks when it is told to."""


@dataclass
class SerialRig(Generic[Emulator]):
    """A driver, not yet open, and the scanner behind a line that can be spoilt.

    `noise`: what on this line is no code.
    """

    scanner: TriggeredScanner
    pty: Pty
    line: BadLine
    emulator: Emulator
    noise: bytes

    def scan(self, text: str) -> None:
        self.emulator.scan(text)

    def disturb(self) -> None:
        self.pty.send(self.noise)

    def unplug(self) -> None:
        self.pty.unplug()

    def plug(self) -> None:
        self.pty.plug()


@contextmanager
def serial_rig(
    driver: str,
    emulator: Callable[[Send], Emulator],
    folder: Path,
    options: Mapping[str, object],
    noise: bytes,
) -> Iterator[SerialRig[Emulator]]:
    """`emulator` is given the way to say something unasked."""

    def send(data: bytes) -> None:
        pty.send(data)

    made = emulator(send)
    line = BadLine(made.answer, seed=1)
    pty = Pty(folder / "scanner", line)
    pty.start()
    scanner = registry.create(driver, {"port": str(pty.path), **options})
    assert isinstance(scanner, Triggered)
    try:
        yield SerialRig(scanner, pty, line, made, noise)
    finally:
        scanner.close()
        pty.stop()


class TriggeredRig(ScannerRig, Protocol):
    """The same for a scanner with a trigger."""

    @property
    def scanner(self) -> TriggeredScanner: ...


class TriggeredScannerContract(ScannerContract):
    """A subclass gives `told`, too: an open rig whose scanner reads only when told to."""

    @pytest.fixture
    def told(self) -> TriggeredRig:
        raise NotImplementedError

    def test_a_scanner_reads_at_a_trigger(self, told: TriggeredRig) -> None:
        events = listen(told.scanner)
        told.scan(ISBN)
        assert for_a_while(events) == []

        told.scanner.trigger()

        assert until(events, CodeScanned(ISBN)) == [CodeScanned(ISBN)]

    def test_a_trigger_comes_before_the_code_is_there(self, told: TriggeredRig) -> None:
        told.scanner.trigger()
        told.scan(ISBN)

        assert until(listen(told.scanner), CodeScanned(ISBN)) == [CodeScanned(ISBN)]

    def test_a_scanner_that_is_untriggered_does_not_read(
        self, told: TriggeredRig
    ) -> None:
        told.scanner.trigger()

        told.scanner.untrigger()
        # Not every scanner answers to that: look once before the next code is there.
        next(told.scanner.events())
        told.scan(ISBN)

        assert for_a_while(listen(told.scanner)) == []

    def test_a_closed_scanner_is_not_triggered(self, told: TriggeredRig) -> None:
        told.scanner.close()

        with pytest.raises(DeviceLost, match="closed"):
            told.scanner.trigger()
