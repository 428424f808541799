"""Conversations with a device as text: recorded from a transport, and replayed.

One line a chunk, in hex, seen from the host; the rest after `#` is a remark:

    > 05 FF 65 E5 CB                    # software version?
    < 0D 00 65 00 03 03 00 44 53 0D 30 33 09

Any driver with a port takes `record:FILE:ADDRESS` and `replay:FILE` for its address.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TextIO

from drivers.api import BadOptions, DeviceLost, ProtocolError
from drivers.transports import Transport

Direction = Literal[">", "<"]


class TraceOver(DeviceLost):
    """All of the trace was said."""


class TraceDiffers(DeviceLost):
    """The driver asked something else than was asked when the trace was recorded.

    No ProtocolError: a driver would take that for noise of the device and go on.
    """


@dataclass(frozen=True, slots=True)
class TraceLine:
    """A chunk sent to the device (">") or received from it ("<")."""

    direction: Direction
    chunk: bytes
    remark: str = ""

    def __str__(self) -> str:
        shown = f"{self.direction} {self.chunk.hex(' ').upper()}"
        return f"{shown}  # {self.remark}" if self.remark else shown


def parse_trace(lines: Iterable[str]) -> list[TraceLine]:
    """Read a trace; empty lines and pure remarks are left out.

    Raises ProtocolError naming the line that is neither.
    """
    parsed = (_parse_line(number, line) for number, line in enumerate(lines, 1))
    return [line for line in parsed if line is not None]


def _parse_line(number: int, line: str) -> TraceLine | None:
    text, _, remark = line.strip().partition("#")
    if not text:
        return None
    try:
        chunk = bytes.fromhex(text[1:])
    except ValueError as err:
        raise ProtocolError(f"trace line {number}: {line.strip()!r}: {err}") from err
    match text[0]:
        case ">" | "<" as direction:
            return TraceLine(direction, chunk, remark.strip())
        case _:
            raise ProtocolError(
                f"trace line {number}: {line.strip()!r} starts with neither > nor <"
            )


class TraceRecorder:
    """A transport that writes down all that passes through it."""

    def __init__(self, transport: Transport, sink: TextIO) -> None:
        """`sink` stays the caller's to close."""
        self._transport = transport
        self._sink = sink

    def read(self, timeout_s: float) -> bytes:
        received = self._transport.read(timeout_s)
        if received:
            self._note(TraceLine("<", received))
        return received

    def write(self, data: bytes) -> None:
        self._note(TraceLine(">", data))
        self._transport.write(data)

    def discard_input(self) -> None:
        self._transport.discard_input()

    def close(self) -> None:
        self._transport.close()

    def _note(self, line: TraceLine) -> None:
        # Flushed by the line: the last one before a crash is the interesting one.
        try:
            print(line, file=self._sink, flush=True)
        except (OSError, ValueError) as err:  # a full disk, or a file that is closed
            raise DeviceLost(f"the trace can't be written: {err}") from err


class FileRecorder(TraceRecorder):
    """Writes to a file of its own, behind what stands there already."""

    def __init__(self, transport: Transport, path: Path) -> None:
        """Raises DeviceLost, and closes the transport, when there can be no such file."""
        try:
            self._file = path.open("a", encoding="ascii")
        except (OSError, ValueError) as err:
            transport.close()
            raise DeviceLost(f"trace {path}: {err}") from err
        super().__init__(transport, self._file)

    def close(self) -> None:
        """Twice is fine."""
        super().close()
        self._file.close()


class TracePlayer:
    """A transport whose device says what it said in the trace.

    What the driver sends must be what was sent then, in chunks of any size. An
    answer comes after its question; at the end of the trace the device is lost.
    """

    def __init__(self, lines: Iterable[TraceLine]) -> None:
        self._lines = deque(lines)

    def read(self, timeout_s: float) -> bytes:  # noqa: ARG002  (never waits)
        """The next chunk received, or b"" while the driver is expected to speak."""
        if not self._lines:
            raise TraceOver("the trace is over")
        if self._lines[0].direction == ">":
            return b""
        return self._lines.popleft().chunk

    def write(self, data: bytes) -> None:
        """Raises TraceDiffers when something else was sent in the trace."""
        rest = data
        while rest:
            expected = self._next_question(rest)
            size = min(len(expected), len(rest))
            if rest[:size] != expected[:size]:
                raise TraceDiffers(f"sent {_hex(rest)}, the trace has {_hex(expected)}")
            if expected[size:]:
                self._lines.appendleft(TraceLine(">", expected[size:]))
            rest = rest[size:]

    def discard_input(self) -> None:
        """Does nothing: a trace holds only what a driver has read."""

    def close(self) -> None:
        """Twice is fine."""

    def _next_question(self, sent: bytes) -> bytes:
        """Take the next chunk sent, dropping answers that this driver did not read."""
        while self._lines:
            line = self._lines.popleft()
            if line.direction == ">":
                return line.chunk
        raise TraceOver(f"the trace is over; sent {_hex(sent)}")


def open_trace(path: Path) -> TracePlayer:
    """Play a file. Raises DeviceLost if it can't be read, BadOptions if it is no trace."""
    try:
        lines = path.read_text("ascii").splitlines()
        return TracePlayer(parse_trace(lines))
    except OSError as err:
        raise DeviceLost(f"trace {path}: {err.strerror}") from err
    except ValueError as err:
        raise BadOptions(f"trace {path}: {err}") from err


def _hex(chunk: bytes) -> str:
    return chunk.hex(" ").upper()
