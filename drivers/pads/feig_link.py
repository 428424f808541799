"""One question, one answer: the line to an OBID reader."""

from __future__ import annotations

import time
from collections.abc import Iterable

from drivers.api import DeviceLost, NoAnswer, ProtocolError
from drivers.codecs.feig.frames import ANY_READER, Decoder, Frame, Framing
from drivers.codecs.feig.reader_commands import Command
from drivers.codecs.feig.status import Status
from drivers.exchange import SILENT_LIMIT
from drivers.transports import Transport

#: Bytes of one frame follow each other within 12 ms; a USB adapter adds up to 16.
_QUIET_S = 0.03
#: An answer that began and stopped for so long will not go on, even over a radio link.
_BROKEN_OFF_S = 0.3
#: A standard frame and some noise before it; with more and no frame in it, it is chatter.
_LONGEST_REPLY = 300
#: 255 bytes with the longest gap allowed between them take 3 s.
_LONGEST_REPLY_S = 3.0
#: A reader tells its version at once; no tag is asked.
_PROBE_TIMEOUT_S = 0.5
#: Bytes shown of an answer that is none.
_SHOWN = 32


class FeigLink:
    """Sends commands and takes their answers; `name` stands in every error.

    A reader works off commands in turn, and a reply does not say which of two equal
    commands it answers. So after a missing answer the next command is preceded by a
    harmless one of another kind: what comes before its answer is late and dropped.
    """

    def __init__(
        self,
        transport: Transport,
        name: str,
        *,
        framing: Framing = Framing.STANDARD,
        address: int = ANY_READER,
        timeout_s: float = 1.5,
    ) -> None:
        """The transport stays the caller's, but for `close`."""
        self.name = name
        self._transport = transport
        self._framing = framing
        self._address = address
        self._timeout_s = timeout_s
        self._decoder = Decoder()
        self._unanswered = 0

    def ask(self, command: int, data: bytes = b"") -> Frame:
        """Send a command and return its reply, whatever its status.

        Raises NoAnswer, or DeviceLost when that happens for the third time in a row
        or the reader says that it is in scan mode.
        """
        if self._unanswered:
            self._exchange(Command.SOFTWARE_VERSION, b"")
        return self._exchange(command, data)

    def close(self) -> None:
        """Twice is fine."""
        self._transport.close()

    def _exchange(self, command: int, data: bytes) -> Frame:
        request = Frame(self._address, command, data, self._framing)
        self._transport.discard_input()
        self._decoder.reset()
        self._transport.write(request.encode())
        reply = self._await_reply(command)
        if reply is None:
            raise self._no_answer(request)
        self._unanswered = 0
        if reply.status == Status.NOT_AVAILABLE:
            raise DeviceLost(
                f"{self.name}: the reader is in scan mode (status 82); set READER-MODE "
                "in its configuration page CFG1 to ISO host mode and save it"
            )
        return reply

    def _await_reply(self, command: int) -> Frame | None:
        started = time.monotonic()
        silence_s, heard = 0.0, 0
        while silence_s < _BROKEN_OFF_S:
            left_s = started + self._patience_s(heard) - time.monotonic()
            if left_s <= 0:
                return None
            wait_s = min(left_s, _QUIET_S) if self._decoder.pending else left_s
            received = self._transport.read(wait_s)
            self._decoder.receive_data(received)
            heard += len(received)
            silence_s = 0.0 if received else silence_s + wait_s
            reply = self._next_reply(command, line_is_quiet=not received)
            if reply is not None:
                return reply
        return None

    def _patience_s(self, heard: int) -> float:
        """An answer that is on its way may take longer than one that has not begun."""
        is_on_its_way = self._decoder.pending and heard <= _LONGEST_REPLY
        return self._timeout_s + (_LONGEST_REPLY_S if is_on_its_way else 0)

    def _next_reply(self, command: int, *, line_is_quiet: bool) -> Frame | None:
        """Take frames until one answers `command`; drop what was asked before."""
        while frame := self._decoder.next_frame(line_is_quiet=line_is_quiet):
            if frame.cmd == command and frame.body and self._is_for_us(frame):
                return frame
        return None

    def _is_for_us(self, frame: Frame) -> bool:
        """A frame to all readers is our own request, come back over a two-wire line."""
        if self._address == ANY_READER:
            return frame.adr != ANY_READER
        return frame.adr == self._address

    def _no_answer(self, request: Frame) -> ProtocolError | DeviceLost:
        self._unanswered += 1
        asked = (bytes([request.cmd]) + request.body).hex(" ").upper()
        heard = self._decoder.pending[:_SHOWN].hex(" ").upper() or "nothing"
        text = f"{self.name}: no answer to {asked}, received {heard}"
        if self._unanswered < SILENT_LIMIT:
            return NoAnswer(text)
        return DeviceLost(f"{text}; {self._unanswered} commands in a row")


def find_framing(
    transport: Transport, name: str, address: int, framings: Iterable[Framing]
) -> Framing:
    """The framing in which a reader answers. Raises NoAnswer or DeviceLost."""
    tried = []
    for framing in framings:
        link = FeigLink(
            transport,
            name,
            framing=framing,
            address=address,
            timeout_s=_PROBE_TIMEOUT_S,
        )
        try:
            # A late answer to the probe before this one has the framing of that one.
            return link.ask(Command.SOFTWARE_VERSION).framing
        except NoAnswer as err:
            tried.append(f"{framing} frames: {err}")
    raise NoAnswer("; ".join(tried))
