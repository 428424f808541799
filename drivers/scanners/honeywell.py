"""Not yet tried on hardware. Honeywell scanners on a serial port, and their like.

Without a menu command nothing is asked that they answer, so `open` can't tell them from
others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from drivers.api import CodeScanned, CommandRefused, DeviceEvent, DeviceLost, NoAnswer
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


class HoneywellScanner:
    """Yields codes; `trigger` makes the scanner look for one."""

    #: `events` itself waits for input.
    poll_interval_s = 0.0

    class Options(SerialOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """`menu`: a command for `open` to send, such as `PAPHHF!`; "" for none.

        One that ends in `.` is written to flash at each `open`, which wears it.
        """

        menu: Annotated[str, Meta(pattern=f"^({MENU_COMMAND})?$", max_length=200)] = ""
        reply_timeout_s: Seconds = 1.0

    def __init__(self, options: Options) -> None:
        self._options = options
        self._line: ScannerLine[Verdict] | None = None

    def open(self) -> None:
        """Open the port and set what `menu` says. Raises DeviceLost."""
        self.close()
        options = self._options
        lines = options.assembler(aim_prefix=options.aim_prefix)
        self._line = ScannerLine(options, menu_line(lines))
        if not options.menu:
            return
        try:
            self._send_menu(self._line)
        except (DeviceLost, NoAnswer, CommandRefused) as err:
            self.close()
            raise DeviceLost(f"no Honeywell scanner at {options.port}: {err}") from err

    def events(self) -> Iterator[DeviceEvent | None]:
        while True:
            codes = self._opened().codes()
            yield from [CodeScanned(code) for code in codes] or (None,)

    def trigger(self) -> None:
        """Nothing comes back but the code."""
        self._opened().send(TRIGGER)

    def untrigger(self) -> None:
        self._opened().send(UNTRIGGER)

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _send_menu(self, line: ScannerLine[Verdict]) -> None:
        options = self._options
        command = menu_command(options.menu)
        verdict = line.ask(command, lambda _verdict: True, options.reply_timeout_s)
        # What came before the verdict is the command itself, repeated.
        line.codes(0)
        if verdict is not Verdict.ACK:
            raise CommandRefused(
                f"{options.menu!a} refused ({verdict.name})", status=verdict
            )

    def _opened(self) -> ScannerLine[Verdict]:
        if self._line is None:
            raise DeviceLost(f"{self._options.port}: the scanner is closed")
        return self._line
