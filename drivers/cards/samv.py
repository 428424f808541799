"""Not yet tried on hardware. The identity card module SAM_V on a serial line.

It reads second-generation cards of the People's Republic of China. What it reads is
personal: the driver takes the number, makes its fingerprint and forgets all of it.

A card that was read is not found again until it left the field, so "find" cannot tell
whether it still lies there. What tells is an attempt to read its added address, as the
demonstration program of a maker does (not confirmed on hardware): a card that has none
says so, a card that is gone does not. From a module that can't be asked that, CardGone
comes too early, after `gone_after` looks; one that finds a lying card again reads it
again. Either way the patron is told once while the card lies there.

The USB version (0400:C35A) sends the heads of its frames through another pair of
endpoints than the rest, so no transport here reaches it; a serial adapter does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from drivers.api import (
    BadOptions,
    CardKind,
    DeviceEvent,
    DeviceLost,
    ProtocolError,
)
from drivers.cards.field import Field
from drivers.cards.samv_module import SamvModule
from drivers.codecs.identity import fingerprint
from drivers.proving import proving
from drivers.transports.address import RECORD, open_address
from drivers.transports.serial_port import SerialSettings

Seconds = Annotated[float, Meta(gt=0, le=10)]


class SamvReader:
    """Yields CardSeen with the fingerprint of the card's number, and CardGone.

    While a card is read, up to `read_timeout_s`, it says nothing.
    """

    class Options(
        msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
    ):
        """`port`: a path or tcp://host:port. `gone_after`: looks that miss a card."""

        port: str
        baud: Literal[115200, 57600, 38400, 19200, 9600] = 115200
        poll_interval_s: Seconds = 0.3
        reply_timeout_s: Seconds = 0.5
        read_timeout_s: Seconds = 3.0
        gone_after: Annotated[int, Meta(ge=1, le=50)] = 3

    def __init__(self, options: Options) -> None:
        self._options = options
        self.poll_interval_s = options.poll_interval_s
        self._module: SamvModule | None = None
        self._read_again = False

    def open(self) -> None:
        """Ask the module how it is. Raises DeviceLost, or BadOptions for a recording."""
        self.close()
        options = self._options
        if options.port.startswith(RECORD):
            raise BadOptions(f"{options.port}: what a card says must not be recorded")
        self._module = SamvModule(
            open_address(
                options.port, SerialSettings(baud=options.baud), personal=True
            ),
            options.port,
            timeout_s=options.reply_timeout_s,
            read_timeout_s=options.read_timeout_s,
        )
        with proving(self, "SAM_V module"):
            self._module.check()

    def events(self) -> Iterator[DeviceEvent | None]:
        field = Field(self._options.gone_after, CardKind.IDENTITY)
        while True:
            yield from field.see(self._look(field.uids)) or (None,)

    def close(self) -> None:
        if self._module is not None:
            self._module.close()
            self._module = None
        self._read_again = False

    def _look(self, lying: Collection[str]) -> Collection[str]:
        """The card that lies there still, one that was found now, or none."""
        module = self._opened()
        try:
            if lying and module.holds_selected():
                return lying
            if self._read_again or module.find_and_select():
                return self._read(module)
        except ProtocolError:
            # A look without a usable answer is one that misses the card.
            pass
        return ()

    def _read(self, module: SamvModule) -> Collection[str]:
        """Read the selected card; what the line spoiled is read once more at next look.

        For the module has read the card, so that it does not find it again.
        """
        first, self._read_again = not self._read_again, False
        try:
            card = module.read_selected()
        except ProtocolError:
            self._read_again = first
            raise
        return (fingerprint(card.number),) if card else ()

    def _opened(self) -> SamvModule:
        if self._module is None:
            raise DeviceLost(f"{self._options.port}: SAM_V is closed")
        return self._module
