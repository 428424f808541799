"""Not yet tried on hardware. A card reader that types as a keyboard (USB HID).

It types a card's number once and never tells that the card has been taken away; nor
does this driver, as a CardGone made up here would end the visit that the card began.
So a point whose only reader is a wedge has `card_stays = false`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from drivers.api import CardKind, CardSeen, DeviceEvent, DeviceLost
from drivers.cards.numbers import NumberOptions
from drivers.codecs.card_number import NumberRule, Order
from drivers.codecs.card_number_forms import Form
from drivers.codecs.keymap import Country
from drivers.codecs.keys import KeyAssembler
from drivers.repeats import Repeats
from drivers.typing_device import TypingDevice


class WedgeCardReader:
    """Yields each tap of a card once.

    A number that the rule can't read is reported as it was typed, so that the screen
    says "unknown card" and not nothing.
    """

    #: `events` itself waits for input.
    poll_interval_s = 0.0

    class Options(NumberOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """`port`: usb:VID:PID (see `drivers.hotplug`), a path, or name:NAME.

        `typed`, `byte_order`: what the reader types. `report`, `report_order`,
        `strip_zeros`, `last_digits`: what the county has on file, see `NumberRule`;
        without `report` what was typed. `report = "hex"` gives the UID as readers do
        that sense cards. Lengths in characters as typed.

        `keyboard`: the country that the reader is set to. `idle_flush_s`: silence that
        ends a number, for one that presses no Enter. `repeat_suppress_s`: some type the
        number again and again while the card lies there.
        """

        port: str
        keyboard: Country = Country.US
        idle_flush_s: Annotated[float, Meta(gt=0, le=1)] = 0.08
        typed: Form = Form.HEX
        byte_order: Order = Order.FORWARD
        min_length: Annotated[int, Meta(ge=1, le=64)] = 4
        max_length: Annotated[int, Meta(ge=1, le=64)] = 32
        repeat_suppress_s: Annotated[float, Meta(ge=0, le=60)] = 2.0

        def __post_init__(self) -> None:
            self.rule()

        def rule(self) -> NumberRule:
            """Raises BadOptions for what can't be reported of what is typed."""
            return self.rule_for(self.typed, self.byte_order)

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rule = options.rule()
        self._wedge: TypingDevice | None = None

    def open(self) -> None:
        self.close()
        options = self._options
        keys = KeyAssembler(
            country=options.keyboard,
            min_length=options.min_length,
            max_length=options.max_length,
        )
        self._wedge = TypingDevice(
            options.port, keys, idle_flush_s=options.idle_flush_s
        )

    def events(self) -> Iterator[DeviceEvent | None]:
        repeats = Repeats(self._options.repeat_suppress_s)
        while True:
            numbers = map(self._rule.number_or_same, self._codes())
            fresh = [
                new for one in numbers for new in repeats.new([one], time.monotonic())
            ]
            yield from [CardSeen(number, CardKind.TYPED) for number in fresh] or (None,)

    def close(self) -> None:
        if self._wedge is not None:
            self._wedge.close()
            self._wedge = None

    def _codes(self) -> list[str]:
        if self._wedge is None:
            raise DeviceLost(f"{self._options.port}: the card reader is closed")
        return self._wedge.codes()
