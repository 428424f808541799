"""A network with faults: a TCP relay between the agent and the hub."""

from __future__ import annotations

import asyncio
import contextlib
import enum
import threading
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")

CHUNK = 16 * 1024
#: What "slow" means: a wait before every chunk, in both directions.
SLOW_S = 0.3


class Mode(enum.StrEnum):
    """How the network is. LOSE_ANSWERS lets requests through and drops what comes back."""

    UP = "up"
    CUT = "cut"
    SLOW = "slow"
    LOSE_ANSWERS = "lose_answers"


class Network:
    """Relays 127.0.0.1:`port` to a target port, in a thread of its own."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._mode = Mode.UP
        self._open: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="network", daemon=True
        )
        self._thread.start()
        self._server = self._call(
            asyncio.start_server(self._relay, "127.0.0.1", 0, limit=CHUNK)
        )
        self.port: int = self._server.sockets[0].getsockname()[1]

    @property
    def mode(self) -> Mode:
        return self._mode

    def set_mode(self, mode: Mode) -> None:
        """Change at once; pulling the plug also ends what is under way."""
        self._mode = mode
        if mode is Mode.CUT:
            self._call(self._hang_up())

    def stop(self) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, work: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _relay(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._mode is Mode.CUT:
            writer.close()
            return
        try:
            hub_reader, hub_writer = await asyncio.open_connection(
                "127.0.0.1", self._target_port
            )
        except OSError:  # the hub is not up
            writer.close()
            return
        self._open |= {writer, hub_writer}
        try:
            await asyncio.gather(
                self._pump(reader, hub_writer),
                self._pump(hub_reader, writer, answers=True),
            )
        finally:
            self._open -= {writer, hub_writer}
            writer.close()
            hub_writer.close()

    async def _pump(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        *,
        answers: bool = False,
    ) -> None:
        with contextlib.suppress(ConnectionError):
            while chunk := await source.read(CHUNK):
                if self._mode is Mode.SLOW:
                    await asyncio.sleep(SLOW_S)
                if answers and self._mode is Mode.LOSE_ANSWERS:
                    break
                sink.write(chunk)
                await sink.drain()
        sink.close()

    async def _hang_up(self) -> None:
        for writer in self._open:
            writer.transport.abort()

    async def _close(self) -> None:
        self._server.close()
        await self._hang_up()
