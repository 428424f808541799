"""What lies on a UHF pad, and what has been learnt of each tag so far."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from drivers.api import CommandRefused, ProtocolError, Tag
from drivers.codecs.gen2 import Bank
from drivers.pads.uhf_reader import BankEnds, UhfReader, UhfSighting
from drivers.tagdata import epc_bank
from drivers.tagdata.complete import is_user_bank_complete
from drivers.tagdata.epc_bank import PC_WORD, WORD
from drivers.tagdata.uhf_security import read_afi, stable_epc

#: A tag that some rounds missed is read afresh only after so many.
_FORGET_AFTER_ROUNDS = 5
#: New tags are read for so long in one round; the others wait for the next, so that
#: a high stack does not hold up the events of those already known.
_READ_BUDGET_S = 0.7
#: Words read at once: long reads fail more often where the field is weak.
_READ_WORDS = 8


@dataclass(slots=True)
class SeenTag:
    """A tag on the pad, or one that was there a moment ago.

    After each failure to read its user bank it waits one round more.
    """

    tag: Tag
    wants_memory: bool
    rounds_missed: int = 0
    failures: int = 0
    wait_rounds: int = 0


class UhfStack:
    """The tags of the last rounds; one that was missed for long is forgotten.

    `user_words`: words read of a new tag's user bank, never more than it has, nor more
    than it takes to know what it says.
    """

    def __init__(self, user_words: int) -> None:
        self._user_words = user_words
        self._seen: dict[str, SeenTag] = {}

    def tags(self, uids: Iterable[str]) -> tuple[Tag, ...]:
        """Those tags of the last round, with what is known of them."""
        return tuple(self._seen[uid].tag for uid in uids)

    def epc(self, uid: str) -> bytes | None:
        """The EPC by which the tag answered last; None for one that is not known."""
        seen = self._seen.get(uid)
        return seen.tag.epc_bank[WORD:] if seen else None

    def clear(self) -> None:
        """Forget every tag."""
        self._seen.clear()

    def forget(self, uid: str) -> None:
        """Read this tag afresh when it is seen again."""
        self._seen.pop(uid, None)

    def note_round(
        self, reader: UhfReader, sightings: Iterable[UhfSighting]
    ) -> list[str]:
        """Remember who is here and read what is new; returns the UIDs that are known.

        Raises DeviceLost. What else goes wrong with one tag costs that tag this round.
        """
        for seen in self._seen.values():
            seen.rounds_missed += 1
        uids = self.meet(reader, sightings)
        self._seen = {
            uid: seen
            for uid, seen in self._seen.items()
            if seen.rounds_missed <= _FORGET_AFTER_ROUNDS
        }
        self._read_new(reader, uids)
        return uids

    def meet(self, reader: UhfReader, sightings: Iterable[UhfSighting]) -> list[str]:
        """The UIDs of who was seen. A tag without an EPC can't be told from others."""
        deadline = time.monotonic() + _READ_BUDGET_S
        banks = [self._bank(reader, seen, deadline) for seen in sightings if seen.epc]
        return list(dict.fromkeys(self.note_bank(bank) for bank in banks if bank))

    def note_bank(self, bank: bytes) -> str:
        """Take in a tag's EPC bank, from the PC word on; returns the tag's UID."""
        uid = stable_epc(bank).hex().upper()
        tag = Tag(uid, read_afi(bank), block_size=WORD, epc_bank=bank)
        seen = self._seen.setdefault(uid, SeenTag(tag, _wants_memory(tag)))
        seen.tag = replace(tag, memory=seen.tag.memory)
        seen.rounds_missed = 0
        return uid

    def _bank(
        self, reader: UhfReader, sighting: UhfSighting, deadline: float
    ) -> bytes | None:
        """PC word and EPC; None while the PC word can't be had."""
        if sighting.pc is not None:
            return sighting.pc.to_bytes(WORD) + sighting.epc
        for seen in self._seen.values():
            if seen.tag.epc_bank[WORD:] == sighting.epc:
                return seen.tag.epc_bank
        if time.monotonic() > deadline:
            return None
        try:
            pc = reader.read_bank(sighting.epc, Bank.EPC, PC_WORD, 1)
        except (CommandRefused, ProtocolError):
            return None
        return pc + sighting.epc

    def _read_new(self, reader: UhfReader, uids: Sequence[str]) -> None:
        """Read user banks; one that failed before waits for the others."""
        deadline = time.monotonic() + _READ_BUDGET_S
        unread = [self._seen[uid] for uid in uids if self._seen[uid].wants_memory]
        for seen in sorted(unread, key=lambda seen: seen.failures):
            if seen.wait_rounds:
                seen.wait_rounds -= 1
            elif time.monotonic() < deadline:
                self._learn(reader, seen)

    def _learn(self, reader: UhfReader, seen: SeenTag) -> None:
        try:
            memory = self._read_user_bank(reader, seen.tag.epc_bank)
        except (CommandRefused, ProtocolError):
            seen.failures += 1
            seen.wait_rounds = seen.failures - 1
            return
        seen.tag = replace(seen.tag, memory=memory)
        seen.wants_memory = False

    def _read_user_bank(self, reader: UhfReader, bank: bytes) -> bytes:
        """As far as it says anything; a tag does not tell how long its bank is."""
        memory, step = b"", _READ_WORDS
        while step and (left := self._user_words - len(memory) // WORD):
            try:
                first = len(memory) // WORD
                memory += reader.read_bank(
                    bank[WORD:], Bank.USER, first, min(step, left)
                )
            except BankEnds:
                step = min(step, left) // 2
            if is_user_bank_complete(bank, memory):
                break
        return memory


def _wants_memory(tag: Tag) -> bool:
    """Whether the user bank is worth reading: something stands there, or CULTU says so."""
    content = epc_bank.parse(tag.epc_bank)
    is_cultu = tag.afi is not None and not content.iso_toggle
    return content.has_user_memory or is_cultu
