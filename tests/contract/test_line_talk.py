"""Questions to a scanner on a real pseudo-terminal: which reply answers which."""

from __future__ import annotations

import os
import select
import tty
from collections.abc import Iterator

import pytest

from drivers.api import NoAnswer
from drivers.codecs.gm65.frames import Reply
from drivers.codecs.gm65.line import gm65_line
from drivers.scanners.line_options import SerialOptions
from drivers.scanners.line_talk import ScannerLine

DONE = bytes.fromhex("02000001003331")
TIMEOUT_S = 0.1


class Desk:
    """Both ends of a line; `say` returns when the host can read what was said."""

    def __init__(self) -> None:
        self.device, self._host = os.openpty()
        tty.setraw(self._host)
        options = SerialOptions(port=os.ttyname(self._host))
        self.line: ScannerLine[Reply] = ScannerLine(
            options, gm65_line(options.assembler())
        )

    def say(self, data: bytes) -> None:
        os.write(self.device, data)
        assert select.select([self._host], [], [], 5)[0]

    def close(self) -> None:
        self.line.close()
        os.close(self._host)
        os.close(self.device)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


def test_reply_that_came_before_the_question_is_no_answer_to_it(desk: Desk) -> None:
    desk.say(DONE)

    with pytest.raises(NoAnswer):
        desk.line.ask(b"?", lambda _reply: True, TIMEOUT_S)


def test_codes_that_came_before_the_question_are_kept(desk: Desk) -> None:
    desk.say(b"A0001\r" + DONE + b"A00")

    with pytest.raises(NoAnswer):
        desk.line.ask(b"?", lambda _reply: True, TIMEOUT_S / 10)
    desk.say(b"02\r")

    assert desk.line.codes() == ["A0001"]
    assert desk.line.codes() == ["A0002"]
