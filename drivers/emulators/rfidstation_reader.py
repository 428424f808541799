"""The inside of an emulated RFIDStation reader: commands, and the tags in its field."""

from __future__ import annotations

from collections.abc import Callable

from drivers.api import BadFrame
from drivers.codecs.byte_reader import ByteReader
from drivers.codecs.rfidstation import air, commands
from drivers.codecs.rfidstation.commands import (
    BLOCK_SIZE,
    MAX_BLOCKS,
    MIN_AIR_TIMEOUT_US,
    Command,
    FoundTags,
    Outcome,
    QueryMode,
    Rf,
    TagError,
)
from drivers.codecs.rfidstation.frames import Frame
from drivers.emulators.air import answer_on_air
from drivers.emulators.hf_field import Fault, HfField
from drivers.emulators.tag import TagRefused, VirtualTag

_DONE = Outcome().encode()
_VERSION = b"R321G 21042100 150503".ljust(50, b"\0")
_FAILED = 0x01

#: What a command makes of a tag; may raise TagRefused.
TagCommand = Callable[[VirtualTag, ByteReader], None]


class EmulatedReader:
    """Executes commands; not safe for threads.

    Told tags are silent, as the reader sends them to sleep, until RF is off for a
    moment; they still answer to their UID.
    """

    def __init__(self, field: HfField, tags_per_reply: int) -> None:
        self._field = field
        self._tags_per_reply = tags_per_reply
        self._rf_on = True
        self._silent: set[str] = set()
        self._last_query = FoundTags()
        self._told: list[str] = []

    def execute(self, request: Frame) -> bytes | None:
        """Parameters of the reply; None for a request that gets none."""
        try:
            return self._execute(request.command, request.params)
        except BadFrame:
            return None

    def take_told(self) -> list[str]:
        """The tags whose memory the last reply told."""
        told, self._told = self._told, []
        return told

    def _execute(self, command: int, params: bytes) -> bytes | None:
        match command:
            case Command.VERSION if not params:
                return _VERSION + _DONE
            case Command.RF_CONTROL:
                return self._control_rf(params)
            case Command.QUERY_TAGS:
                return self._query(params)
            case Command.READ_BLOCKS:
                return self._read(params)
            case Command.PASS_THROUGH:
                return self._pass_through(params)
            case Command.SYSTEM_INFO:
                return self._system_info(params)
        change = _CHANGES.get(command)
        return self._change(params, change) if change else None

    def _control_rf(self, params: bytes) -> bytes:
        if len(params) != 2 or params[0] not in list(Rf):
            return Outcome(_FAILED).encode()
        self._rf_on = params[0] != Rf.OFF
        if params[0] != Rf.ON:
            self._silent.clear()
        return _DONE

    def _query(self, params: bytes) -> bytes:
        if params != bytes([QueryMode.REPEAT]):
            missed = self._silent | self._field.missed_now()
            heard = [uid for uid in self._tags() if uid not in missed]
            told = heard[: self._tags_per_reply]
            self._silent.update(told)
            self._last_query = FoundTags(tuple(told), len(heard) - len(told))
        return self._last_query.encode()

    def _tags(self) -> dict[str, VirtualTag]:
        return self._field.on_pad if self._rf_on else {}

    def _read(self, params: bytes) -> bytes:
        request = commands.parse_block_request(params, writes=False)
        tag = self._tags().get(request.uid)
        if tag is None:
            return _failed(TagError.NO_ANSWER)
        if self._field.strikes(Fault.PARTIAL_READ):
            return _failed(TagError.CRC)
        if request.count > MAX_BLOCKS or tag.block_size != BLOCK_SIZE:
            return _failed(TagError.REFUSED)
        try:
            blocks = tag.read(request.first, request.count)
        except TagRefused:
            return _failed(TagError.REFUSED)
        self._told.append(tag.uid)
        return b"".join(blocks) + _DONE

    def _system_info(self, params: bytes) -> bytes:
        tag = self._tags().get(_uid_in(params))
        if tag is None:
            return _failed(TagError.NO_ANSWER)
        if not tag.has_system_info:
            return _failed(TagError.REFUSED)
        return air.system_info_reply(
            dsfid=tag.dsfid,
            afi=tag.afi,
            block_count=tag.block_count,
            block_size=tag.block_size,
            ic_ref=tag.ic_ref,
        )

    def _pass_through(self, params: bytes) -> bytes:
        request = air.parse_pass_through(params)
        answer = answer_on_air(self._tags().values(), request.air)
        if answer is None or request.timeout_us <= MIN_AIR_TIMEOUT_US:
            return _failed(TagError.NO_ANSWER)
        if len(answer) > request.most:
            return _failed(TagError.CRC)
        return answer + _DONE

    def _change(self, params: bytes, change: TagCommand) -> bytes:
        reader = ByteReader(params, "7E55 change of a tag")
        tag = self._tags().get(commands.take_uid(reader))
        if tag is None or self._field.strikes(Fault.WRITE_FAILS):
            return _failed(TagError.NO_ANSWER)
        try:
            change(tag, reader)
        except TagRefused:
            return _failed(TagError.REFUSED)
        return _DONE


def _failed(error: TagError) -> bytes:
    return Outcome(_FAILED, error).encode()


def _uid_in(params: bytes) -> str:
    reader = ByteReader(params, "7E55 request about a tag")
    uid = commands.take_uid(reader)
    reader.finish()
    return uid


def _write_blocks(tag: VirtualTag, reader: ByteReader) -> None:
    first, count = reader.byte("first block"), reader.byte("number of blocks")
    blocks = reader.take(count * BLOCK_SIZE, "blocks")
    reader.finish()
    tag.write(first, blocks)


def _write_afi(tag: VirtualTag, reader: ByteReader) -> None:
    tag.write_afi(reader.byte("AFI"))


def _lock_afi(tag: VirtualTag, _reader: ByteReader) -> None:
    tag.afi_locked = True


def _write_dsfid(tag: VirtualTag, reader: ByteReader) -> None:
    tag.write_dsfid(reader.byte("DSFID"))


def _lock_dsfid(tag: VirtualTag, _reader: ByteReader) -> None:
    tag.dsfid_locked = True


def _lock_block(tag: VirtualTag, reader: ByteReader) -> None:
    tag.lock(reader.byte("block"), 1)


_CHANGES: dict[int, TagCommand] = {
    Command.WRITE_BLOCKS: _write_blocks,
    Command.WRITE_AFI: _write_afi,
    Command.LOCK_AFI: _lock_afi,
    Command.WRITE_DSFID: _write_dsfid,
    Command.LOCK_DSFID: _lock_dsfid,
    Command.LOCK_BLOCK: _lock_block,
}
