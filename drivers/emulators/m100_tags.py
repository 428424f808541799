"""How an emulated M100 reader reaches the tags in its field."""

from __future__ import annotations

import enum

from drivers.api import BadFrame
from drivers.codecs.gen2 import Bank
from drivers.codecs.m100.commands import MAX_WORDS, Access, Select, SelectMode
from drivers.codecs.m100.errors import Error, of_tag
from drivers.codecs.m100.replies import DONE
from drivers.emulators.uhf_tag import TagRefused, UhfField, VirtualUhfTag


class Family(enum.IntEnum):
    """High half of the code with which a tag's own refusal is passed on."""

    READ = 0xA
    WRITE = 0xB


class AccessFailed(Exception):
    """Parameters of the error report: a code, and the tag if one was found."""

    def __init__(self, code: int, tag: VirtualUhfTag | None = None) -> None:
        super().__init__(f"error {code:02X}")
        self.params = bytes((code,)) + (named(tag) if tag else b"")


class TagsInReach:
    """The tags of a field through the reader's mask.

    The caller holds the field's guard. `per_poll`: how many answer one poll; the
    others collide and come next time.
    """

    def __init__(self, field: UhfField, per_poll: int) -> None:
        self.select = Select(b"", 0)
        self.mode = SelectMode.ALWAYS
        self._field = field
        self._per_poll = per_poll
        self._turn = 0

    def set_select(self, select: Select) -> None:
        """Raises BadFrame for a mask that no reader can use."""
        if select.mask_bits > len(select.mask) * 8 or select.target > 4:
            raise BadFrame(f"unusable mask {select}")
        self.select = select
        self.mode = SelectMode.BUT_FOR_INVENTORY

    def inventory(self) -> list[bytes]:
        """RSSI, PC, EPC and CRC of each tag that one poll finds."""
        masked = self.mode is SelectMode.ALWAYS
        tags = self._selected() if masked else list(self._field.tags)
        turned = tags[self._turn :] + tags[: self._turn]
        answering = turned[: self._per_poll]
        self._turn = (self._turn + len(answering)) % max(len(tags), 1)
        return [
            tag.rssi_dbm.to_bytes(1, signed=True)
            + tag.pc.to_bytes(2)
            + tag.epc
            + tag.crc.to_bytes(2)
            for tag in answering
        ]

    def read(self, access: Access) -> bytes:
        """Parameters of the reply. Raises AccessFailed or BadFrame."""
        if access.data or not access.words:
            raise BadFrame(f"no read: {access}")
        tag = self._reached(access, Error.NO_TAG_TO_READ)
        try:
            content = tag.read(Bank(access.bank), access.word, access.words)
        except TagRefused as err:
            raise AccessFailed(of_tag(Family.READ, err.error), tag) from err
        return named(tag) + content

    def write(self, access: Access, *, forgets: bool) -> bytes:
        """As `read`; the reply names the tag as it was when it was found."""
        fits = 0 < access.words <= MAX_WORDS and len(access.data) == access.words * 2
        if not fits:
            raise BadFrame(f"no write: {access}")
        tag = self._reached(access, Error.NO_TAG_TO_WRITE)
        found = named(tag)
        try:
            if not forgets:
                tag.write(Bank(access.bank), access.word, access.data)
        except TagRefused as err:
            raise AccessFailed(of_tag(Family.WRITE, err.error), tag) from err
        return found + DONE

    def _reached(self, access: Access, missing: Error) -> VirtualUhfTag:
        """Whichever tag answers first, as with a real reader and a loose mask."""
        if access.bank not in set(Bank):
            raise BadFrame(f"no bank {access.bank}")
        tags = self._selected()
        if not tags:
            raise AccessFailed(missing)
        if not tags[0].opens_with(access.password):
            raise AccessFailed(Error.WRONG_PASSWORD, tags[0])
        return tags[0]

    def _selected(self) -> list[VirtualUhfTag]:
        if self.mode is SelectMode.NEVER:
            return list(self._field.tags)
        mask = self.select
        return [
            tag
            for tag in self._field.tags
            if tag.answers_to(
                Bank(mask.bank), mask.pointer_bits, mask.mask_bits, mask.mask
            )
        ]


def named(tag: VirtualUhfTag) -> bytes:
    """PC and EPC behind their common length."""
    name = tag.pc.to_bytes(2) + tag.epc
    return bytes((len(name),)) + name
