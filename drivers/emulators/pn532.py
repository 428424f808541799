"""A PN532 card reader that isn't there: the same bytes from the other end of the line."""

from __future__ import annotations

import enum
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass

from drivers.codecs.pn532.commands import ISO_DEP, MAX_TARGETS, Command, TypeATarget
from drivers.codecs.pn532.frames import Direction, Message, Signal, encode, finder

FIRMWARE = bytes.fromhex("32010607")
#: RFConfiguration item "MaxRetries"; its third parameter, FF, waits for ever.
MAX_RETRIES_ITEM = 0x05
FOR_EVER = 0xFF
#: ATQA by length of the UID.
SENS_RES = {4: b"\x00\x04", 7: b"\x00\x44", 10: b"\x00\x84"}
MIFARE_CLASSIC = 0x08
#: ATS of a MIFARE DESFire.
ATS = bytes.fromhex("067577810280")
#: What a bad cable adds: a false start, a false long length, half a reply.
NOISE = bytes.fromhex("FF00FF7E0000FF13FFD54B")
#: Lists of cards: none; one whose bytes are missing.
NO_CARD = b"\x00"
ONE_CARD_CUT = b"\x01\x01"
PAUSES_S = (0.001, 0.004, 0.012)


class Fault(enum.StrEnum):
    """What can be wrong with the reader or its line."""

    NONE = "none"
    NOISE = "noise"
    SILENT = "silent"
    NO_POSTAMBLE = "no_postamble"
    SLOW_LINE = "slow_line"
    NACK = "nack"
    FLICKER = "flicker"
    CUT_LIST = "cut_list"


@dataclass
class _Card:
    """A card on the reader; an activated one of ISO 14443-4 ignores further listing."""

    uid: bytes
    iso_dep: bool
    activated: bool = False


class Pn532Emulator:
    """`answer` is the device's side of a `drivers.emulators.pty.Pty`.

    It sleeps until it is woken up, and without RF retries set a list command with no
    card in the field gets no reply, both as the chip does. `place`, `lift` and
    `set_fault` may be called from any thread.
    """

    def __init__(self) -> None:
        self._cards: tuple[_Card, ...] = ()
        self._finder = finder()
        self._awake = False
        self._retries = FOR_EVER
        self._fault = Fault.NONE
        self._fault_times: int | None = None

    def place(self, uid: str, *, iso_dep: bool = False) -> None:
        """Lay a card with this UID (4, 7 or 10 bytes in hex) on the reader."""
        number = bytes.fromhex(uid)
        if len(number) not in SENS_RES:
            raise ValueError(f"UID {uid} is not 4, 7 or 10 bytes")
        self._cards = (*self._cards, _Card(number, iso_dep))

    def lift(self, uid: str | None = None) -> None:
        """Take one card away, or all."""
        self._cards = tuple(
            card for card in self._cards if uid and card.uid != bytes.fromhex(uid)
        )

    def set_fault(self, fault: Fault, times: int | None = None) -> None:
        """Misbehave for the next `times` commands; None: until told otherwise."""
        self._fault, self._fault_times = fault, times

    def answer(self, data: bytes) -> Iterator[bytes]:
        """What goes back, chunk by chunk; a slow line sleeps between two."""
        self._awake = self._awake or b"\x55" in data
        if not self._awake:
            return
        for frame in self._finder.feed(data):
            if isinstance(frame, Message) and frame.direction is Direction.REQUEST:
                yield from self._disturbed(frame, self._next_fault())

    def _next_fault(self) -> Fault:
        if self._fault_times is None:
            return self._fault
        if self._fault_times == 0:
            return Fault.NONE
        self._fault_times -= 1
        return self._fault

    def _disturbed(self, command: Message, fault: Fault) -> Iterator[bytes]:
        match fault:
            case Fault.SILENT:
                return
            case Fault.NACK:
                yield Signal.NACK.value
            case Fault.NOISE:
                for chunk in self._frames(command):
                    yield NOISE + chunk + NOISE
            case Fault.NO_POSTAMBLE:
                for chunk in self._frames(command):
                    yield chunk[:-1]
            case Fault.SLOW_LINE:
                yield from _slowly(b"".join(self._frames(command)))
            case Fault.FLICKER if command.code == Command.IN_LIST_PASSIVE_TARGET:
                yield from _answer(command, NO_CARD)
            case Fault.CUT_LIST if command.code == Command.IN_LIST_PASSIVE_TARGET:
                yield from _answer(command, ONE_CARD_CUT)
            case _:
                yield from self._frames(command)

    def _frames(self, command: Message) -> Iterator[bytes]:
        yield Signal.ACK.value
        match Command(command.code) if command.code in set(Command) else None:
            case Command.GET_FIRMWARE_VERSION:
                yield encode(_reply(command, FIRMWARE))
            case Command.SAM_CONFIGURATION:
                yield encode(_reply(command))
            case Command.RF_CONFIGURATION:
                self._configure(command.data)
                yield encode(_reply(command))
            case Command.IN_RELEASE:
                self._release()
                yield encode(_reply(command, b"\x00"))
            case Command.IN_LIST_PASSIVE_TARGET:
                yield from self._listing(command)
            case _:
                yield Signal.ERROR.value

    def _configure(self, data: bytes) -> None:
        if len(data) == 4 and data[0] == MAX_RETRIES_ITEM:
            self._retries = data[3]

    def _release(self) -> None:
        for card in self._cards:
            card.activated = False

    def _listing(self, command: Message) -> Iterator[bytes]:
        if len(command.data) < 2 or not 1 <= command.data[0] <= MAX_TARGETS:
            yield Signal.ERROR.value
            return
        max_targets, modulation = command.data[:2]
        heard = [card for card in self._cards if not card.activated][:max_targets]
        if modulation != 0:
            heard = []
        if not heard and self._retries == FOR_EVER:
            return
        targets = [_target(number, card) for number, card in enumerate(heard, start=1)]
        listed = b"".join(target.encode() for target in targets)
        yield encode(_reply(command, bytes((len(targets),)) + listed))


def _target(number: int, card: _Card) -> TypeATarget:
    """How the chip reports a card; this is what activates one of ISO 14443-4."""
    card.activated = card.iso_dep
    sens_res = SENS_RES[len(card.uid)]
    if card.iso_dep:
        return TypeATarget(number, card.uid, sens_res, ISO_DEP, ATS)
    sel_res = MIFARE_CLASSIC if len(card.uid) == 4 else 0x00
    return TypeATarget(number, card.uid, sens_res, sel_res)


def _reply(command: Message, data: bytes = b"") -> Message:
    return Message(Direction.RESPONSE, command.code + 1, data)


def _answer(command: Message, data: bytes) -> Iterator[bytes]:
    yield Signal.ACK.value
    yield encode(_reply(command, data))


def _slowly(data: bytes) -> Iterator[bytes]:
    for byte, pause_s in zip(data, itertools.cycle(PAUSES_S), strict=False):
        time.sleep(pause_s)
        yield bytes((byte,))
