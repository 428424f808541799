"""The device's end of a pseudo-terminal, served by a thread, unplugged on demand."""

from __future__ import annotations

import os
import select
import threading
import tty
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

#: What an emulated device answers to the bytes it receives, chunk by chunk. The
#: thread takes the next chunk when the one before is written, so an emulator may
#: wait between two, and knows when the last byte of a reply is out.
Answer = Callable[[bytes], Iterable[bytes]]

_CHUNK = 4096
#: A host that leaves its input unread for so long loses bytes, as on a real line.
_FULL_TIMEOUT_S = 1.0
_JOIN_TIMEOUT_S = 5.0


class Pty:
    """A serial device at the stable path `link`, answering what is sent to it.

    One thread, named after the link, does all reading and writing between `start`
    and `stop`. `unplug` hangs up, so that the host gets EIO; `plug` makes a new
    terminal and points the link at it, as a device comes back under a new number.
    """

    def __init__(self, link: Path, answer: Answer) -> None:
        self.path = link
        self._answer = answer
        self._outbox: deque[bytes] = deque()
        self._port: _Port | None = None
        self._wanted = True
        self._stopping = False
        self._moved = threading.Condition()
        self._wake_read, self._wake_write = os.pipe()
        self._thread = threading.Thread(
            target=self._serve, name=f"emulator-{link.name}", daemon=True
        )

    def start(self) -> None:
        """Plug in and serve; on return the path can be opened."""
        self._thread.start()
        self.plug()

    def stop(self) -> None:
        """Unplug and end the thread; twice is fine."""
        if self._stopping:
            return
        self._stopping = True
        self._wake()
        self._thread.join(_JOIN_TIMEOUT_S)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def plug(self) -> None:
        """Make the device appear; on return the path can be opened."""
        self._move(wanted=True)

    def unplug(self) -> None:
        """Make the device vanish; on return the path is gone and open ports are dead."""
        self._move(wanted=False)

    def send(self, data: bytes) -> None:
        """Say something unasked, as a scanner does. Lost when nothing is plugged in."""
        self._outbox.append(data)
        self._wake()

    def _move(self, *, wanted: bool) -> None:
        with self._moved:
            self._wanted = wanted
            self._wake()
            self._moved.wait_for(
                lambda: (
                    (self._port is not None) == wanted or not self._thread.is_alive()
                ),
                _JOIN_TIMEOUT_S,
            )

    def _wake(self) -> None:
        os.write(self._wake_write, b"!")

    def _serve(self) -> None:
        try:
            while not self._stopping:
                self._follow_plug()
                self._send_outbox()
                self._answer_once()
        finally:
            self._wanted = False
            self._follow_plug()

    def _follow_plug(self) -> None:
        with self._moved:
            if self._wanted and self._port is None:
                self._port = _Port(self.path)
            elif not self._wanted and self._port is not None:
                self._port.close()
                self._port = None
            self._moved.notify_all()

    def _send_outbox(self) -> None:
        while self._outbox:
            chunk = self._outbox.popleft()
            if self._port is not None:
                self._port.write(chunk)

    def _answer_once(self) -> None:
        """Wait for bytes or a wake-up; answer the bytes until the plug is pulled."""
        for chunk in self._answer(self._wait()):
            if self._port is None or not self._wanted or self._stopping:
                return
            self._port.write(chunk)

    def _wait(self) -> bytes:
        ports = [self._wake_read]
        if self._port is not None:
            ports.append(self._port.fileno())
        readable, _, _ = select.select(ports, [], [])
        if self._wake_read in readable:
            os.read(self._wake_read, _CHUNK)
        if self._port is None or self._port.fileno() not in readable:
            return b""
        return self._port.read()


class _Port:
    """One pseudo-terminal: both ends raw, the host's end linked to a stable path.

    The host's end stays open here as well, so that the device can be read from
    while no host has it open.
    """

    def __init__(self, link: Path) -> None:
        self._device_end, self._host_end = os.openpty()
        tty.setraw(self._device_end)
        tty.setraw(self._host_end)
        os.set_blocking(self._device_end, False)
        self._link = link
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(self._host_end))

    def fileno(self) -> int:
        return self._device_end

    def read(self) -> bytes:
        return os.read(self._device_end, _CHUNK)

    def write(self, data: bytes) -> None:
        while data:
            _, writable, _ = select.select([], [self._device_end], [], _FULL_TIMEOUT_S)
            if not writable:
                return
            with suppress(BlockingIOError):
                data = data[os.write(self._device_end, data) :]

    def close(self) -> None:
        self._link.unlink(missing_ok=True)
        os.close(self._host_end)
        os.close(self._device_end)
