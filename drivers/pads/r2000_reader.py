"""A reader with an Impinj R2000 as a `UhfReader`."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame, CommandRefused, NoAnswer
from drivers.codecs.gen2 import Bank
from drivers.codecs.r2000.commands import (
    NO_PASSWORD,
    Code,
    Command,
    ReadRequest,
    Region,
    WriteRequest,
    code_text,
    match_any,
    match_epc,
)
from drivers.codecs.r2000.frames import PUBLIC_ADDRESS, Frame
from drivers.codecs.r2000.replies import (
    Result,
    RoundEnd,
    Sight,
    TagReply,
    parse_inventory,
    parse_read,
    parse_write,
)
from drivers.exchange import Exchange, Question
from drivers.pads.pieces import data_pieces, pieces
from drivers.pads.uhf_reader import BankEnds, UhfSighting
from drivers.tagdata.epc_bank import PC_WORD, WORD

#: Words a command moves; with the longest EPC they fit in a frame.
MOST_WORDS = 32
#: What a reader answers when it reached the tag and got no words from it.
_NO_WORDS = (Code.READ_FAILED, Code.ACCESS_FAILED)


@dataclass(frozen=True, slots=True)
class R2000Settings:
    """How to ask: `antenna` from 0, `repeat` rounds to an inventory.

    `read_password`: what to send with a read; b"" for firmware that takes none.
    """

    address: int = PUBLIC_ADDRESS
    antenna: int = 0
    repeat: int = 1
    password: bytes = NO_PASSWORD
    read_password: bytes = b""


def question(address: int, command: Command, content: bytes = b"") -> Question[Frame]:
    """A request; any reply to it answers, but not the request come back on two wires."""
    request = Frame(address, command, content)

    def answers(frame: Frame) -> bool:
        from_reader = address in (PUBLIC_ADDRESS, frame.adr) and frame != request
        return from_reader and frame.cmd == command

    return Question(request.encode(), answers)


class R2000Reader:
    """Refusals carry the reader's result code.

    Reads and writes reach every tag in the field but for an EPC match, which the
    reader keeps until it is told another; so one is set for each new tag.
    """

    def __init__(self, line: Exchange[Frame], settings: R2000Settings) -> None:
        self.name = line.name
        self._line = line
        self._settings = settings
        #: The EPC that the reader matches, b"" for any; None while nobody knows.
        self._matched: bytes | None = None

    def firmware(self) -> tuple[int, int]:
        """Major and minor version; harmless."""
        version = self._ask(Command.GET_FIRMWARE)
        if len(version) != 2:
            raise BadFrame(f"{self.name}: firmware version {version.hex().upper()}")
        return version[0], version[1]

    def set_power(self, power_dbm: int) -> None:
        """Until the reader loses its power; its flash memory wears out."""
        self._do(Command.SET_TEMPORARY_POWER, bytes((power_dbm,)))

    def set_region(self, region: Region) -> None:
        """For ever, but written only where it differs."""
        if self._ask(Command.GET_REGION) != region.encode():
            self._do(Command.SET_REGION, region.encode())

    def inventory(self) -> list[UhfSighting]:
        """Every tag on the antenna: the strongest of its many sights."""
        self._match(b"")
        self._do(Command.SET_WORK_ANTENNA, bytes((self._settings.antenna,)))
        best: dict[bytes, Sight] = {}
        for sight in self._sights():
            known = best.get(sight.epc)
            if known is None or sight.rssi_dbm >= known.rssi_dbm:
                best[sight.epc] = sight
        return [UhfSighting(seen.epc, seen.pc, seen.rssi_dbm) for seen in best.values()]

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

    def _sights(self) -> list[Sight]:
        asked = self._question(Command.INVENTORY, bytes((self._settings.repeat,)))

        def ends(frame: Frame) -> bool:
            said = _said(frame)
            return asked.answered_by(frame) and isinstance(said, RoundEnd | Result)

        *frames, last = self._line.collect(
            Question(asked.request, ends), part=asked.answered_by
        )
        end = parse_inventory(last.data)
        if isinstance(end, Result) and end.code not in (Code.DONE, Code.NO_TAG):
            raise self._refusal("inventory", end.code)
        said = [_said(frame) for frame in frames]
        return [sight for sight in said if isinstance(sight, Sight)]

    def _read(self, epc: bytes, bank: Bank, word: int, count: int) -> bytes:
        self._match(epc)
        asked = ReadRequest(bank, word, count, self._settings.read_password)
        reply = parse_read(self._ask(Command.READ, asked.encode()))
        what = f"read of {count} words at {word} in bank {bank.name}"
        if isinstance(reply, Result):
            raise self._no_words(epc, bank, what, reply.code)
        self._check_epc(reply, epc)
        if len(reply.words) != count * WORD:
            raise BadFrame(f"{self.name}: {what} gave {reply.words.hex().upper()}")
        return reply.words

    def _no_words(self, epc: bytes, bank: Bank, what: str, code: int) -> CommandRefused:
        """A reader has one code for "no such words" and for "too far away".

        A tag that tells its PC word is near enough, so it has no such words.
        """
        refusal = self._refusal(what, code)
        if code not in _NO_WORDS or bank is Bank.EPC:
            return refusal
        try:
            self._read(epc, Bank.EPC, PC_WORD, 1)
        except CommandRefused:
            return refusal
        return BankEnds(str(refusal), status=code)

    def _write(self, epc: bytes, bank: Bank, word: int, words: bytes) -> None:
        self._match(epc)
        asked = WriteRequest(bank, word, words, self._settings.password)
        try:
            reply = parse_write(self._ask(Command.WRITE, asked.encode()))
        except NoAnswer:
            return
        code = reply.code if isinstance(reply, Result) else reply.result
        if code != Code.DONE:
            raise self._refusal(f"write at {word} in bank {bank.name}", code)

    def _match(self, epc: bytes) -> None:
        """Let tag commands reach this EPC alone; b"" for any."""
        if self._matched == epc:
            return
        self._matched = None
        self._do(Command.SET_EPC_MATCH, match_epc(epc) if epc else match_any())
        self._matched = epc

    def _do(self, command: Command, content: bytes) -> None:
        """A command whose reply says only how it went."""
        code = self._ask(command, content)
        if code != bytes((Code.DONE,)):
            raise self._refusal(command.name.lower(), code[0] if code else 0)

    def _ask(self, command: Command, content: bytes = b"") -> bytes:
        return self._line.ask(self._question(command, content)).data

    def _question(self, command: Command, content: bytes = b"") -> Question[Frame]:
        return question(self._settings.address, command, content)

    def _check_epc(self, reply: TagReply, epc: bytes) -> None:
        if reply.epc != epc:
            raise BadFrame(
                f"{self.name}: asked {epc.hex().upper()}, "
                f"answer from {reply.epc.hex().upper()}"
            )

    def _refusal(self, what: str, code: int) -> CommandRefused:
        return CommandRefused(
            f"{self.name}: {what} refused: {code_text(code)}", status=code
        )


def _said(frame: Frame) -> Sight | RoundEnd | Result | None:
    """What an inventory reply says; None for one that makes no sense."""
    try:
        return parse_inventory(frame.data)
    except BadFrame:
        return None
