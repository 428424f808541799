"""Question and answer with a toy device on a real pseudo-terminal behind a bad line.

Asked to "read" it numbers its replies, so that an answer to an older question shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from drivers.api import BadFrame, DeviceLost, NoAnswer
from drivers.codecs.frame_finder import FrameFinder
from drivers.emulators.bad_line import BadLine, Trouble
from drivers.emulators.pty import Pty
from drivers.exchange import SILENT_LIMIT, Exchange, Question
from drivers.transports.serial_port import SerialPort
from tests.waiting import within

START, LONGEST = b"\xaa\x55", 40
TIMEOUT_S, LATE_S = 0.2, 0.3
SILENCE_S = 0.05


def frame(body: bytes) -> bytes:
    return START + bytes((len(body),)) + body + bytes((sum(body) & 0xFF,))


def take(data: bytes) -> tuple[bytes, int] | None:
    """AA 55, length, that many bytes, their sum."""
    if len(data) < 3 or len(data) < data[2] + 4:
        return None
    body, check = data[3 : 3 + data[2]], data[3 + data[2]]
    if sum(body) & 0xFF != check:
        raise BadFrame("sum")
    return body, data[2] + 4


def decoder() -> FrameFinder[bytes]:
    return FrameFinder(START, take, LONGEST)


class Toy:
    """The device's side: "who" is harmless, "read" counts, others come in parts."""

    def __init__(self) -> None:
        self._decoder = decoder()
        self._reads = 0
        self.heard: list[bytes] = []

    def answer(self, received: bytes) -> Iterator[bytes]:
        for asked in self._decoder.feed(received):
            if isinstance(asked, bytes):
                self.heard.append(asked)
                yield from map(frame, self._replies(asked))

    def _replies(self, asked: bytes) -> list[bytes]:
        if asked == b"who":
            return [b"toy"]
        if asked == b"list":
            return [b"+1", b"+2", b"other", b"+3", b"end"]
        if asked == b"endless":
            return [b"+1", b"+2"]
        if asked != b"read":
            return []
        self._reads += 1
        return [b"=%d" % self._reads]


def question(text: bytes, answered_by: Callable[[bytes], bool]) -> Question[bytes]:
    return Question(frame(text), answered_by)


WHO = question(b"who", lambda reply: reply == b"toy")
READ = question(b"read", lambda reply: reply.startswith(b"="))
LIST = question(b"list", lambda reply: reply == b"end")
ENDLESS = question(b"endless", lambda reply: reply == b"end")
UNKNOWN = question(b"what?", lambda _reply: True)


def is_part(reply: bytes) -> bool:
    return reply.startswith(b"+")


@dataclass
class Bench:
    toy: Toy
    line: BadLine
    pty: Pty
    exchange: Exchange[bytes]


MakeBench = Callable[..., Bench]


@pytest.fixture
def make_bench(tmp_path: Path) -> Iterator[MakeBench]:
    made: list[Bench] = []

    def make(*, personal: bool = False) -> Bench:
        toy = Toy()
        line = BadLine(toy.answer, late_s=LATE_S)
        pty = Pty(tmp_path / "toy", line)
        pty.start()
        exchange = Exchange(
            SerialPort(str(pty.path)),
            "the toy",
            decoder,
            WHO,
            timeout_s=TIMEOUT_S,
            personal=personal,
        )
        made.append(Bench(toy, line, pty, exchange))
        return made[-1]

    yield make
    for bench in made:
        bench.exchange.close()
        bench.pty.stop()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()


# --- one answer -------------------------------------------------------------------


def test_a_question_gets_its_answer(bench: Bench) -> None:
    assert bench.exchange.ask(READ) == b"=1"
    assert bench.exchange.ask(WHO) == b"toy"
    assert bench.toy.heard == [b"read", b"who"]


@pytest.mark.parametrize("trouble", [Trouble.NOISE, Trouble.BYTEWISE])
def test_an_answer_is_found_in_what_a_bad_line_brings(
    bench: Bench, trouble: Trouble
) -> None:
    bench.line.trouble(trouble)

    assert [bench.exchange.ask(READ) for _ in range(3)] == [b"=1", b"=2", b"=3"]


def test_an_answer_with_pauses_is_waited_for(bench: Bench) -> None:
    bench.line.trouble(Trouble.PAUSES)

    assert bench.exchange.ask(READ, timeout_s=2) == b"=1"


def test_what_was_said_unasked_is_no_answer(bench: Bench) -> None:
    bench.pty.send(frame(b"=9"))
    bench.pty.send(frame(b"hello"))
    for _ in range(2):  # by the second answer all of it has been sent
        bench.exchange.ask(WHO, timeout_s=2)

    assert bench.exchange.ask(READ) == b"=1"


@pytest.mark.parametrize("trouble", [Trouble.SILENCE, Trouble.LOSS, Trouble.DAMAGE])
def test_a_spoilt_answer_is_none_and_the_next_question_gets_its_own(
    bench: Bench, trouble: Trouble
) -> None:
    bench.line.trouble(trouble, times=1)

    with pytest.raises(NoAnswer):
        bench.exchange.ask(READ)

    assert bench.exchange.ask(READ) == b"=2"


def test_a_missing_answer_is_told_in_hex(bench: Bench) -> None:
    bench.line.trouble(Trouble.LOSS, times=1)

    with pytest.raises(NoAnswer, match="the toy: no answer to AA 55 04 72 65 61 64 9C"):
        bench.exchange.ask(READ)


def test_silence_is_told_as_nothing(bench: Bench) -> None:
    with pytest.raises(NoAnswer, match="received nothing"):
        bench.exchange.ask(UNKNOWN)


def test_what_a_personal_device_said_is_not_told(make_bench: MakeBench) -> None:
    bench = make_bench(personal=True)
    bench.line.trouble(Trouble.DAMAGE, times=1)

    with pytest.raises(NoAnswer, match="received something else"):
        bench.exchange.ask(READ)


# --- late answers -----------------------------------------------------------------


@pytest.mark.parametrize("trouble", [Trouble.LATE, Trouble.GLUED])
def test_a_late_answer_is_not_taken_for_the_next(
    bench: Bench, trouble: Trouble
) -> None:
    bench.line.trouble(trouble, times=1)
    with pytest.raises(NoAnswer):
        bench.exchange.ask(READ)

    assert bench.exchange.ask(READ) == b"=2"
    assert bench.toy.heard == [b"read", b"who", b"read"]


def test_a_late_answer_to_the_harmless_question_does_no_harm(bench: Bench) -> None:
    bench.line.trouble(Trouble.SILENCE, times=1)
    with pytest.raises(NoAnswer):
        bench.exchange.ask(READ)
    bench.line.trouble(Trouble.LATE, times=1)
    with pytest.raises(NoAnswer):
        bench.exchange.ask(READ)

    assert bench.exchange.ask(READ) == b"=2"


def test_after_an_answer_nothing_harmless_is_asked(bench: Bench) -> None:
    bench.line.trouble(Trouble.SILENCE, times=1)
    with suppress(NoAnswer):
        bench.exchange.ask(READ)
    bench.exchange.ask(READ)

    bench.exchange.ask(READ)

    assert bench.toy.heard == [b"read", b"who", b"read", b"read"]


# --- lost -------------------------------------------------------------------------


def test_so_many_silences_in_a_row_are_a_lost_device(bench: Bench) -> None:
    bench.line.trouble(Trouble.SILENCE)
    for _ in range(SILENT_LIMIT - 1):
        with pytest.raises(NoAnswer):
            bench.exchange.ask(READ)

    with pytest.raises(DeviceLost, match=f"{SILENT_LIMIT} questions in a row"):
        bench.exchange.ask(READ)


def test_an_answer_ends_the_row(bench: Bench) -> None:
    for _ in range(SILENT_LIMIT + 1):
        bench.line.trouble(Trouble.SILENCE, times=1)
        with pytest.raises(NoAnswer):
            bench.exchange.ask(READ)
        assert bench.exchange.ask(READ).startswith(b"=")


def test_a_pulled_plug_is_a_lost_device(bench: Bench) -> None:
    bench.pty.unplug()

    with pytest.raises(DeviceLost):
        bench.exchange.ask(READ)


def test_closing_twice_is_fine(bench: Bench) -> None:
    bench.exchange.close()
    bench.exchange.close()


@pytest.mark.parametrize("flood", [b"\xaa", b"\xaa\x55\x20", frame(b"=x")[:-1]])
def test_a_flood_of_nonsense_does_not_outlast_the_time_out(
    bench: Bench, flood: bytes
) -> None:
    bench.pty.send(flood * 3_000)

    with within(TIMEOUT_S), suppress(NoAnswer):
        bench.exchange.ask(UNKNOWN)


# --- answers in parts -------------------------------------------------------------


def test_parts_come_in_order_and_last_what_ends_them(bench: Bench) -> None:
    found = bench.exchange.collect(LIST, part=is_part)

    assert found == [b"+1", b"+2", b"+3", b"end"]


def test_parts_without_their_end_are_no_answer(bench: Bench) -> None:
    with pytest.raises(NoAnswer):
        bench.exchange.collect(ENDLESS, part=is_part)


def test_silence_ends_the_parts_of_a_device_that_does_not(bench: Bench) -> None:
    found = bench.exchange.collect(
        ENDLESS, part=is_part, silence_s=SILENCE_S, timeout_s=5
    )

    assert found == [b"+1", b"+2"]


def test_an_end_is_not_waited_for_when_it_was_said(bench: Bench) -> None:
    found = bench.exchange.collect(LIST, part=is_part, silence_s=SILENCE_S)

    assert found == [b"+1", b"+2", b"+3", b"end"]


def test_parts_that_never_fall_silent_are_cut_off_by_the_time_out(
    bench: Bench,
) -> None:
    bench.line.trouble(Trouble.PAUSES)

    found = bench.exchange.collect(ENDLESS, part=is_part, silence_s=1, timeout_s=0.5)

    assert found == [b"+1", b"+2"]


def test_silence_alone_is_no_answer(bench: Bench) -> None:
    with pytest.raises(NoAnswer):
        bench.exchange.collect(UNKNOWN, part=is_part, silence_s=SILENCE_S)
