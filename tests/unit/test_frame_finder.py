from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.frame_finder import FrameFinder

LONGEST = 12


def take(data: bytes) -> tuple[bytes, int] | None:
    """A toy protocol: AA 55, length, that many bytes, their sum."""
    if len(data) < 3:
        return None
    length = data[2]
    if length > LONGEST - 4:
        raise BadFrame("too long")
    if len(data) < length + 4:
        return None
    body, check = data[3 : 3 + length], data[3 + length]
    if sum(body) & 0xFF != check:
        raise BadFrame("sum")
    return body, length + 4


def frame(body: bytes) -> bytes:
    return b"\xaa\x55" + bytes((len(body),)) + body + bytes((sum(body) & 0xFF,))


@pytest.fixture
def finder() -> FrameFinder[bytes]:
    return FrameFinder(b"\xaa\x55", take, LONGEST)


def good(found: list[bytes | BadFrame]) -> list[bytes]:
    return [frame for frame in found if isinstance(frame, bytes)]


@given(st.lists(st.binary(max_size=8), max_size=5), st.data())
def test_frames_are_found_however_they_are_cut(
    bodies: list[bytes], data: st.DataObject
) -> None:
    finder = FrameFinder(b"\xaa\x55", take, LONGEST)
    wire = b"".join(map(frame, bodies))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(wire)), max_size=6)))

    found: list[bytes | BadFrame] = []
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        found += finder.feed(wire[start:end])

    assert found == bodies


def test_noise_around_a_frame_is_dropped(finder: FrameFinder[bytes]) -> None:
    assert good(finder.feed(b"\x00\xaa" + frame(b"hi") + b"\xff\xaa")) == [b"hi"]


def test_a_broken_frame_is_named_and_the_next_one_read(
    finder: FrameFinder[bytes],
) -> None:
    broken = frame(b"bad")[:-1] + b"\x00"

    found = finder.feed(broken + frame(b"ok"))

    assert isinstance(found[0], BadFrame)
    assert good(found) == [b"ok"]


def test_a_start_that_promises_too_much_hides_a_frame_until_the_line_is_quiet(
    finder: FrameFinder[bytes],
) -> None:
    assert finder.feed(b"\xaa\x55\x08" + frame(b"ok")) == []

    assert good(finder.flush()) == [b"ok"]
    assert finder.flush() == []


def test_a_frame_on_a_slow_line_survives_its_pauses(finder: FrameFinder[bytes]) -> None:
    whole = frame(b"slow")

    for byte in whole[:-1]:
        assert finder.feed(bytes((byte,))) == []
        assert finder.flush() == []

    assert finder.feed(whole[-1:]) == [b"slow"]


@given(st.binary(max_size=200))
def test_garbage_never_fills_the_memory(noise: bytes) -> None:
    finder = FrameFinder(b"\xaa\x55", take, LONGEST)

    finder.feed(noise)

    assert len(finder._buffer) < LONGEST


@given(st.binary(max_size=60))
def test_without_a_start_mark_every_byte_may_begin_a_frame(noise: bytes) -> None:
    finder = FrameFinder(b"", take_counted, LONGEST)

    found = [*finder.feed(noise + b"\x02hi\xd1"), *finder.flush()]

    assert b"hi" in good(found) or noise


def take_counted(data: bytes) -> tuple[bytes, int] | None:
    if not data:
        return None
    found = take(b"\xaa\x55" + data)
    return (found[0], found[1] - 2) if found else None
