"""Not yet tried on hardware. PC/SC card readers such as the ACR122U, through pcscd.

The kernel's NFC drivers (pn533_usb, pn533, nfc) must not take such a reader first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated

from msgspec import Meta

from drivers.api import (
    BadOptions,
    DeviceEvent,
    DeviceLost,
    DriverError,
    ProtocolError,
)
from drivers.cards.field import Field
from drivers.cards.numbers import NumberOptions
from drivers.cards.pcsc_service import UNAWARE, PcscService, ReaderState
from drivers.codecs.apdu import BUZZER_OFF, GET_UID, parse_response

#: The longest pause between two looks at the reader; a card ends it at once.
LOOK_S = 0.2


class PcscReader:
    """Tells contactless cards by their UID; a card that has none is passed over."""

    #: `events` itself waits for the reader.
    poll_interval_s = 0.0

    class Options(NumberOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """`reader`: a part of its name; needed when there are several.

        `gone_after`: looks, 0.2 s apart, that miss a card until it is gone, so that a
        card at the edge of the field is told once. `buzzer_off`: an ACR122U makes no
        sound from its first card on.

        `report`, `report_order`, `strip_zeros`, `last_digits`: what the county has on
        file, see `NumberRule`; without them the UID in hex.
        """

        reader: str = ""
        gone_after: Annotated[int, Meta(ge=1, le=50)] = 5
        buzzer_off: bool = False

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rule = options.rule()
        self._service: PcscService | None = None
        self._reader = ""
        self._state = UNAWARE
        self._buzzes = options.buzzer_off
        #: Of the card in the reader; None while it is not known yet.
        self._uids: Collection[str] | None = None

    def open(self) -> None:
        """Find the reader. Raises DeviceLost, or BadOptions when several fit."""
        self.close()
        self._service = PcscService()
        try:
            self._reader = self._choose(self._service.readers())
        except DriverError:
            self.close()
            raise

    def events(self) -> Iterator[DeviceEvent | None]:
        field = Field(self._options.gone_after, number=self._rule.number_or_same)
        while True:
            yield from field.see(self._look()) or (None,)

    def close(self) -> None:
        if self._service is not None:
            self._service.close()
            self._service = None
        self._state, self._uids = UNAWARE, None
        self._buzzes = self._options.buzzer_off

    def _choose(self, readers: Collection[str]) -> str:
        wanted = self._options.reader
        fitting = [name for name in readers if wanted.casefold() in name.casefold()]
        if len(fitting) == 1:
            return fitting[0]
        known = ", ".join(readers) or "none"
        if fitting:
            raise BadOptions(f"PC/SC reader {wanted!r} is one of several: {known}")
        raise DeviceLost(f"PC/SC reader {wanted!r} is not there; there are: {known}")

    def _look(self) -> Collection[str]:
        """Wait for a change; the UID of the card that lies there, if it has one."""
        service = self._opened()
        state = service.wait(self._reader, self._state, LOOK_S)
        if not state.present or state.movements != self._state.movements:
            self._uids = None
        self._state = state
        if self._uids is None and _answers(state):
            self._uids = self._ask_uid(service)
        return self._uids or ()

    def _ask_uid(self, service: PcscService) -> Collection[str] | None:
        """The UID, nothing for a card without one, or None when it is to be asked again."""
        commands = [BUZZER_OFF, GET_UID] if self._buzzes else [GET_UID]
        try:
            response = parse_response(service.transmit(self._reader, commands)[-1])
        except ProtocolError:
            return None
        self._buzzes = False
        if response.worth_repeating:
            return None
        return (response.uid,) if response.uid else ()

    def _opened(self) -> PcscService:
        if self._service is None:
            raise DeviceLost(f"PC/SC reader {self._options.reader!r} is closed")
        return self._service


def _answers(state: ReaderState) -> bool:
    return state.present and not state.mute
