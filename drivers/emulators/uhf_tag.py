"""A UHF library tag (EPC Gen2) as it lies in the field of an emulated pad."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from drivers.codecs.crc import GENIBUS
from drivers.codecs.gen2 import Bank, TagError, epc_size

NO_PASSWORD = bytes(4)
#: An Alien Higgs 3.
_TID = bytes.fromhex("E2003412013C6F00")
#: The smallest EPC bank: CRC, PC and 96 bits.
_LEAST_EPC_WORDS = 8


class TagRefused(Exception):
    """The tag answered an access with an error of its own."""

    def __init__(self, error: TagError) -> None:
        super().__init__(f"Gen2 tag error {error:X}")
        self.error = error


@dataclass(slots=True)
class VirtualUhfTag:
    """`pc_and_epc`: the EPC bank from the PC word on; the rest of it reads 00.

    `user` is the whole user bank, b"" for a tag without one. `reserved` holds the
    kill password and the access password. Nothing can be written to a bank in
    `locked`. `rssi_dbm` is how strong the tag answers. Not safe for threads; the
    field that it lies in guards it.
    """

    pc_and_epc: bytes
    user: bytes = b""
    tid: bytes = _TID
    reserved: bytes = bytes(8)
    rssi_dbm: int = -45
    locked: set[Bank] = field(default_factory=set)

    def __post_init__(self) -> None:
        if epc_size(self.pc) > len(self.pc_and_epc) - 2:
            raise ValueError(
                f"PC {self.pc:04X} announces more than {self.pc_and_epc[2:].hex()}"
            )
        self.pc_and_epc = self.pc_and_epc.ljust((_LEAST_EPC_WORDS - 1) * 2, b"\0")

    @property
    def pc(self) -> int:
        return int.from_bytes(self.pc_and_epc[:2])

    @property
    def epc(self) -> bytes:
        """As long as the PC word says."""
        return self.pc_and_epc[2 : 2 + epc_size(self.pc)]

    @property
    def crc(self) -> int:
        """What the tag sends behind PC and EPC, and keeps in word 0 of the bank."""
        return GENIBUS(self.pc_and_epc[:2] + self.epc)

    def opens_with(self, password: bytes) -> bool:
        """A tag without access password takes any."""
        return self.reserved[4:] in (NO_PASSWORD, password)

    def content(self, bank: Bank) -> bytes:
        """All that stands in a bank."""
        match bank:
            case Bank.EPC:
                return self.crc.to_bytes(2) + self.pc_and_epc
            case Bank.TID:
                return self.tid
            case Bank.USER:
                return self.user
            case Bank.RESERVED:
                return self.reserved

    def read(self, bank: Bank, word: int, count: int) -> bytes:
        """`count` words. Raises TagRefused past the end of the bank."""
        return self.content(bank)[self._range(bank, word, count)]

    def write(self, bank: Bank, word: int, data: bytes) -> None:
        """Write whole words. Raises TagRefused; nothing is written then."""
        place = self._range(bank, word, len(data) // 2)
        if bank in self.locked or bank is Bank.TID:
            raise TagRefused(TagError.LOCKED)
        old = self.content(bank)
        new = old[: place.start] + data + old[place.stop :]
        if bank is Bank.EPC:
            self._write_epc_bank(word, new[2:])
        elif bank is Bank.USER:
            self.user = new
        else:
            self.reserved = new

    def answers_to(self, bank: Bank, pointer_bits: int, bits: int, mask: bytes) -> bool:
        """Whether a Select with this mask finds the tag: its bits from the pointer on."""
        content = self.content(bank)
        if pointer_bits + bits > len(content) * 8:
            return False
        behind = len(content) * 8 - pointer_bits - bits
        found = int.from_bytes(content) >> behind & (1 << bits) - 1
        return found == int.from_bytes(mask) >> (len(mask) * 8 - bits)

    def _write_epc_bank(self, word: int, pc_and_epc: bytes) -> None:
        # The CRC word is the tag's own business, and an EPC must fit in the bank.
        if word == 0:
            raise TagRefused(TagError.LOCKED)
        if epc_size(int.from_bytes(pc_and_epc[:2])) > len(pc_and_epc) - 2:
            raise TagRefused(TagError.OTHER)
        self.pc_and_epc = pc_and_epc

    def _range(self, bank: Bank, word: int, count: int) -> slice:
        if (word + count) * 2 > len(self.content(bank)):
            raise TagRefused(TagError.OVERRUN)
        return slice(word * 2, (word + count) * 2)


class UhfField:
    """The tags before the antenna. `guard` is held by who touches them."""

    def __init__(self) -> None:
        self.guard = threading.Lock()
        self._tags: list[VirtualUhfTag] = []

    @property
    def tags(self) -> tuple[VirtualUhfTag, ...]:
        """In the order they were placed; take `guard` before a look inside one."""
        return tuple(self._tags)

    def place(self, tag: VirtualUhfTag) -> None:
        with self.guard:
            self._tags.append(tag)

    def lift(self, tag: VirtualUhfTag) -> None:
        """Nothing happens when it is not there."""
        with self.guard:
            self._tags = [other for other in self._tags if other is not tag]
