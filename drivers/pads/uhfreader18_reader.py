"""A reader of the UHFReader18 family as a `UhfReader`."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame, CommandRefused, NoAnswer
from drivers.codecs.gen2 import Bank, TagError
from drivers.codecs.uhfreader18.commands import (
    FOUND,
    NO_PASSWORD,
    Command,
    Dialect,
    ReadRequest,
    Status,
    WriteRequest,
    answer_mode_request,
    inventory_request,
    status_text,
)
from drivers.codecs.uhfreader18.frames import Frame
from drivers.codecs.uhfreader18.replies import Found, ReaderInfo
from drivers.exchange import Exchange, Question
from drivers.pads.pieces import data_pieces, pieces
from drivers.pads.uhf_reader import BankEnds, UhfSighting
from drivers.tagdata.epc_bank import WORD

#: Words a command moves; with the longest EPC they fit in a frame.
MOST_WORDS = 32


@dataclass(frozen=True, slots=True)
class Reader18Settings:
    """How to ask. `q` and `session` are for the newer dialect.

    `scan_margin_s`: what a reader may take beyond the scan time that it tells.
    """

    address: int = 0x00
    dialect: Dialect = Dialect.OLD
    q: int = 4
    session: int = 0
    password: bytes = NO_PASSWORD
    scan_margin_s: float = 0.5


def question(address: int, command: Command, body: bytes = b"") -> Question[Frame]:
    """A request; any reply to it answers, but not the request come back on two wires."""
    request = Frame(address, command, body)

    def answers(frame: Frame) -> bool:
        has_status = frame.status is not None
        is_ours = frame.adr == address and frame.cmd == command
        return is_ours and has_status and frame != request

    return Question(request.encode(), answers)


class Reader18:
    """Refusals carry the reader's status. An inventory keeps PC words to itself.

    RSSI has no published scale in dBm, so none is told.
    """

    def __init__(self, line: Exchange[Frame], settings: Reader18Settings) -> None:
        self.name = line.name
        self._line = line
        self._settings = settings
        self._scan_time_s = 0.0

    def info(self) -> ReaderInfo:
        """Harmless; the reader tells how long an inventory may take from now on."""
        reply = self._checked(Command.READER_INFO, self._ask(Command.READER_INFO))
        info = ReaderInfo.parse(reply)
        self._scan_time_s = info.scan_time_s
        return info

    def set_answer_mode(self) -> None:
        """End scan mode, in which a reader reports tags by itself and refuses to answer.

        A reader keeps this when it is switched off.
        """
        command, body = answer_mode_request(self._settings.dialect)
        request = Frame(self._settings.address, command, body)

        def confirms(frame: Frame) -> bool:
            # "Answer" and "done" are both 00, so this may look like the request.
            return frame.cmd == command and len(frame.body) == 1

        reply = self._line.ask(Question(request.encode(), confirms))
        self._checked(command, reply)

    def set_power(self, power_dbm: int) -> None:
        """For ever."""
        body = bytes((power_dbm,))
        self._checked(Command.SET_POWER, self._ask(Command.SET_POWER, body))

    def inventory(self) -> list[UhfSighting]:
        """Every tag before the antennas; the reader sends many in several frames."""
        settings = self._settings
        asked = self._question(
            Command.INVENTORY,
            inventory_request(settings.dialect, settings.q, settings.session),
        )

        def ends(frame: Frame) -> bool:
            goes_on = frame.status == Status.INVENTORY_GOES_ON
            return asked.answered_by(frame) and not goes_on

        frames = self._line.collect(
            Question(asked.request, ends),
            part=asked.answered_by,
            timeout_s=self._scan_time_s + settings.scan_margin_s,
        )
        tags = [tag for frame in frames for tag in self._found(frame).tags]
        return [UhfSighting(epc) for epc in dict.fromkeys(tag.epc for tag in tags)]

    def read_bank(self, epc: bytes, bank: Bank, word: int, count: int) -> bytes:
        """In as many commands as it takes."""
        return b"".join(
            self._read(epc, bank, at, words)
            for at, words in pieces(word, count, MOST_WORDS)
        )

    def write_bank(self, epc: bytes, bank: Bank, word: int, data: bytes) -> None:
        """In as many commands as it takes."""
        for at, words in data_pieces(word, data, WORD, MOST_WORDS):
            self._write(epc, bank, at, words)

    def close(self) -> None:
        """Twice is fine."""
        self._line.close()

    def _found(self, frame: Frame) -> Found:
        if frame.status == Status.NO_TAG:
            return Found(())
        if frame.status not in FOUND:
            raise self._refusal("inventory", frame)
        return Found.parse(frame.content, self._settings.dialect)

    def _read(self, epc: bytes, bank: Bank, word: int, count: int) -> bytes:
        asked = ReadRequest(epc, bank, word, count, self._settings.password)
        what = f"read of {count} words at {word} in bank {bank.name}"
        words = self._checked(what, self._ask(Command.READ, asked.encode()))
        if len(words) != count * WORD:
            raise BadFrame(f"{self.name}: {what} gave {words.hex().upper()}")
        return words

    def _write(self, epc: bytes, bank: Bank, word: int, words: bytes) -> None:
        asked = WriteRequest(epc, bank, word, words, self._settings.password)
        try:
            reply = self._ask(Command.WRITE, asked.encode())
        except NoAnswer:
            return
        self._checked(f"write at {word} in bank {bank.name}", reply)

    def _ask(self, command: Command, body: bytes = b"") -> Frame:
        return self._line.ask(self._question(command, body))

    def _question(self, command: Command, body: bytes = b"") -> Question[Frame]:
        return question(self._settings.address, command, body)

    def _checked(self, what: Command | str, reply: Frame) -> bytes:
        """The content of a reply that says "done"."""
        if reply.status != Status.OK:
            title = what.name.lower() if isinstance(what, Command) else what
            raise self._refusal(title, reply)
        return reply.content

    def _refusal(self, what: str, reply: Frame) -> CommandRefused:
        status = reply.body[0]
        text = f"{self.name}: {what} refused: {status_text(status)}"
        if status != Status.TAG_ERROR:
            return CommandRefused(text, status=status)
        told = f"{text}, {reply.content.hex().upper() or 'no code'}"
        is_end = reply.content == bytes((TagError.OVERRUN,))
        refusal = BankEnds if is_end else CommandRefused
        return refusal(told, status=status)
