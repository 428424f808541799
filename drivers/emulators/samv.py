"""A SAM_V identity card module that isn't there, and fictitious cards for it."""

from __future__ import annotations

import enum
from collections.abc import Iterator

from drivers.codecs.samv.commands import TEXT_SIZE, Command, Status
from drivers.codecs.samv.frames import Reply, Request, request_finder

PHOTO_SIZE = 1024
_SAM_ID = bytes(range(1, 17))
_FOUND = Reply(Status.CARD_FOUND, bytes(4))
_SELECTED = Reply(Status.OK, bytes(8))


class Fault(enum.StrEnum):
    """What can be wrong with the module or the card, besides its line.

    FINDS_AGAIN: a lying card is found again. NO_NEW_ADDRESS: the command for the added
    address is unknown. MUTE_NEW_ADDRESS: it is not answered.
    """

    SELECT_FAILS = "select_fails"
    CARD_REJECTS = "card_rejects"
    READ_FAILS = "read_fails"
    SELF_TEST = "self_test"
    NOT_AUTHORISED = "not_authorised"
    FINDS_AGAIN = "finds_again"
    NO_NEW_ADDRESS = "no_new_address"
    MUTE_NEW_ADDRESS = "mute_new_address"


class SamvEmulator:
    """`answer` is the device's side of a `drivers.emulators.pty.Pty`.

    A card is selected only when it was found, read only when it was selected, and not
    found again after it was read until it left the field. All but `answer` may be
    called from any thread.
    """

    def __init__(self) -> None:
        self._card: bytes | None = None
        self._found = self._selected = self._done = False
        self._faults: dict[Fault, int | None] = {}
        self._finder = request_finder()

    def place(self, text: bytes) -> None:
        """Lay a card with this text on the module; it takes the place of another."""
        if len(text) != TEXT_SIZE:
            raise ValueError(f"card text of {len(text)} bytes, not {TEXT_SIZE}")
        self._found = self._selected = self._done = False
        self._card = text

    def lift(self) -> None:
        self._card = None
        self._found = self._selected = self._done = False

    def set_fault(self, fault: Fault, times: int | None = None) -> None:
        """Strike the next `times` times that it can; None: until `heal`."""
        self._faults[fault] = times

    def heal(self) -> None:
        self._faults.clear()

    def answer(self, data: bytes) -> Iterator[bytes]:
        """What goes back. A frame that is none is answered with its error."""
        for request in self._finder.feed(data):
            if not isinstance(request, Request):
                yield Reply(Status.CHECK_SUM).encode()
            elif reply := self._reply(request):
                yield reply.encode()

    def _reply(self, request: Request) -> Reply | None:
        if self._strikes(Fault.SELF_TEST):
            return Reply(Status.SELF_TEST)
        if self._strikes(Fault.NOT_AUTHORISED):
            return Reply(Status.NOT_AUTHORISED)
        if request.data:
            return Reply(Status.LENGTH)
        match request.command:
            case Command.STATUS | Command.RESET:
                return Reply(Status.OK)
            case Command.SAM_ID:
                return Reply(Status.OK, _SAM_ID)
            case Command.FIND_CARD:
                return self._find()
            case Command.SELECT_CARD:
                return self._select()
            case Command.READ_TEXT_PHOTO:
                return self._read()
            case Command.READ_NEW_ADDRESS:
                return self._read_new_address()
            case _:
                return Reply(Status.COMMAND)

    def _find(self) -> Reply:
        self._selected = False
        again = self._done and not self._strikes(Fault.FINDS_AGAIN)
        self._found = self._card is not None and not again
        return _FOUND if self._found else Reply(Status.NO_CARD)

    def _select(self) -> Reply:
        if not self._found or self._strikes(Fault.SELECT_FAILS):
            return Reply(Status.SELECT_FAILED)
        if self._strikes(Fault.CARD_REJECTS):
            return Reply(Status.CARD_REJECTS_MODULE)
        self._selected = True
        return _SELECTED

    def _read(self) -> Reply:
        if not (self._selected and self._card) or self._strikes(Fault.READ_FAILS):
            return Reply(Status.READ_FAILED)
        self._done = True
        sizes = TEXT_SIZE.to_bytes(2) + PHOTO_SIZE.to_bytes(2)
        return Reply(Status.OK, sizes + self._card + photo())

    def _read_new_address(self) -> Reply | None:
        if self._strikes(Fault.MUTE_NEW_ADDRESS):
            return None
        if self._strikes(Fault.NO_NEW_ADDRESS):
            return Reply(Status.COMMAND)
        if not self._selected:
            return Reply(Status.READ_FAILED)
        return Reply(Status.NO_SUCH_CONTENT)

    def _strikes(self, fault: Fault) -> bool:
        left = self._faults.get(fault, 0)
        if left:
            self._faults[fault] = left - 1
        return left is None or left > 0


def photo() -> bytes:
    """Bytes in place of a photo, among them what begins a frame."""
    return (b"WLT\0" + b"\xaa\xaa\xaa\x96\x69\x05\x08" + bytes(range(245))) * 4


def citizen_text(number: str, name: str = "样例", address: str = "测试路一号") -> bytes:
    """The text of a fictitious citizen's card that does not expire."""
    fields = (
        (name, 15),
        ("1", 1),
        ("01", 2),
        (number[6:14], 8),
        (address, 35),
        (number, 18),
        ("测试市公安局", 15),
        ("20200101", 8),
        ("长期", 8),
        ("", 18),
    )
    return "".join(text.ljust(size) for text, size in fields).encode("utf-16-le")
