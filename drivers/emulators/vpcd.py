"""The reader of vsmartcard's vpcd, a driver for pcscd that takes its card over TCP.

vpcd listens, the card connects; a connection is a card in the reader. Each message is
its length in two bytes, high byte first, and that many bytes. Messages of one byte
control the card: power off, power on, reset, tell the ATR, of which only the last is
answered. All others are commands for the card (vsmartcard, "virtual smart card").
"""

from __future__ import annotations

import select
import socket
import threading
from contextlib import suppress

from drivers.emulators.smart_card import Card

_TELL_ATR = b"\x04"
_LOOPBACK = "127.0.0.1"
#: How soon a card notices that it was lifted, or that vpcd listens again.
_PAUSE_S = 0.02
#: A message that began and stops for so long is none.
_SEND_TIMEOUT_S = 1.0
_JOIN_TIMEOUT_S = 5.0


class VpcdReader:
    """One slot of vpcd at a loopback port, with a card or without.

    A card that lies there connects again when pcscd comes back. One thread, between
    `start` and `stop`; the other methods may be called from any thread.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._card: Card | None = None
        #: Every command that reached a card, in order.
        self.commands: list[bytes] = []
        self._leave_at: bytes | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(
            target=self._serve, name=f"emulator-vpcd-{port}", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join(_JOIN_TIMEOUT_S)

    def place(self, card: Card) -> None:
        """Lay a card on the reader, in place of another."""
        self._card = card

    def lift(self) -> None:
        self._card = None

    def leave_at(self, command: bytes) -> None:
        """Lift the card the next time that it is told this, before it answers."""
        self._leave_at = command

    def _serve(self) -> None:
        while not self._stopping.wait(_PAUSE_S):
            card = self._card
            if card is None:
                continue
            with suppress(OSError):
                self._be(card)

    def _be(self, card: Card) -> None:
        """Be that card until vpcd hangs up, or looks for it after it was lifted.

        Gone before that look, it could give place to another card unnoticed.
        """
        with socket.create_connection((_LOOPBACK, self._port)) as line:
            line.settimeout(_SEND_TIMEOUT_S)
            while not self._stopping.is_set():
                if select.select([line], [], [], _PAUSE_S)[0]:
                    self._hear(line, card)

    def _hear(self, line: socket.socket, card: Card) -> None:
        message = _receive(line, int.from_bytes(_receive(line, 2)))
        if message == _TELL_ATR and self._card is not card:
            raise ConnectionAbortedError
        if message == _TELL_ATR:
            _send(line, card.atr)
        elif len(message) > 1:
            self._obey(line, card, message)

    def _obey(self, line: socket.socket, card: Card, command: bytes) -> None:
        self.commands.append(command)
        if command == self._leave_at:
            self._card = self._leave_at = None
        if self._card is not card:
            raise ConnectionAbortedError
        _send(line, card.answer(command))


def _receive(line: socket.socket, size: int) -> bytes:
    """Exactly so many bytes. Raises OSError when vpcd hung up."""
    received = b""
    while len(received) < size:
        part = line.recv(size - len(received))
        if not part:
            raise ConnectionAbortedError
        received += part
    return received


def _send(line: socket.socket, message: bytes) -> None:
    line.sendall(len(message).to_bytes(2) + message)
