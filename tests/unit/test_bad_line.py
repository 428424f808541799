"""What a bad line does to the replies of a device that says "hello" and its number."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import pytest

from drivers.emulators.bad_line import PAUSE_S, BadLine, Trouble

HELLO = b"hello, I am a device with a long reply"


def device() -> Callable[[bytes], Iterator[bytes]]:
    numbers = itertools.count(1)

    def answer(received: bytes) -> Iterator[bytes]:
        yield b""
        if received:
            yield HELLO + b" %d" % next(numbers)

    return answer


def line(seed: int = 0, late_s: float = 0.05) -> BadLine:
    return BadLine(device(), seed=seed, late_s=late_s)


def reply(to: BadLine) -> bytes:
    return b"".join(to(b"?"))


def test_a_good_line_changes_nothing() -> None:
    assert list(line()(b"?")) == [HELLO + b" 1"]


def test_nothing_asked_is_nothing_said() -> None:
    assert list(line()(b"")) == []


def test_bytewise_comes_one_by_one_and_whole() -> None:
    bad = line()
    bad.trouble(Trouble.BYTEWISE)

    pieces = list(bad(b"?"))

    assert {len(piece) for piece in pieces} == {1}
    assert b"".join(pieces) == HELLO + b" 1"


def test_pauses_cut_a_reply_and_lose_nothing() -> None:
    bad = line()
    bad.trouble(Trouble.PAUSES)

    started = time.monotonic()
    pieces = list(bad(b"?"))
    took_s = time.monotonic() - started

    assert len(pieces) > 4
    assert b"".join(pieces) == HELLO + b" 1"
    assert took_s > PAUSE_S


def test_noise_stands_before_the_reply() -> None:
    bad = line()
    bad.trouble(Trouble.NOISE)

    noisy = reply(bad)

    assert noisy.endswith(HELLO + b" 1")
    assert len(noisy) > len(HELLO + b" 1")


def test_loss_is_one_byte() -> None:
    bad = line()
    bad.trouble(Trouble.LOSS)

    whole, cut = HELLO + b" 1", reply(bad)

    assert cut in {whole[:at] + whole[at + 1 :] for at in range(len(whole))}


@pytest.mark.parametrize("seed", range(20))
def test_damage_is_one_byte_and_always_a_change(seed: int) -> None:
    bad = line(seed)
    bad.trouble(Trouble.DAMAGE)

    whole, damaged = HELLO + b" 1", reply(bad)

    assert len(damaged) == len(whole)
    assert sum(a != b for a, b in zip(whole, damaged, strict=True)) == 1


def test_silence_is_no_reply() -> None:
    bad = line()
    bad.trouble(Trouble.SILENCE, times=1)

    assert reply(bad) == b""
    assert reply(bad) == HELLO + b" 2"


def test_late_is_whole_but_late() -> None:
    bad = line(late_s=0.05)
    bad.trouble(Trouble.LATE, times=1)

    started = time.monotonic()
    assert reply(bad) == HELLO + b" 1"
    assert time.monotonic() - started >= 0.05


def test_glued_comes_together_with_the_next_reply() -> None:
    bad = line()
    bad.trouble(Trouble.GLUED, times=1)

    assert reply(bad) == b""
    assert reply(bad) == HELLO + b" 1" + HELLO + b" 2"
    assert reply(bad) == HELLO + b" 3"


def test_glued_for_good_is_every_other_reply_held_back() -> None:
    bad = line()
    bad.trouble(Trouble.GLUED)

    assert [reply(bad).count(HELLO) for _ in range(4)] == [0, 2, 0, 2]


def test_a_reply_that_is_lost_takes_no_other_one_with_it() -> None:
    bad = line()
    bad.trouble(Trouble.GLUED, times=1)
    reply(bad)
    bad.trouble(Trouble.SILENCE, times=1)

    assert reply(bad) == b""
    assert reply(bad) == HELLO + b" 1" + HELLO + b" 3"


@pytest.mark.parametrize("trouble", [Trouble.NOISE, Trouble.LOSS, Trouble.DAMAGE])
def test_damage_is_repeatable_by_its_seed(trouble: Trouble) -> None:
    def story(seed: int) -> list[bytes]:
        bad = line(seed)
        bad.trouble(trouble)
        return [reply(bad) for _ in range(5)]

    assert story(7) == story(7)
    assert story(7) != story(8)


def test_a_trouble_ends_after_its_times() -> None:
    bad = line()
    bad.trouble(Trouble.SILENCE, times=2)

    assert [bool(reply(bad)) for _ in range(4)] == [False, False, True, True]


def test_several_troubles_strike_together() -> None:
    bad = line()
    bad.trouble(Trouble.NOISE, times=1)
    bad.trouble(Trouble.BYTEWISE, times=1)

    pieces = list(bad(b"?"))

    assert {len(piece) for piece in pieces} == {1}
    assert len(pieces) > len(HELLO + b" 1")


def test_a_mended_line_is_good_and_has_forgotten_what_it_held() -> None:
    bad = line()
    for trouble in Trouble:
        bad.trouble(trouble)
    bad.trouble(Trouble.SILENCE, times=0)
    reply(bad)

    bad.mend()

    assert reply(bad) == HELLO + b" 2"
