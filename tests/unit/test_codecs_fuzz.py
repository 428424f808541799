"""Every codec against bytes that no device should send; none can be forgotten."""

from __future__ import annotations

import random
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import BadFrame, ProtocolError
from drivers.tagdata.detect import detect, read_tag
from drivers.tagdata.iso28560_2 import salvage
from drivers.tagdata.uhf_detect import detect_uhf
from kiosk.cli.frame import PROTOCOLS
from tests.fuzz import checks, seeds, surface
from tests.fuzz.checks import (
    Defect,
    check_glue,
    check_memory,
    check_pieces,
    check_reader,
    check_work,
)
from tests.fuzz.streams import ENDLESS, Case, Stream, cases
from tests.fuzz.surface import family, name_of, reader

MODULES = [module for module in surface.modules() if surface.readers(module)]
READERS = [each for module in MODULES for each in surface.readers(module)]
CASES = cases()
#: Longer than the longest frame of any protocol, which is SSI's.
FLOOD = 24_000

TOY_CODEC = """
from __future__ import annotations
def describe(frame: bytes) -> dict[str, object]: ...
def finder() -> Decoder: ...
def _private(frame: bytes) -> None: ...
class Decoder:
    def feed(self, data: bytes) -> list[bytes]: ...
class Question:
    @classmethod
    def parse(cls, raw: bytes) -> Question: ...
"""

quick = settings(max_examples=60, deadline=None)


@st.composite
def mangled(draw: st.DrawFn, module: str) -> bytes:
    """Good bytes and noise behind one another, some changed, both ends cut off."""
    parts = st.sampled_from(seeds.samples(module)) | st.binary(max_size=20)
    raw = bytearray(b"".join(draw(st.lists(parts, min_size=1, max_size=4))))
    for at, byte in draw(st.lists(st.tuples(st.integers(0, 60), BYTES), max_size=3)):
        if raw:
            raw[at % len(raw)] = byte
    return bytes(raw[draw(CUT) : max(len(raw) - draw(CUT), 0)])


@st.composite
def sealed(draw: st.DrawFn, module: str) -> bytes:
    """Any content in a frame whose length and check sum are right."""
    content = draw(st.binary(max_size=40) | mangled(module))[:200]
    return seeds.SEALS[family(module)](draw(BYTES), draw(BYTES), content)


BYTES = st.integers(0, 255)
CUT = st.just(0) | st.integers(0, 12)


def inputs(module: str) -> st.SearchStrategy[bytes]:
    usual = st.binary(max_size=120) | mangled(module)
    return usual | sealed(module) if family(module) in seeds.SEALS else usual


# --- nothing is forgotten ---------------------------------------------------------


def test_every_protocol_of_the_command_line_is_covered() -> None:
    described = {name_of(import_module(path).describe) for path in PROTOCOLS.values()}

    assert described <= {each.name for each in READERS}


def test_every_family_has_decoders_and_knows_what_keeps_them_waiting() -> None:
    assert {family(case.source.__module__) for case in CASES} == ENDLESS.keys()


def test_a_new_codec_is_found_by_itself() -> None:
    codec = ModuleType("drivers.codecs.toy")
    exec(TOY_CODEC, vars(codec))  # noqa: S102  (our own text)

    assert [each.name for each in surface.readers(codec)] == [
        "drivers.codecs.toy:describe",
        "drivers.codecs.toy:Question.parse",
    ]
    assert [name_of(maker) for maker in surface.stream_makers(codec)] == [
        "drivers.codecs.toy:finder",
        "drivers.codecs.toy:Decoder",
    ]


def test_what_reads_a_tag_promises_never_to_raise() -> None:
    promises = {each.name for each in READERS if each.never_raises}

    assert {name_of(each) for each in (read_tag, detect, detect_uhf, salvage)} <= (
        promises
    )


# --- what is read whole -----------------------------------------------------------


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
@pytest.mark.fault("O33")
def test_whatever_the_bytes_only_a_protocol_error_comes_out(module: ModuleType) -> None:
    @quick
    @given(inputs(module.__name__), st.binary(min_size=1, max_size=6))
    def only_a_protocol_error(raw: bytes, choices: bytes) -> None:
        for each in surface.readers(module):
            check_reader(each, raw, choices)

    only_a_protocol_error()


@pytest.mark.parametrize("byte", b"\x00\x01\x11\x55\x80\xff")
def test_a_long_run_of_one_byte_is_no_exception(byte: int) -> None:
    for each in READERS:
        check_reader(each, bytes((byte,)) * 6000, bytes((byte,)))


# --- what is fed piece by piece ---------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pieces_of_any_size_give_the_same_as_all_at_once(case: Case) -> None:
    @quick
    @given(inputs(case.source.__module__), st.lists(st.integers(1, 30), min_size=1))
    def the_same(raw: bytes, sizes: list[int]) -> None:
        check_pieces(case.make, raw, sizes)

    the_same()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_frames_behind_one_another_are_all_found(case: Case) -> None:
    frames = seeds.samples(case.source.__module__)

    @quick
    @given(st.lists(st.sampled_from(frames), max_size=4, unique=True))
    def all_found(glued: list[bytes]) -> None:
        check_glue(case.make, glued)

    all_found()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("kind", ["noise", "endless"])
@pytest.mark.fault("O33")
def test_a_flood_takes_neither_memory_nor_more_work_than_it_is_long(
    case: Case, kind: str
) -> None:
    noise = random.Random(1).randbytes(FLOOD)
    flood = noise if kind == "noise" else (case.endless * FLOOD)[:FLOOD]

    check_memory(case.make, flood)
    check_work(case.make, flood[: FLOOD // 2])


# --- the checks themselves --------------------------------------------------------


class Toy:
    """Finds frames of three bytes, and does all wrong that its subclasses want."""

    def __init__(self) -> None:
        self.buffer = b""

    def feed(self, data: bytes) -> list[object]:
        self.buffer += data
        whole = len(self.buffer) // 3 * 3
        frames, self.buffer = self.buffer[:whole], self.buffer[whole:]
        return [frames[at : at + 3] for at in range(0, whole, 3)]

    def flush(self) -> list[object]:
        self.buffer = b""
        return []


class Forgetful(Toy):
    def feed(self, data: bytes) -> list[object]:
        self.buffer = b""
        return super().feed(data)


class Hoarder(Toy):
    def feed(self, data: bytes) -> list[object]:
        self.buffer += data * 100
        return []


class Ruminant(Toy):
    def feed(self, data: bytes) -> list[object]:
        self.buffer += data
        return [None for byte in self.buffer if chr(byte) == ""]


class Clinging(Toy):
    """Its errors hold the frames of the stack, and these the bytes."""

    def feed(self, data: bytes) -> list[object]:
        self.buffer = (self.buffer + data)[-3000:]
        found: list[object] = []
        for byte in data:
            try:
                self._refuse(bytes(self.buffer), byte)
            except BadFrame as err:
                found.append(err)
        return found

    def _refuse(self, _copy: bytes, byte: int) -> None:
        raise BadFrame(f"{byte:02X}")


class Greedy(Toy):
    def feed(self, data: bytes) -> list[object]:
        frames = super().feed(data)
        return frames[:1]


def checked(check: Callable[..., None], make: Callable[[], Stream]) -> None:
    if check is check_pieces:
        check_pieces(make, b"abcabcabc", [1])
    elif check is check_glue:
        check_glue(make, [b"abc", b"def"])
    else:
        check(make, b"\x01" * FLOOD)


@pytest.mark.parametrize("check", [check_pieces, check_glue, check_memory, check_work])
def test_a_right_decoder_passes(check: Callable[..., None]) -> None:
    checked(check, Toy)


@pytest.mark.parametrize(
    ("check", "broken"),
    [
        (check_pieces, Forgetful),
        (check_glue, Greedy),
        (check_memory, Hoarder),
        (check_memory, Clinging),
        (check_work, Ruminant),
    ],
)
def test_a_broken_decoder_is_caught(
    check: Callable[..., None], broken: Callable[[], Stream]
) -> None:
    with pytest.raises(Defect):
        checked(check, broken)


def test_a_reader_that_runs_over_the_end_is_caught() -> None:
    def third_byte(raw: bytes) -> int:
        return raw[2]

    with pytest.raises(IndexError):
        check_reader(reader(third_byte), b"ab")


def test_a_reader_that_breaks_its_promise_is_caught() -> None:
    def refuse(raw: bytes) -> None:
        """Raises ProtocolError."""
        raise ProtocolError(raw.hex())

    def boast(raw: bytes) -> None:
        """Never raises."""
        refuse(raw)

    check_reader(reader(refuse), b"ab")
    with pytest.raises(Defect, match="never raises"):
        check_reader(reader(boast), b"ab")


def test_pieces_are_cut_as_they_are_wanted() -> None:
    assert list(checks.pieces(b"abcdef", [1, 2])) == [b"a", b"bc", b"d", b"ef"]
