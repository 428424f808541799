"""What an M100 reader does for a pad, question by question.

Not confirmed on hardware: that one poll reports all tags that answered in its
round and that no end mark follows, and that a reader which is not polling answers
"stop" all the same (nothing here depends on that).
"""

from __future__ import annotations

import time
from contextlib import suppress

from drivers.api import BadFrame, CommandRefused, NoAnswer
from drivers.codecs.gen2 import Bank, TagError
from drivers.codecs.m100 import commands
from drivers.codecs.m100.commands import MAX_WORDS, Command, Info, Select, SelectMode
from drivers.codecs.m100.errors import Error, error_text, tag_error
from drivers.codecs.m100.frames import Frame, FrameType
from drivers.codecs.m100.replies import (
    DONE,
    ERROR,
    parse_accessed,
    parse_failure,
    parse_sight,
)
from drivers.exchange import Exchange, Question
from drivers.pads.pieces import data_pieces, pieces
from drivers.pads.uhf_reader import BankEnds, UhfSighting
from drivers.tagdata.epc_bank import WORD

#: After the last tag of a poll the line is silent. Tags follow each other faster, and
#: a USB adapter holds bytes back for 16 ms at most.
_POLL_SILENCE_S = 0.02
#: A reader that goes on finding tags is asked no more after so long.
_ROUND_BUDGET_S = 1.0

#: Some documents have the change of the mode answered like that of the mask.
_ANSWERS: dict[int, tuple[int, ...]] = {
    Command.SELECT_MODE: (Command.SELECT_MODE, Command.SET_SELECT)
}
#: An empty field answers a poll, and goes on answering polls of a run long stopped.
_EMPTY = bytes((Error.INVENTORY_EMPTY,))


class M100Reader:
    """See `drivers.pads.uhf_reader.UhfReader`."""

    def __init__(self, line: Exchange[Frame], *, write_timeout_s: float) -> None:
        self.name = line.name
        self._line = line
        self._write_timeout_s = write_timeout_s
        #: The EPC that the reader selects; None while nobody knows.
        self._selected: bytes | None = None
        self._last_round: frozenset[bytes] = frozenset()

    def start(self, *, region: int | None, centi_dbm: int | None) -> None:
        """Prove that a reader answers, and set it up. Raises as UhfReader does."""
        # Whoever had the port before may have left the reader polling. One that does
        # not poll has nothing to stop, and may say so.
        with suppress(NoAnswer, CommandRefused):
            self._ask(commands.request(Command.STOP))
        self._line.ask(HARMLESS)
        mode = bytes((SelectMode.BUT_FOR_INVENTORY,))
        self._ask(commands.request(Command.SELECT_MODE, mode))
        if region is not None:
            self._ask(commands.request(Command.SET_REGION, bytes((region,))))
        if centi_dbm is not None:
            self._ask(commands.set_power(centi_dbm))

    def inventory(self) -> list[UhfSighting]:
        """Poll, and again while a poll brings tags but not all of the last round.

        Many tags at once hide one another, and some readers let them take turns.
        """
        found: dict[bytes, UhfSighting] = {}
        deadline = time.monotonic() + _ROUND_BUDGET_S
        while time.monotonic() < deadline:
            seen = {sighting.epc: sighting for sighting in self._poll()}
            brings_more = not seen.keys() <= found.keys()
            found = seen | found
            if not brings_more or self._last_round <= found.keys():
                break
        self._last_round = frozenset(found)
        return list(found.values())

    def read_bank(self, epc: bytes, bank: Bank, word: int, count: int) -> bytes:
        return b"".join(
            self._read(epc, bank, at, words)
            for at, words in pieces(word, count, MAX_WORDS)
        )

    def write_bank(self, epc: bytes, bank: Bank, word: int, data: bytes) -> None:
        for at, words in data_pieces(word, data, WORD, MAX_WORDS):
            request = commands.write(bank, at, words)
            self._select(epc, anew=True)
            with suppress(NoAnswer):
                self._ask(request, timeout_s=self._write_timeout_s)

    def close(self) -> None:
        self._line.close()

    def _poll(self) -> list[UhfSighting]:
        question = Question(_POLL.encode(), _is_trouble)
        # An "empty" may be left over from polls that somebody else began, so that only
        # silence ends the round.
        frames = self._line.collect(question, part=_tells, silence_s=_POLL_SILENCE_S)
        if _is_trouble(frames[-1]):
            raise self._refusal(frames[-1], "poll")
        found = []
        for frame in filter(_is_notice, frames):
            # What makes no sense is no tag; it may make sense the next time.
            with suppress(BadFrame):
                sight = parse_sight(frame.params)
                found.append(UhfSighting(sight.epc, sight.pc, sight.rssi_dbm))
        return found

    def _read(self, epc: bytes, bank: Bank, word: int, words: int) -> bytes:
        self._select(epc)
        try:
            reply = self._ask(commands.read(bank, word, words))
        except (CommandRefused, NoAnswer):
            self._selected = None
            raise
        answer = parse_accessed(reply.params)
        if answer.epc != epc or len(answer.rest) != words * WORD:
            self._selected = None
            raise BadFrame(
                f"{self.name}: asked {epc.hex().upper()} for {words} words, got "
                f"{answer.rest.hex().upper()} of {answer.epc.hex().upper()}"
            )
        return answer.rest

    def _select(self, epc: bytes, *, anew: bool = False) -> None:
        """Let the next access reach this tag.

        `anew`: before a write, as a reader that lost its power has forgotten. A read
        tells by its answer which tag it reached.
        """
        if epc == self._selected and not anew:
            return
        self._selected = None
        mask = Select.by_epc(epc).encode()
        reply = self._ask(commands.request(Command.SET_SELECT, mask))
        if reply.params != DONE:
            raise BadFrame(f"{self.name}: mask answered {reply.params.hex().upper()}")
        self._selected = epc

    def _ask(self, request: Frame, *, timeout_s: float | None = None) -> Frame:
        def answered_by(frame: Frame) -> bool:
            if _is_error(frame):
                return frame.params != _EMPTY
            answers = _ANSWERS.get(request.cmd, (request.cmd,))
            return frame.type is FrameType.RESPONSE and frame.cmd in answers

        question = Question(request.encode(), answered_by)
        reply = self._line.ask(question, timeout_s=timeout_s)
        if _is_error(reply):
            raise self._refusal(reply, Command(request.cmd).name.lower())
        return reply

    def _refusal(self, reply: Frame, what: str) -> CommandRefused:
        code = parse_failure(reply.params).code
        text = f"{self.name}: {what}: {error_text(code)}"
        kind = BankEnds if tag_error(code) == TagError.OVERRUN else CommandRefused
        return kind(text, status=code)


def _is_error(frame: Frame) -> bool:
    return frame.type is FrameType.RESPONSE and frame.cmd == ERROR


def _is_notice(frame: Frame) -> bool:
    return frame.type is FrameType.NOTICE and frame.cmd == Command.SINGLE_POLL


def _is_empty(frame: Frame) -> bool:
    return _is_error(frame) and frame.params == _EMPTY


def _is_trouble(frame: Frame) -> bool:
    return _is_error(frame) and frame.params != _EMPTY


def _tells(frame: Frame) -> bool:
    return _is_notice(frame) or _is_empty(frame)


def _is_info(frame: Frame) -> bool:
    return frame.type is FrameType.RESPONSE and frame.cmd == Command.INFO


_POLL = commands.request(Command.SINGLE_POLL)
_INFO = commands.request(Command.INFO, bytes((Info.HARDWARE,)))
#: Which hardware is it? Every reader of the family tells.
HARMLESS = Question(_INFO.encode(), _is_info)
