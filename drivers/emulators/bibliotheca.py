"""A 3M / Bibliotheca pad that isn't there: the same bytes, and the same troubles."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Iterable, Iterator

from drivers.api import BadFrame
from drivers.codecs.bibliotheca.frames import Frame, Layer, finder
from drivers.codecs.bibliotheca.replies import Reply, Version
from drivers.codecs.bibliotheca.requests import (
    BOOT_VERSION,
    Command,
    Request,
    parse_request,
)
from drivers.codecs.bibliotheca.status import Status
from drivers.emulators.bibliotheca_reader import EmulatedReader
from drivers.emulators.tag_table import TagTable

_VERSION = Version(5, 2, 27)
_REMEMBERED = 1000
#: How pads in the field have answered the undocumented command 13.
SET_UP_DONE = bytes.fromhex("13 00 02 01 01 03 02 02 03 00")
SET_UP_REFUSED = bytes.fromhex("13 06 01 00 02 00 03 00 04 00 0B 00 0A 00")
_WRITING = frozenset(
    {
        Command.WRITE_AFI,
        Command.WRITE_BLOCK,
        Command.WRITE_BLOCKS,
        Command.WRITE_DSFID,
        Command.WRITE_EAS,
    }
)


class Fault(enum.StrEnum):
    """What can be wrong with a pad; each counts where it strikes.

    UNCONFIRMED: a change is made, but the reader heard no tag. MISSED: the tag did not
    hear of the change. BAD_BLOCK: one block of a read is an error. DUPLICATES: an
    inventory tells each tag twice.
    """

    UNCONFIRMED = "unconfirmed"
    MISSED = "missed"
    BAD_BLOCK = "bad_block"
    DUPLICATES = "duplicates"


class BibliothecaEmulator(TagTable[Fault]):
    """`answer` is the device's side of a `drivers.emulators.pty.Pty`.

    `unknown`: commands that this firmware does not know. `set_up`: the body of its
    reply to command 13; b"" for none. `refuses_empty`: status 06 for an empty pad.
    """

    def __init__(
        self,
        *,
        unknown: Iterable[Command] = (),
        set_up: bytes = SET_UP_DONE,
        refuses_empty: bool = False,
    ) -> None:
        super().__init__()
        self._reader = EmulatedReader(self.on_pad)
        self._reader.refuses_empty = refuses_empty
        self._unknown = frozenset(unknown)
        self._set_up = set_up
        self._finder = finder()
        #: The last requests, the oldest first.
        self.heard: deque[Request] = deque(maxlen=_REMEMBERED)

    def answer(self, received: bytes) -> Iterator[bytes]:
        """What goes back; nothing for a frame with a wrong CRC or length."""
        for frame in self._finder.feed(received):
            if isinstance(frame, BadFrame):
                continue
            with self.lock:
                body = self._body(frame)
            if body:
                yield Frame(body, frame.layer).encode()

    def _body(self, frame: Frame) -> bytes:
        if frame.layer is Layer.BOOT:
            known = frame.body == BOOT_VERSION
            return frame.body + _VERSION.encode() if known else b""
        code = frame.body[0]
        if code not in list(Command) or code in self._unknown:
            return Reply(code, Status.NOT_IMPLEMENTED).encode()
        try:
            request = parse_request(frame.body)
        except BadFrame:
            return Reply(code, Status.BAD_PARAMETER).encode()
        self.heard.append(request)
        if request.command is Command.SET_UP:
            return self._set_up
        if request.command is Command.VERSION:
            return Reply(code, data=_VERSION.encode()).encode()
        return self._disturbed(request).encode()

    def _disturbed(self, request: Request) -> Reply:
        if request.command in _WRITING and self.strikes(Fault.MISSED):
            return Reply(request.command, Status.NO_TRANSPONDER)
        reading = request.command is Command.READ_BLOCKS
        self._reader.bad_blocks = reading and self.strikes(Fault.BAD_BLOCK)
        inventory = request.command is Command.INVENTORY
        self._reader.duplicates = inventory and self.strikes(Fault.DUPLICATES)
        reply = self._reader.execute(request)
        if request.command in _WRITING and self.strikes(Fault.UNCONFIRMED):
            return Reply(request.command, Status.NO_TRANSPONDER)
        return reply
