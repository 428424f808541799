"""What an emulated R2000 reader does with the tags before its antenna."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count

from drivers.api import BadFrame
from drivers.codecs.gen2 import Bank
from drivers.codecs.r2000.commands import (
    Code,
    Command,
    ReadRequest,
    WriteRequest,
    match_any,
    match_epc,
    parse_match,
)
from drivers.codecs.r2000.frames import Frame
from drivers.codecs.r2000.replies import RoundEnd, Sight, TagReply
from drivers.emulators.uhf_tag import TagRefused, UhfField, VirtualUhfTag

#: How often a tag is seen in a round.
_SIGHTS = 3
#: A host that asks for more has to wait for it no longer than for these.
_MOST_ROUNDS = 3
#: On some channels a tag is weaker.
_FADING_DB = (3, 0, 9)
_READ_RATE = 29
_RSSI_OFFSET_DBM = 129
#: Where the EPC begins in its bank: behind CRC and PC.
_EPC_BIT = 32
#: Channels are hopped over.
_CHANNELS = 50
#: The antenna that the tags lie before.
_TAGS_ANTENNA = 0


class R2000Tags:
    """Without a match, a read or write reaches every tag in the field."""

    def __init__(
        self, field: UhfField, *, old_end: bool, wants_read_password: bool
    ) -> None:
        self._match: bytes | None = None
        self._field = field
        self._old_end = old_end
        self._wants_read_password = wants_read_password
        self._channel = count()

    def inventory(self, repeat: int, antenna: int) -> Iterator[bytes]:
        """Sights of all tags in turn, then the end; a match counts here as well."""
        with self._field.guard:
            tags = self._reached() if antenna == _TAGS_ANTENNA else []
            turns = range(_SIGHTS * min(repeat, _MOST_ROUNDS))
            sights = [self._sight(tag, turn) for turn in turns for tag in tags]
        yield from (sight.encode() for sight in sights)
        rate = None if self._old_end else _READ_RATE
        yield RoundEnd(antenna, len(sights), rate).encode()

    def access(self, request: Frame) -> Iterator[bytes]:
        """Match, read or write; what the reader does not know has "failed"."""
        try:
            match request.cmd:
                case Command.SET_EPC_MATCH:
                    self._match = parse_match(request.data)
                    yield bytes((Code.DONE,))
                case Command.GET_EPC_MATCH:
                    yield match_epc(self._match) if self._match else match_any()
                case Command.READ:
                    yield from self._read(ReadRequest.parse(request.data))
                case Command.WRITE | Command.BLOCK_WRITE:
                    yield from self._write(WriteRequest.parse(request.data))
                case _:
                    yield bytes((Code.FAILED,))
        except BadFrame:
            yield bytes((Code.BAD_PARAMETER,))

    def _read(self, asked: ReadRequest) -> Iterator[bytes]:
        if self._wants_read_password and not asked.password:
            yield bytes((Code.BAD_PARAMETER,))
            return
        bank, code = _checked(asked.bank, asked.count)
        if bank is None:
            yield bytes((code,))
            return
        with self._field.guard:
            tags = self._reached()
            replies = [_reply(tag, len(tags)) for tag in tags]
            words = [_words(tag, asked, bank) for tag in tags]
        for reply, read in zip(replies, words, strict=True):
            if read is not None:
                yield replace(reply, words=read).encode_read()
        if not any(words):
            yield bytes((Code.READ_FAILED if tags else Code.NO_TAG,))

    def _write(self, asked: WriteRequest) -> Iterator[bytes]:
        bank, code = _checked(asked.bank, len(asked.words))
        if bank is None:
            yield bytes((code,))
            return
        with self._field.guard:
            tags = self._reached()
            replies = [_reply(tag, len(tags)) for tag in tags]
            results = [_write_tag(tag, asked, bank) for tag in tags]
        for reply, result in zip(replies, results, strict=True):
            yield replace(reply, result=result).encode_write()
        if not tags:
            yield bytes((Code.NO_TAG,))

    def _reached(self) -> list[VirtualUhfTag]:
        """The guard of the field is held."""
        return [tag for tag in self._field.tags if self._is_matched(tag)]

    def _is_matched(self, tag: VirtualUhfTag) -> bool:
        """As the air protocol selects: by the words that the EPC begins with."""
        if self._match is None:
            return True
        bits = len(self._match) * 8
        return tag.answers_to(Bank.EPC, _EPC_BIT, bits, self._match)

    def _sight(self, tag: VirtualUhfTag, turn: int) -> Sight:
        channel = next(self._channel) % _CHANNELS
        fading_db = _FADING_DB[turn % len(_FADING_DB)]
        rssi = max(tag.rssi_dbm + _RSSI_OFFSET_DBM - fading_db, 0)
        return Sight(channel << 2 | _TAGS_ANTENNA, tag.pc, tag.epc, rssi)


def _checked(number: int, words: int) -> tuple[Bank | None, Code]:
    """The bank, or None and what is wrong with the request."""
    if number not in set(Bank):
        return None, Code.BAD_BANK
    if not words:
        return None, Code.BAD_WORD_COUNT
    return Bank(number), Code.DONE


def _write_tag(tag: VirtualUhfTag, asked: WriteRequest, bank: Bank) -> Code:
    if not tag.opens_with(asked.password):
        return Code.ACCESS_FAILED
    try:
        tag.write(bank, asked.word, asked.words)
    except TagRefused:
        return Code.WRITE_FAILED
    return Code.DONE


def _words(tag: VirtualUhfTag, asked: ReadRequest, bank: Bank) -> bytes | None:
    try:
        return tag.read(bank, asked.word, asked.count)
    except TagRefused:
        return None


def _reply(tag: VirtualUhfTag, tag_count: int) -> TagReply:
    return TagReply(tag_count, tag.pc, tag.epc, tag.crc.to_bytes(2))
