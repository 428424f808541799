"""A reader of the UHFReader18 family that isn't there: the same bytes on the line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from drivers.codecs.uhfreader18 import frames
from drivers.codecs.uhfreader18.commands import (
    Command,
    Dialect,
    Status,
    answer_mode_request,
)
from drivers.codecs.uhfreader18.frames import BROADCAST, Frame
from drivers.codecs.uhfreader18.replies import (
    Found,
    FoundTag,
    ReaderInfo,
    encode_report,
)
from drivers.emulators.uhf_tag import UhfField
from drivers.emulators.uhfreader18_tags import Reader18Tags

_MAX_POWER_DBM = 30
_INFO = {
    Dialect.OLD: ReaderInfo((1, 9), 0x09, 0x03, 0x31, 0x80, 20, 0),
    Dialect.NEW: ReaderInfo((5, 2), 0x0C, 0x02, 0x31, 0x80, 26, 0, b"\1\0\0\0"),
}
_WIEGAND = bytes.fromhex("001E0A0F")
_RSSI_AT_0_DBM = 180


class UhfReader18Emulator:
    """`answer` is the reader's side of a `drivers.emulators.pty.Pty`.

    `scan_time` is told in units of 100 ms. `scanning`: left in scan mode; whatever it
    hears, it reports its tags first, and it answers "unknown command" to all but the
    command that ends it.
    """

    def __init__(
        self,
        dialect: Dialect = Dialect.OLD,
        *,
        address: int = 0x00,
        scan_time: int = 3,
        scanning: bool = False,
    ) -> None:
        self.field = UhfField()
        self.info = replace(_INFO[dialect], scan_time=scan_time)
        self.scanning = scanning
        self.saved = 0
        self._tags = Reader18Tags(self.field, dialect)
        self._dialect = dialect
        self._address = address
        self._failures: list[int] = []
        self._finder = frames.finder()

    def fail(self, status: int, times: int = 1) -> None:
        """Answer the next `times` commands with this status."""
        self._failures += [status] * times

    def answer(self, received: bytes) -> Iterator[bytes]:
        """What goes back, frame by frame; nothing to a frame that is broken."""
        if self.scanning:
            yield from self.reports()
        # A reader forgets what stays unfinished while the line is silent.
        found = self._finder.feed(received) + self._finder.flush()
        for frame in found:
            if isinstance(frame, Frame) and frame.adr in (self._address, BROADCAST):
                for body in self._carry_out(frame):
                    yield Frame(self._address, frame.cmd, body).encode()

    def reports(self) -> Iterator[bytes]:
        """What scan mode says of each tag."""
        with self.field.guard:
            tags = [
                FoundTag(tag.epc, _RSSI_AT_0_DBM + tag.rssi_dbm)
                for tag in self.field.tags
            ]
        for tag in tags:
            body = bytes((Status.OK,)) + encode_report(Found((tag,), 1))
            yield Frame(self._address, Command.REALTIME_REPORT, body).encode()

    def _carry_out(self, request: Frame) -> Iterator[bytes]:
        if self._failures:
            yield bytes((self._failures.pop(0),))
        elif (result := self._set(request)) is not None:
            yield bytes((result,))
        elif request.adr == BROADCAST:
            return
        elif self.scanning:
            yield bytes((Status.BAD_COMMAND,))
        elif request.cmd == Command.READER_INFO:
            yield bytes((Status.OK,)) + self.info.encode()
        elif request.cmd == Command.GET_WORK_MODE:
            mode = answer_mode_request(Dialect.OLD)[1]
            yield bytes((Status.OK,)) + _WIEGAND + mode + bytes(2)
        else:
            yield from self._tags.access(request)

    def _set(self, request: Frame) -> Status | None:
        """The result of a command that sets something; None for any other command."""
        mode_command, _ = answer_mode_request(self._dialect)
        match request.cmd:
            case Command.SET_POWER:
                return self._set_power(request.body)
            case cmd if cmd == mode_command:
                return self._set_mode(request.body)
            case _:
                return None

    def _set_power(self, body: bytes) -> Status:
        if self.scanning:
            return Status.BAD_COMMAND
        if len(body) != 1:
            return Status.BAD_LENGTH
        if body[0] > _MAX_POWER_DBM:
            return Status.BAD_PARAMETER
        self.info = replace(self.info, power_dbm=body[0])
        self.saved += 1
        return Status.OK

    def _set_mode(self, body: bytes) -> Status:
        if len(body) != len(answer_mode_request(self._dialect)[1]):
            return Status.BAD_LENGTH
        self.scanning = body[0] != 0
        self.saved += 1
        return Status.OK
