"""Not yet tried on hardware. The patron-card reader NXP PN532 on a serial line (HSU)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated

from msgspec import Meta

from drivers.api import DeviceEvent, DeviceLost, ProtocolError
from drivers.cards.field import Field
from drivers.cards.numbers import NumberOptions
from drivers.codecs.pn532.commands import (
    ISO_DEP,
    WAKE_UP,
    TypeATarget,
    get_firmware_version,
    list_type_a,
    parse_firmware,
    parse_targets,
    release_all,
    rf_retries,
    sam_configuration,
)
from drivers.codecs.pn532.frames import Message, Signal, encode, finder
from drivers.pace import Pace
from drivers.proving import proving
from drivers.transports import Transport
from drivers.transports.address import open_address
from drivers.transports.serial_port import SerialSettings

#: A card that was listed before may let the first look pass and answer the second.
SECOND_LOOKS = 1
#: Polls in a row without a usable answer before the reader counts as lost.
LOST_AFTER = 3

Seconds = Annotated[float, Meta(gt=0, le=10)]


class Pn532Reader:
    """Polls for ISO 14443 type A cards, two at most at a time."""

    class Options(NumberOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
        """`port`: a path or tcp://host:port. `gone_after`: polls that miss a card.

        `report`, `report_order`, `strip_zeros`, `last_digits`: what the county has on
        file, see `NumberRule`; without them the UID in hex.
        """

        port: str
        baud: Annotated[int, Meta(ge=9600, le=1_288_000)] = 115200
        poll_interval_s: Seconds = 0.1
        reply_timeout_s: Seconds = 1.0
        ack_timeout_s: Seconds = 0.05
        gone_after: Annotated[int, Meta(ge=1, le=50)] = 3

    def __init__(self, options: Options) -> None:
        self._options = options
        self._rule = options.rule()
        # A card may be tapped for less than a third of a second.
        self._pace = Pace(options.poll_interval_s, slower=2)
        self._line: Transport | None = None

    @property
    def poll_interval_s(self) -> float:
        """Longer while no card comes or goes."""
        return self._pace.interval_s

    def open(self) -> None:
        """Wake the chip up and set it to answer polls. Raises DeviceLost."""
        self.close()
        options = self._options
        self._line = open_address(options.port, SerialSettings(baud=options.baud))
        with proving(self, "PN532"):
            self._start()

    def events(self) -> Iterator[DeviceEvent | None]:
        field = Field(self._options.gone_after, number=self._rule.number_or_same)
        unanswered = 0
        while True:
            uids = self._poll()
            if uids is None:
                unanswered += 1
                if unanswered == LOST_AFTER:
                    raise DeviceLost(f"{self._options.port}: PN532 stopped answering")
                yield None
                continue
            unanswered = 0
            self._pace.looked(uids)
            yield from field.see(uids) or (None,)

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _start(self) -> None:
        self._opened().write(WAKE_UP)
        # A chip fresh from power-down takes this command before any other.
        self._must_answer(sam_configuration())
        parse_firmware(self._must_answer(get_firmware_version()))
        self._must_answer(rf_retries(SECOND_LOOKS))

    def _must_answer(self, command: Message) -> bytes:
        data = self._ask(command)
        if data is None:
            raise DeviceLost(
                f"{self._options.port}: no PN532 answers command {command.code:02X}"
            )
        return data

    def _poll(self) -> list[str] | None:
        """UIDs of the cards in the field; None without a usable answer."""
        data = self._ask(list_type_a())
        if data is None:
            return None
        try:
            targets = parse_targets(data)
        except ProtocolError:
            return None
        cards = [target for target in targets if isinstance(target, TypeATarget)]
        if any(card.sel_res & ISO_DEP for card in cards):
            # Once activated for ISO 14443-4 a card ignores further listing. An
            # unanswered release costs one sight of it, so the answer does not matter.
            self._ask(release_all())
        return [card.uid.hex().upper() for card in cards]

    def _ask(self, command: Message) -> bytes | None:
        """Data of the reply, or None. A command that nobody acknowledged goes twice."""
        talk = self._talk(command)
        if not talk.understood:
            talk = self._talk(command)
        return talk.reply

    def _talk(self, command: Message) -> _Talk:
        line, talk = self._opened(), _Talk(command)
        line.discard_input()
        line.write(encode(command))
        deadline = time.monotonic() + self._options.reply_timeout_s
        while not talk.over and (left_s := deadline - time.monotonic()) > 0:
            # Silence ends the wait for an ACK; on a slow line its bytes may take longer.
            patience_s = left_s if talk.understood else self._options.ack_timeout_s
            data = line.read(min(patience_s, left_s))
            if not data and not talk.understood:
                break
            talk.hear(data)
        return talk

    def _opened(self) -> Transport:
        if self._line is None:
            raise DeviceLost(f"{self._options.port}: PN532 is closed")
        return self._line


class _Talk:
    """One command and what has come back: `ACK` first, then the reply."""

    def __init__(self, command: Message) -> None:
        self._command = command
        self._finder = finder()
        self.understood = False
        self.over = False
        self.reply: bytes | None = None

    def hear(self, data: bytes) -> None:
        """Take in what the line brought; noise and answers to older commands pass by."""
        for frame in self._finder.feed(data):
            match frame:
                case Signal.ACK:
                    self.understood = True
                case Signal.NACK | Signal.ERROR:
                    self.over = True
                case Message() if frame.answers(self._command):
                    # The reply proves the command arrived, even if noise ate the ACK.
                    self.understood = self.over = True
                    self.reply = frame.data
