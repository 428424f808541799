"""Not yet tried on hardware. Honeywell scanners on a serial port, and their like.

Without a menu command nothing is asked that they answer, so `open` can't tell them from
others.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from drivers.api import CommandRefused
from drivers.codecs.honeywell import (
    MENU_COMMAND,
    TRIGGER,
    UNTRIGGER,
    Verdict,
    menu_command,
    menu_line,
)
from drivers.scanners.line_options import Seconds, SerialOptions
from drivers.scanners.line_talk import ScannerLine
from drivers.scanners.serial_scanner import SerialScanner


class HoneywellScanner(SerialScanner[Verdict]):
    """Yields codes; `trigger` makes the scanner look for one."""

    _KIND = "Honeywell scanner"

    class Options(SerialOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """`menu`: a command for `open` to send, such as `PAPHHF!`; "" for none.

        One that ends in `.` is written to flash at each `open`, which wears it.
        """

        menu: Annotated[str, Meta(pattern=f"^({MENU_COMMAND})?$", max_length=200)] = ""
        reply_timeout_s: Seconds = 1.0

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._options = options

    def trigger(self) -> None:
        """Nothing comes back but the code."""
        self._line.send(TRIGGER)

    def untrigger(self) -> None:
        self._line.send(UNTRIGGER)

    def _connect(self) -> ScannerLine[Verdict]:
        return ScannerLine(self._options, menu_line(self._options.lines()))

    def _prepare(self) -> None:
        options, line = self._options, self._line
        if not options.menu:
            return
        command = menu_command(options.menu)
        verdict = line.ask(command, lambda _verdict: True, options.reply_timeout_s)
        # What came before the verdict is the command itself, repeated.
        line.codes(0)
        if verdict is not Verdict.ACK:
            raise CommandRefused(
                f"{options.port}: {options.menu!a} refused ({verdict.name})",
                status=verdict,
            )
