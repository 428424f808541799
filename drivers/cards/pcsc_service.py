"""The PC/SC service of this machine (pcscd), one call at a time.

pyscard's own monitors start threads, so this uses the plain functions below them. They
wait for pcscd without a time-out of their own: a pcscd that hangs holds the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast

from drivers.api import DeviceLost, NoAnswer

#: The event counter in the upper half of a reader's state counts cards come and gone.
_MOVEMENTS_SHIFT = 16


class _Scard(Protocol):
    """The part of `smartcard.scard` that is used; each call gives its result first."""

    SCARD_S_SUCCESS: int
    SCARD_E_TIMEOUT: int
    SCARD_E_NO_SERVICE: int
    SCARD_E_SERVICE_STOPPED: int
    SCARD_E_INVALID_HANDLE: int
    SCARD_E_UNKNOWN_READER: int
    SCARD_E_READER_UNAVAILABLE: int
    SCARD_E_NO_READERS_AVAILABLE: int
    SCARD_F_COMM_ERROR: int
    SCARD_SCOPE_SYSTEM: int
    SCARD_SHARE_SHARED: int
    SCARD_PROTOCOL_T0: int
    SCARD_PROTOCOL_T1: int
    SCARD_PCI_T0: int
    SCARD_PCI_T1: int
    SCARD_LEAVE_CARD: int
    SCARD_STATE_CHANGED: int
    SCARD_STATE_UNKNOWN: int
    SCARD_STATE_UNAVAILABLE: int
    SCARD_STATE_PRESENT: int
    SCARD_STATE_MUTE: int

    def SCardGetErrorMessage(self, result: int) -> str: ...  # noqa: N802

    def SCardEstablishContext(self, scope: int) -> tuple[int, int]: ...  # noqa: N802

    def SCardReleaseContext(self, context: int) -> int: ...  # noqa: N802

    def SCardListReaders(  # noqa: N802
        self, context: int, groups: Sequence[str]
    ) -> tuple[int, list[str]]: ...

    def SCardGetStatusChange(  # noqa: N802
        self, context: int, timeout_ms: int, known: Sequence[tuple[str, int]]
    ) -> tuple[int, list[tuple[str, int, list[int]]]]: ...

    def SCardConnect(  # noqa: N802
        self, context: int, reader: str, share: int, protocols: int
    ) -> tuple[int, int, int]: ...

    def SCardTransmit(  # noqa: N802
        self, card: int, pci: int, command: Sequence[int]
    ) -> tuple[int, list[int]]: ...

    def SCardDisconnect(self, card: int, disposition: int) -> int: ...  # noqa: N802


@dataclass(frozen=True, slots=True)
class ReaderState:
    """A reader at one moment. `raw` is what the next wait compares it with.

    `movements` changes whenever a card comes or goes; a mute card does not answer.
    """

    raw: int
    movements: int
    present: bool
    mute: bool


#: Differs from every state, so that the first wait returns at once.
UNAWARE = ReaderState(raw=0, movements=-1, present=False, mute=False)


class PcscService:
    """A connection to pcscd. Every call raises DeviceLost when it or the reader is gone."""

    def __init__(self) -> None:
        self._scard = _load()
        result, self._context = self._scard.SCardEstablishContext(
            self._scard.SCARD_SCOPE_SYSTEM
        )
        self._check(result, "PC/SC service pcscd")

    def readers(self) -> list[str]:
        """Names of the readers that are plugged in, as pcscd spells them."""
        result, names = self._scard.SCardListReaders(self._context, [])
        if result == self._scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        self._check(result, "PC/SC service pcscd")
        return names

    def wait(self, reader: str, known: ReaderState, timeout_s: float) -> ReaderState:
        """The state of the reader as soon as it is not `known`, or after the time-out."""
        result, states = self._scard.SCardGetStatusChange(
            self._context, round(timeout_s * 1000), [(reader, known.raw)]
        )
        if result != self._scard.SCARD_E_TIMEOUT:
            self._check(result, reader)
        state = states[0][1]
        if state & (
            self._scard.SCARD_STATE_UNKNOWN | self._scard.SCARD_STATE_UNAVAILABLE
        ):
            raise DeviceLost(f"{reader}: unplugged")
        return ReaderState(
            raw=state & ~self._scard.SCARD_STATE_CHANGED,
            movements=state >> _MOVEMENTS_SHIFT,
            present=bool(state & self._scard.SCARD_STATE_PRESENT),
            mute=bool(state & self._scard.SCARD_STATE_MUTE),
        )

    def transmit(self, reader: str, commands: Sequence[bytes]) -> list[bytes]:
        """Send commands to the card in the reader, in turn; an answer to each.

        Raises NoAnswer when the card went away or another program holds it.
        """
        scard = self._scard
        result, card, protocol = scard.SCardConnect(
            self._context,
            reader,
            scard.SCARD_SHARE_SHARED,
            scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
        )
        self._check(result, reader)
        is_t1 = protocol == scard.SCARD_PROTOCOL_T1
        pci = scard.SCARD_PCI_T1 if is_t1 else scard.SCARD_PCI_T0
        try:
            return [self._send(reader, card, pci, command) for command in commands]
        finally:
            scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)

    def close(self) -> None:
        """Once."""
        self._scard.SCardReleaseContext(self._context)

    def _send(self, reader: str, card: int, pci: int, command: bytes) -> bytes:
        result, answer = self._scard.SCardTransmit(card, pci, list(command))
        self._check(result, reader)
        return bytes(answer)

    def _check(self, result: int, name: str) -> None:
        if result == self._scard.SCARD_S_SUCCESS:
            return
        text = f"{name}: {self._scard.SCardGetErrorMessage(result)}"
        if result in self._losses():
            raise DeviceLost(text)
        raise NoAnswer(text)

    def _losses(self) -> set[int]:
        """Results that say that the service or the reader is gone, not the card."""
        return {
            self._scard.SCARD_E_NO_SERVICE,
            self._scard.SCARD_E_SERVICE_STOPPED,
            self._scard.SCARD_E_INVALID_HANDLE,
            self._scard.SCARD_E_UNKNOWN_READER,
            self._scard.SCARD_E_READER_UNAVAILABLE,
            self._scard.SCARD_E_NO_READERS_AVAILABLE,
            self._scard.SCARD_F_COMM_ERROR,
        }


def _load() -> _Scard:
    try:
        return cast(_Scard, import_module("smartcard.scard"))
    except ImportError as err:
        raise DeviceLost(f"PC/SC needs the package pyscard: {err}") from err
