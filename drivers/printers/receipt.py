"""Not yet tried on hardware. ESC/POS receipt printers of 58 or 80 mm."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from drivers.api import (
    DeviceEvent,
    DeviceLost,
    LineBlocked,
    PrintOutcome,
    Sense,
    SenseChanged,
    Slip,
)
from drivers.codecs.escpos_status import (
    ASK_OFFLINE,
    ASK_ROLL,
    is_status,
    parse_roll,
)
from drivers.printers import job as jobs
from drivers.printers.job import Job, Stage
from drivers.printers.slip import slip_bytes
from drivers.transports import Transport
from drivers.transports.address import open_address
from drivers.transports.serial_port import Parity, SerialSettings

#: DLE EOT is answered within a few ms; a USB adapter and a full buffer add some.
_ANSWER_S = 0.2
_ANSWERS = 2
#: Looks in a row without an answer after which the printer counts as lost.
_SILENT_LIMIT = 3


class ReceiptPrinter:
    """Prints slips, and tells when the roll ends or is new.

    A slip that could not be printed is not kept: the caller shows it on the screen.
    """

    class Options(
        msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
    ):
        """`columns`: 32 for 58 mm paper, 48 for 80 mm. `qr` "none" for old printers.

        `answers_status` False for a printer whose cable goes one way only; it is then
        believed that there is paper.
        """

        port: Annotated[str, Meta(min_length=1)]
        baud: Literal[9600, 19200, 38400, 57600, 115200] = 9600
        parity: Parity = "N"
        columns: Annotated[int, Meta(ge=16, le=64)] = 32
        qr: Literal["native", "none"] = "native"
        cut: bool = False
        answers_status: bool = True
        poll_interval_s: Annotated[float, Meta(ge=0.1, le=60)] = 5.0

    def __init__(self, options: Options) -> None:
        self.poll_interval_s = options.poll_interval_s
        self._options = options
        self._line: Transport | None = None
        self._paper_out: bool | None = None

    def open(self) -> None:
        """Raises DeviceLost when there is no port, or no printer answers on it."""
        self.close()
        options = self._options
        self._line = open_address(
            options.port, SerialSettings(options.baud, options.parity)
        )
        try:
            there = not options.answers_status or bool(self._ask())
        except DeviceLost:
            self.close()
            raise
        if not there:
            self.close()
            raise DeviceLost(f"{options.port}: no printer answers DLE EOT")

    def events(self) -> Iterator[DeviceEvent | None]:
        """One look at the roll a step."""
        silent = 0
        while True:
            if not self._options.answers_status:
                yield None
                continue
            answers = self._ask()
            silent = 0 if answers else silent + 1
            if silent == _SILENT_LIMIT:
                raise DeviceLost(f"{self._options.port}: the printer fell silent")
            yield self._paper_changed(answers[1]) if answers else None

    def print_slip(self, slip: Slip) -> PrintOutcome:
        """Print or say why not, within two seconds. Raises DeviceLost."""
        options = self._options
        content = slip_bytes(
            slip,
            columns=options.columns,
            native_qr=options.qr == "native",
            cut=options.cut,
        )
        job = jobs.begin(answers_status=options.answers_status)
        while job.stage is not Stage.OVER:
            job = self._advance(job, content)
        return job.outcome or PrintOutcome.BLOCKED

    def close(self) -> None:
        """Twice is fine."""
        if self._line is not None:
            self._line.close()
        self._line = None
        self._paper_out = None

    def _advance(self, job: Job, content: bytes) -> Job:
        try:
            if job.stage is Stage.SEND:
                self._opened().write(content)
                return jobs.taken(job)
            answers = self._ask()
        except LineBlocked:
            return jobs.blocked(job)
        return jobs.answered(job, *answers) if answers else jobs.blocked(job)

    def _ask(self) -> bytes:
        """The answers to both questions, or nothing when they did not come in time."""
        line = self._opened()
        line.discard_input()
        line.write(ASK_OFFLINE + ASK_ROLL)
        answers = b""
        deadline = time.monotonic() + _ANSWER_S
        while len(answers) < _ANSWERS and (left_s := deadline - time.monotonic()) > 0:
            answers += bytes(byte for byte in line.read(left_s) if is_status(byte))
        return answers[:_ANSWERS] if len(answers) >= _ANSWERS else b""

    def _paper_changed(self, roll: int) -> SenseChanged | None:
        out = parse_roll(roll).out
        if out == self._paper_out:
            return None
        self._paper_out = out
        return SenseChanged(Sense.PAPER_OUT, active=out)

    def _opened(self) -> Transport:
        if self._line is None:
            raise DeviceLost(f"{self._options.port}: the printer is not open")
        return self._line
