"""RFID pads for UHF tags (ISO 18000-63): rounds and commands, whatever the reader speaks.

What is written on such a tag, and where it keeps its security state, is told by
`drivers.tagdata.uhf_security`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

from msgspec import Meta

from drivers.api import BadFrame, CommandRefused, DriverError, Tag
from drivers.codecs.gen2 import Bank
from drivers.pads.pad import AMBIGUOUS, NO_AFI, NO_TAG, Pad, PadOptions, refusing
from drivers.pads.uhf_reader import UhfReader, UhfSighting
from drivers.pads.uhf_stack import UhfStack
from drivers.tagdata.epc_bank import PC_WORD, WORD
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.uhf_security import read_afi, secured_word, stable_epc


class UhfOptions(PadOptions, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`min_rssi_dbm`: tags that answer weaker do not lie on the pad.

    None takes all, as a UHF field reaches wide. `user_words`: words read of a new tag's
    user bank, never more than it has.
    """

    min_rssi_dbm: Annotated[int, Meta(ge=-120, le=0)] | None = None
    user_words: Annotated[int, Meta(ge=1, le=256)] = 32


class UhfPad(Pad[UhfReader]):
    """Reads the user bank of each tag once.

    A tag carries its user bank as soon as that could be read; one whose bank is empty
    by its PC word is there without. UIDs are EPCs with the security bit cleared.
    """

    def __init__(self, options: UhfOptions) -> None:
        super().__init__(options)
        self._min_rssi_dbm = options.min_rssi_dbm
        self._stack = UhfStack(options.user_words)
        self._epcs_in_field: frozenset[bytes] = frozenset()

    def close(self) -> None:
        super().close()
        self._stack.clear()

    def read_blocks(self, uid: str, first: int, count: int) -> bytes:
        """`count` words of two bytes of the user bank, from word `first` on."""
        self._check_nameable(uid, first, count)
        with refusing():
            epc = self._epc_bank_now(uid)[WORD:]
            return self._reader.read_bank(epc, Bank.USER, first, count)

    def write_blocks(self, uid: str, first: int, data: bytes) -> None:
        """Write words of two bytes of the user bank and read them back.

        Raises ValueError when `data` is not whole words, and CommandRefused when
        something else stands on the tag afterwards.
        """
        if len(data) % WORD:
            raise ValueError(f"{len(data)} bytes are not whole words of {WORD}")
        self._check_nameable(uid, first, len(data) // WORD)
        with refusing(), self._forgetting(uid):
            epc = self._epc_bank_now(uid)[WORD:]
            self._write(epc, Bank.USER, first, data)
            found = self._reader.read_bank(epc, Bank.USER, first, len(data) // WORD)
            self._check_read_back(uid, first, data, found)
        # It says something else now: the next round reads it afresh.
        self._stack.forget(uid)

    def read_afi(self, uid: str) -> int:
        """The security state as the tag tells it now, in the terms of ISO 28560."""
        with refusing():
            return self._afi_of(self._epc_bank_now(uid))

    def write_afi(self, uid: str, afi: int) -> int:
        """Make the tag say `afi` by one word, and read it back; returns the value read."""
        with refusing(), self._forgetting(uid):
            # Read just now, so that a change by somebody else is not undone.
            bank = self._epc_bank_now(uid)
            word, content = self._secured_word(bank, afi)
            self._write(bank[WORD:], Bank.EPC, word, content)
            # The word may be one of the EPC, by which the tag is selected.
            at = (word - PC_WORD) * WORD
            epc = (bank[:at] + content + bank[at + WORD :])[WORD:]
            return self._afi_of(self._epc_bank_now(uid, epc))

    def _look(self) -> tuple[Tag, ...]:
        uids = self._stack.note_round(self._reader, self._take_inventory())
        return self._stack.tags(uids)

    def _take_inventory(self) -> list[UhfSighting]:
        """Who is near enough to lie on the pad."""
        found = self._reader.inventory()
        self._epcs_in_field = frozenset(sighting.epc for sighting in found)
        least = self._min_rssi_dbm
        return [
            sighting
            for sighting in found
            if least is None or sighting.rssi_dbm is None or sighting.rssi_dbm >= least
        ]

    def _epc_bank_now(self, uid: str, epc: bytes | None = None) -> bytes:
        """What stands on the tag from its PC word on, read just now.

        `epc`: by which the tag should answer. If it does not, somebody changed it.
        """
        epc = epc or self._stack.epc(uid)
        if epc is not None:
            with suppress(CommandRefused):
                return self._read_epc_bank(uid, epc)
        return self._read_epc_bank(uid, self._find(uid))

    def _read_epc_bank(self, uid: str, epc: bytes) -> bytes:
        words = 1 + len(epc) // WORD
        bank = self._reader.read_bank(epc, Bank.EPC, PC_WORD, words)
        if stable_epc(bank).hex().upper() != uid:
            raise BadFrame(f"{self._port}: asked {uid}, answer {bank.hex().upper()}")
        self._stack.note_bank(bank)
        return bank

    def _find(self, uid: str) -> bytes:
        """The EPC by which the tag answers. Raises CommandRefused when it is away."""
        uids = self._stack.meet(self._reader, self._take_inventory())
        epc = self._stack.epc(uid)
        if uid not in uids or epc is None:
            raise CommandRefused(f"{self._port}: {uid} is not here", status=NO_TAG)
        return epc

    def _write(self, epc: bytes, bank: Bank, word: int, data: bytes) -> None:
        """Raises CommandRefused where another tag might be written as well."""
        if any(other != epc and other.startswith(epc) for other in self._epcs_in_field):
            raise CommandRefused(
                f"{self._port}: the EPC of another tag begins with {epc.hex().upper()}",
                status=AMBIGUOUS,
            )
        self._reader.write_bank(epc, bank, word, data)

    def _afi_of(self, bank: bytes) -> int:
        afi = read_afi(bank)
        if afi is None:
            raise CommandRefused(
                f"{self._port}: {bank.hex().upper()} has no place for an AFI",
                status=NO_AFI,
            )
        return afi

    def _secured_word(self, bank: bytes, afi: int) -> tuple[int, bytes]:
        try:
            return secured_word(bank, afi)
        except BadTagData as err:
            raise CommandRefused(f"{self._port}: {err}", status=NO_AFI) from err

    @contextmanager
    def _forgetting(self, uid: str) -> Iterator[None]:
        """After a failure nobody knows what stands on the tag until it is read again."""
        try:
            yield
        except DriverError:
            self._stack.forget(uid)
            raise
