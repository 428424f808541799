"""Codes from the lines of a serial scanner."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import ProtocolError
from drivers.codecs.lines import (
    BadBarcode,
    LineAssembler,
    describe,
    split_aim_prefix,
)

ISBN = "9787020002207"


def texts(found: list[str | BadBarcode]) -> list[str]:
    return [code for code in found if isinstance(code, str)]


@pytest.mark.parametrize("terminator", [b"\r", b"\n", b"\r\n", b"\t", b"\r\n\r\n"])
def test_each_terminator_ends_a_code(terminator: bytes) -> None:
    found = LineAssembler().feed(ISBN.encode() + terminator)

    assert found == [ISBN]


def test_code_without_end_waits() -> None:
    lines = LineAssembler()

    assert lines.feed(b"97870200") == []
    assert lines.pending
    assert lines.feed(b"02207\r") == [ISBN]
    assert not lines.pending


def test_silence_ends_a_code() -> None:
    lines = LineAssembler()
    lines.feed(ISBN.encode())

    assert lines.flush() == [ISBN]
    assert lines.flush() == []


def test_glued_codes_come_apart() -> None:
    assert LineAssembler().feed(b"A0001\rA0002\r\nA0003\n") == [
        "A0001",
        "A0002",
        "A0003",
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
def test_chinese_text_is_read_in_both_encodings(encoding: str) -> None:
    line = "通借通还".encode(encoding) + b"\r"

    assert LineAssembler().feed(line) == ["通借通还"]


def test_spaces_around_a_code_are_dropped() -> None:
    assert LineAssembler().feed(b"  A 001 \r") == ["A 001"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"12\r", "2 characters"),
        (b"9787\x00020\r", r"U\+0000"),
        (b"\x1bABC\r", r"U\+001B"),
        ("978\u202e702".encode() + b"\r", r"U\+202E"),
        (b"978\xff\xfe702\r", "neither utf-8 nor gbk"),
        (b"1" * 257 + b"\r", "257 characters"),
        (b"1" * 5000 + b"\r", "over 1024 bytes"),
    ],
)
def test_unusable_scan_is_one_bad_barcode(line: bytes, reason: str) -> None:
    (found,) = LineAssembler().feed(line)

    assert isinstance(found, BadBarcode)
    with pytest.raises(BadBarcode, match=reason):
        raise found


def test_good_code_follows_a_bad_one() -> None:
    found = LineAssembler().feed(b"\x00\x00\x00\x00\r" + ISBN.encode() + b"\r")

    assert texts(found) == [ISBN]


def test_longest_code_is_taken() -> None:
    longest = "鱻" * 256

    assert LineAssembler().feed(longest.encode() + b"\r") == [longest]


@pytest.mark.parametrize("noise", [b"\x00", b"\xff", b"A"])
def test_megabyte_without_an_end_leaves_little_behind(noise: bytes) -> None:
    lines = LineAssembler()

    for _ in range(64):
        lines.feed(noise * 16_384)

    assert len(lines._line) <= 1024
    assert [*map(type, lines.feed(b"\r"))] == [BadBarcode]


def test_code_after_an_endless_line_is_whole() -> None:
    lines = LineAssembler()
    lines.feed(b"A" * 100_000)

    found = lines.feed(b"\r" + ISBN.encode() + b"\r")

    assert texts(found) == [ISBN]


def test_aim_identifier_is_dropped_when_configured() -> None:
    line = b"]E0" + ISBN.encode() + b"\r"

    assert LineAssembler(aim_prefix=True).feed(line) == [ISBN]
    assert LineAssembler().feed(line) == [f"]E0{ISBN}"]


def test_site_has_the_last_word_on_a_code_and_knows_its_symbology() -> None:
    def shout(code: str, aim: str | None) -> str:
        if code == "bad":
            raise BadBarcode(code)
        return f"{code.upper()}{aim}"

    lines = LineAssembler(aim_prefix=True, clean=shout)

    found = lines.feed(b"]E0abc\rbad\rdef\r")

    assert texts(found) == ["ABC]E0", "DEFNone"]
    assert lines.accept("abc", "]Q1") == "ABC]Q1"


def test_length_counts_what_the_site_made_of_a_code() -> None:
    lines = LineAssembler(min_length=3, clean=lambda code, _aim: code[1:])

    assert texts(lines.feed(b"1234\r123\r")) == ["234"]


@pytest.mark.parametrize("code", ["", "12", "A\nB0001", "A" * 257, "\ud800ABC"])
def test_code_that_came_by_another_way_is_judged_the_same(code: str) -> None:
    with pytest.raises(BadBarcode):
        LineAssembler().accept(code)


def test_length_counts_without_the_aim_identifier() -> None:
    (found,) = LineAssembler(aim_prefix=True).feed(b"]E012\r")

    assert isinstance(found, BadBarcode)


@pytest.mark.parametrize("code", ["", "]", "]E", "]1E0", "E0]", ISBN])
def test_code_without_identifier_stays_whole(code: str) -> None:
    assert split_aim_prefix(code) == (None, code)


def test_line_is_described_with_its_symbology() -> None:
    assert describe(b"]C1A0001\r\n") == {"text": "A0001", "symbology": "]C1"}
    assert describe(b"A0001") == {"text": "A0001", "symbology": None}


@pytest.mark.parametrize("line", [b"", b"\r\n", b"A\rB\r", b"A\x00B"])
def test_line_without_one_code_is_not_described(line: bytes) -> None:
    with pytest.raises(BadBarcode):
        describe(line)


@given(st.binary(max_size=400), st.integers(1, 50))
def test_pieces_give_the_same_codes_as_the_whole(line: bytes, size: int) -> None:
    whole, pieces = LineAssembler(), LineAssembler()
    found: list[str | BadBarcode] = []

    for start in range(0, len(line), size):
        found += pieces.feed(line[start : start + size])

    assert texts(found) == texts(whole.feed(line))


@given(st.binary(max_size=400))
def test_codes_are_printable_whatever_comes(line: bytes) -> None:
    lines = LineAssembler()

    for code in texts(lines.feed(line) + lines.flush()):
        assert 3 <= len(code) <= 256
        assert not any(ord(character) < 0x20 for character in code)


@given(st.binary(max_size=100))
def test_description_fails_with_protocol_errors_alone(line: bytes) -> None:
    with suppress(ProtocolError):
        assert describe(line)["text"]
