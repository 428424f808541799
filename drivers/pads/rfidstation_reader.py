"""An RFIDStation reader (7E55) as an `HfReader`."""

from __future__ import annotations

from drivers.api import BadFrame, CommandRefused, NoAnswer
from drivers.codecs.iso15693 import iso_error_text, nxp_eas_request, refusal_in
from drivers.codecs.rfidstation import air, commands
from drivers.codecs.rfidstation.air import PassThrough
from drivers.codecs.rfidstation.commands import (
    MAX_BLOCK_BYTES,
    MAX_BLOCKS,
    BlockRequest,
    Command,
    Outcome,
    QueryMode,
    Rf,
    TagError,
    uid_bytes,
)
from drivers.codecs.rfidstation.frames import ANY_READER, Frame, finder
from drivers.exchange import Exchange, Question
from drivers.pads.hf_reader import Sighting, TagInfo
from drivers.pads.pieces import data_pieces, pieces
from drivers.transports import Transport

#: A reader tells its version at once; no tag is asked.
_PROBE_TIMEOUT_S = 0.5
#: What each block adds to the time that an answer takes.
_BLOCK_S = 0.02
#: No field holds so many tags; a reader that goes on saying "more" is broken.
_MOST_PARTS = 12
#: A tag that has written something answers within 20 ms.
_WRITE_TIMEOUT_US = 20_000
#: The longest answer to a change: flags and an error.
_ANSWER_BYTES = 2


class RfidstationReader:
    """Refusals carry the error byte of the reply: 1 tag refused, 2 CRC, 3 no answer."""

    def __init__(
        self, transport: Transport, name: str, address: int, timeout_s: float
    ) -> None:
        """The transport stays the caller's, but for `close`."""
        self.name = name
        self._address = address
        self._timeout_s = timeout_s
        self._exchange = Exchange(
            transport,
            name,
            finder,
            self._question(Command.VERSION),
            timeout_s=timeout_s,
        )

    def start(self) -> None:
        """Prove that a reader answers, and take its address if any is meant.

        Raises NoAnswer or DeviceLost when none does.
        """
        question = self._question(Command.VERSION)
        reply = self._exchange.ask(question, timeout_s=_PROBE_TIMEOUT_S)
        if self._address == ANY_READER:
            self._address = reply.source

    def inventory(self) -> list[Sighting]:
        """Every tag in the field; the reader tells more than 25 in several parts."""
        # A tag that was told is silent until it loses its power.
        rf_reset = commands.rf_control(Rf.RESET)
        self._check(self._ask_outcome(Command.RF_CONTROL, rf_reset), "RF reset")
        found: dict[str, Sighting] = {}
        for _ in range(_MOST_PARTS):
            params = self._ask(Command.QUERY_TAGS, bytes([QueryMode.NORMAL]))
            part = commands.parse_found_tags(params)
            found |= {uid: Sighting(uid) for uid in part.uids}
            if not part.remaining or not part.uids:
                break
        return list(found.values())

    def tag_info(self, uid: str) -> TagInfo | None:
        """What the tag says of itself; None when it refuses to."""
        params = self._ask(Command.SYSTEM_INFO, uid_bytes(uid))
        info, outcome = air.parse_system_info(params)
        if outcome.error == TagError.REFUSED:
            return None
        self._check(outcome, f"system information of {uid}")
        return TagInfo(uid, info.afi, info.dsfid, info.block_size, info.block_count)

    def read(self, uid: str, first: int, count: int, block_size: int) -> bytes:
        """Blocks, in as many commands as it takes."""
        room = min(MAX_BLOCKS, MAX_BLOCK_BYTES // block_size)
        return b"".join(
            self._read_chunk(uid, at, blocks, block_size)
            for at, blocks in pieces(first, count, room)
        )

    def write(self, uid: str, first: int, as_sent: bytes, block_size: int) -> None:
        """Write whole blocks, in as many commands as it takes."""
        room = min(MAX_BLOCKS, MAX_BLOCK_BYTES // block_size)
        for at, blocks in data_pieces(first, as_sent, block_size, room):
            count = len(blocks) // block_size
            request = BlockRequest(uid, at, count, blocks)
            self._change(Command.WRITE_BLOCKS, request.encode(), uid, count)

    def write_afi(self, uid: str, afi: int) -> None:
        """Write the AFI."""
        self._change(Command.WRITE_AFI, uid_bytes(uid) + bytes([afi]), uid)

    def write_eas(self, uid: str, *, armed: bool) -> None:
        """Set or reset the EAS bit of an ICODE tag by passing NXP's command through."""
        air = nxp_eas_request(uid, armed=armed)
        request = PassThrough(air, _WRITE_TIMEOUT_US, _ANSWER_BYTES)
        params = self._ask(Command.PASS_THROUGH, request.encode())
        answer, outcome = commands.split_outcome(params)
        self._check(outcome, f"EAS of {uid}")
        if (error := refusal_in(answer)) is not None:
            text = f"{self.name}: EAS of {uid}: {iso_error_text(error)}"
            raise CommandRefused(text, status=TagError.REFUSED)

    def close(self) -> None:
        """Twice is fine."""
        self._exchange.close()

    def _read_chunk(self, uid: str, first: int, count: int, block_size: int) -> bytes:
        request = BlockRequest(uid, first, count).encode()
        params = self._ask(Command.READ_BLOCKS, request, count)
        memory, outcome = commands.split_outcome(params)
        self._check(outcome, f"read of {uid}")
        if len(memory) != count * block_size:
            raise BadFrame(
                f"{self.name}: asked {uid} for {count} blocks of {block_size} bytes, "
                f"got {len(memory)} bytes"
            )
        return memory

    def _change(
        self, command: Command, params: bytes, uid: str, blocks: int = 1
    ) -> None:
        """A change whose answer got lost is no failure: only reading back tells."""
        try:
            outcome = self._ask_outcome(command, params, blocks)
        except NoAnswer:
            return
        self._check(outcome, f"{command.title} of {uid}")

    def _ask_outcome(self, command: Command, params: bytes, blocks: int = 0) -> Outcome:
        return commands.parse_outcome(self._ask(command, params, blocks))

    def _ask(self, command: Command, params: bytes, blocks: int = 0) -> bytes:
        timeout_s = self._timeout_s + blocks * _BLOCK_S
        question = self._question(command, params)
        return self._exchange.ask(question, timeout_s=timeout_s).params

    def _question(self, command: Command, params: bytes = b"") -> Question[Frame]:
        request = Frame(command, params, target=self._address)
        return Question(request.encode(), lambda frame: self._answers(frame, command))

    def _answers(self, frame: Frame, command: Command) -> bool:
        from_it = self._address in (ANY_READER, frame.source)
        return frame.is_reply and frame.command == command and from_it

    def _check(self, outcome: Outcome, what: str) -> None:
        if not outcome.is_success:
            text = f"{self.name}: {what}: {outcome}"
            raise CommandRefused(text, status=outcome.error)
