"""An M100 UHF reader that isn't there: the same bytes from the other end of the line."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable, Collection, Iterator

from drivers.api import BadFrame
from drivers.codecs.m100.commands import (
    Command,
    SelectMode,
    parse_access,
    parse_select,
)
from drivers.codecs.m100.errors import Error
from drivers.codecs.m100.frames import Frame, FrameType, finder
from drivers.codecs.m100.replies import DONE, ERROR
from drivers.emulators.m100_tags import AccessFailed, TagsInReach
from drivers.emulators.uhf_tag import UhfField

_INFO = (b"M100 26dBm V1.0", b"V2.3.5", b"MagicRF")
_REGIONS = frozenset({1, 2, 3, 4, 6})
_MOST_CENTI_DBM = 3300
_ON_THE_AIR = frozenset({Command.SINGLE_POLL, Command.READ, Command.WRITE})
#: How long one round of a running multi poll takes.
_ROUND_S = 0.01


class Fault(enum.StrEnum):
    """What can be wrong with the reader; each counts once where it strikes.

    FLICKER: a poll misses its first tag. READ_FAILS: as if the tag had left.
    WRITE_FORGOTTEN: acknowledged, but nothing is written. WRITE_UNANSWERED: written,
    but not acknowledged. HOPPING: no channel is free for talking to tags.
    """

    FLICKER = "flicker"
    READ_FAILS = "read_fails"
    WRITE_FORGOTTEN = "write_forgotten"
    WRITE_UNANSWERED = "write_unanswered"
    HOPPING = "hopping"


class M100Emulator:
    """`answer` is the device's side of a `drivers.emulators.pty.Pty`.

    `wake` must make the terminal call `answer` again (`Pty.send` with b"" does) before
    a multi poll can run. While it runs, the reader hears nothing but "stop".
    `tags_per_poll`: how many answer one poll; the others collide and come next time.
    `mode_answer`: the command code with which a change of the select mode is answered.
    """

    def __init__(
        self, *, tags_per_poll: int = 8, mode_answer: int = Command.SELECT_MODE
    ) -> None:
        self.field = UhfField()
        self.wake: Callable[[], None] = lambda: None
        self.region = 1
        self.centi_dbm = 2000
        self.polls_left = 0
        self._tags = TagsInReach(self.field, tags_per_poll)
        self._finder = finder()
        self._faults: dict[Fault, int] = {}
        self._mode_answer = mode_answer

    def fault(self, kind: Fault, times: int) -> None:
        """Misbehave the next `times` times."""
        self._faults[kind] = times

    def answer(self, received: bytes) -> Iterator[bytes]:
        """What goes back, frame by frame."""
        for frame in self._finder.feed(received):
            if isinstance(frame, Frame) and frame.type is FrameType.REQUEST:
                yield from (reply.encode() for reply in self._serve(frame))
        if self.polls_left:
            self.polls_left -= 1
            time.sleep(_ROUND_S)
            with self.field.guard:
                seen = list(self._poll())
            yield from (notice.encode() for notice in seen)
            self.wake()

    def _serve(self, request: Frame) -> list[Frame]:
        if self.polls_left and request.cmd != Command.STOP:
            return []
        if request.cmd in _ON_THE_AIR and self._strikes(Fault.HOPPING):
            return [_error(bytes((Error.HOPPING_FAILED,)))]
        try:
            with self.field.guard:
                return list(self._execute(request))
        except AccessFailed as err:
            return [_error(err.params)]
        except BadFrame:
            return [_error(bytes((Error.BAD_COMMAND,)))]

    def _execute(self, request: Frame) -> Iterator[Frame]:
        match request.cmd:
            case Command.SINGLE_POLL:
                yield from self._poll()
            case Command.MULTI_POLL:
                if len(request.params) != 3:
                    raise BadFrame("multi poll without count")
                self.polls_left = int.from_bytes(request.params[1:])
            case Command.READ:
                params = self._read(request)
                yield Frame(FrameType.RESPONSE, request.cmd, params)
            case Command.WRITE:
                params = self._write(request)
                if not self._strikes(Fault.WRITE_UNANSWERED):
                    yield Frame(FrameType.RESPONSE, request.cmd, params)
            case Command.INFO:
                kind = _one_of(request.params, range(len(_INFO)))
                params = request.params + _INFO[kind]
                yield Frame(FrameType.RESPONSE, request.cmd, params)
            case Command.SELECT_MODE:
                self._tags.mode = SelectMode(_one_of(request.params, set(SelectMode)))
                yield Frame(FrameType.RESPONSE, self._mode_answer, DONE)
            case _:
                params = self._get(request.cmd) or self._set(request)
                yield Frame(FrameType.RESPONSE, request.cmd, params)

    def _poll(self) -> Iterator[Frame]:
        found = self._tags.inventory()
        if found and self._strikes(Fault.FLICKER):
            del found[0]
        for sight in found:
            yield Frame(FrameType.NOTICE, Command.SINGLE_POLL, sight)
        if not found:
            yield _error(bytes((Error.INVENTORY_EMPTY,)))

    def _read(self, request: Frame) -> bytes:
        access = parse_access(request.params)
        if self._strikes(Fault.READ_FAILS):
            raise AccessFailed(Error.NO_TAG_TO_READ)
        return self._tags.read(access)

    def _write(self, request: Frame) -> bytes:
        access = parse_access(request.params)
        return self._tags.write(access, forgets=self._strikes(Fault.WRITE_FORGOTTEN))

    def _get(self, command: int) -> bytes | None:
        match command:
            case Command.GET_SELECT:
                return self._tags.select.encode()
            case Command.GET_REGION:
                return bytes((self.region,))
            case Command.GET_POWER:
                return self.centi_dbm.to_bytes(2)
            case _:
                return None

    def _set(self, request: Frame) -> bytes:
        """Raises BadFrame for a value out of range, and for an unknown command."""
        params = request.params
        match request.cmd:
            case Command.STOP:
                self.polls_left = 0
            case Command.SET_SELECT:
                self._tags.set_select(parse_select(params))
            case Command.SET_REGION:
                self.region = _one_of(params, _REGIONS)
            case Command.SET_POWER if len(params) == 2:
                self.centi_dbm = min(int.from_bytes(params), _MOST_CENTI_DBM)
            case _:
                raise BadFrame(f"M100 does not know {request}")
        return DONE

    def _strikes(self, kind: Fault) -> bool:
        left = self._faults.get(kind, 0)
        self._faults[kind] = max(left - 1, 0)
        return left > 0


def _error(params: bytes) -> Frame:
    return Frame(FrameType.RESPONSE, ERROR, params)


def _one_of(params: bytes, allowed: Collection[int]) -> int:
    if len(params) != 1 or params[0] not in allowed:
        raise BadFrame(f"M100 does not know {params.hex().upper()}")
    return params[0]
