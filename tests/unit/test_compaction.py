"""Compaction of single values, against published samples and itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.tagdata.compaction import TEXT_SCHEMES, Scheme, choose, decode, encode
from drivers.tagdata.errors import BadTagData
from tests.unit.vectors import vectors_of

VECTORS = [
    pytest.param(Scheme[vector["scheme"].upper()], vector, id=vector["id"])
    for vector in vectors_of("iso15962_compaction")
    if vector["scheme"] not in ("isil", "content-parameter")
]


@pytest.mark.parametrize(("scheme", "vector"), VECTORS)
def test_sample_is_written_as_published(scheme: Scheme, vector: dict[str, str]) -> None:
    assert encode(scheme, vector["text"]).hex().upper() == vector["hex"]


@pytest.mark.parametrize(("scheme", "vector"), VECTORS)
def test_sample_is_read_as_published(scheme: Scheme, vector: dict[str, str]) -> None:
    assert decode(scheme, bytes.fromhex(vector["hex"])) == vector["text"]


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("10", Scheme.INTEGER),
        ("9999999999999999999", Scheme.INTEGER),
        ("10000000000000000000", Scheme.NUMERIC),
        ("7", Scheme.NUMERIC),
        ("0104170238", Scheme.NUMERIC),
        ("ABC[]", Scheme.BIT5),
        ("AB@", Scheme.BIT6),
        ("QA268.L55", Scheme.BIT6),
        ("abcdefgh", Scheme.BIT7),
        ("é", Scheme.OCTET),
        ("图书", Scheme.UTF8),
    ],
)
def test_shortest_scheme_is_chosen(text: str, scheme: Scheme) -> None:
    assert choose(text) is scheme


def test_blank_that_would_read_as_padding_is_not_packed() -> None:
    assert choose("1A ") is Scheme.BIT6
    assert choose("1AB ") is not Scheme.BIT6


@pytest.mark.parametrize(
    ("scheme", "text"),
    [
        (Scheme.INTEGER, "9"),
        (Scheme.INTEGER, "012"),
        (Scheme.INTEGER, "12345678901234567890"),
        (Scheme.INTEGER, "١٢"),
        (Scheme.NUMERIC, ""),
        (Scheme.NUMERIC, "12A"),
        (Scheme.BIT5, "A@"),
        (Scheme.BIT5, "A1"),
        (Scheme.BIT6, "a"),
        (Scheme.BIT6, "ABC "),
        (Scheme.BIT7, "é"),
        (Scheme.OCTET, "书"),
        (Scheme.UTF8, "\ud800"),
        (Scheme.APPLICATION, "1"),
    ],
)
def test_value_beyond_a_scheme_is_refused(scheme: Scheme, text: str) -> None:
    with pytest.raises(BadTagData):
        encode(scheme, text)


@pytest.mark.parametrize(
    ("scheme", "data", "shown"),
    [
        (Scheme.NUMERIC, "1A", "1A"),
        (Scheme.NUMERIC, "F1", "F1"),
        (Scheme.NUMERIC, "1FFF", "1FFF"),
        (Scheme.INTEGER, "010203040506070809", "010203040506070809"),
        (Scheme.UTF8, "C328", "C328"),
        (Scheme.APPLICATION, "00", "compaction 0"),
    ],
)
def test_unreadable_bytes_are_shown_in_hex(
    scheme: Scheme, data: str, shown: str
) -> None:
    with pytest.raises(BadTagData, match=shown):
        decode(scheme, bytes.fromhex(data))


@pytest.mark.parametrize("scheme", TEXT_SCHEMES)
def test_no_bytes_are_an_empty_text(scheme: Scheme) -> None:
    assert decode(scheme, b"") == ""


@given(st.one_of(st.text(), st.text("0123456789"), st.text("A1 _@~\x7f")))
def test_chosen_scheme_reads_back_and_is_never_longer_than_utf8(text: str) -> None:
    scheme = choose(text)

    data = encode(scheme, text)

    assert decode(scheme, data) == text
    assert len(data) <= len(text.encode())


@given(st.text(st.characters(max_codepoint=0xFF)))
def test_chosen_scheme_is_never_longer_than_octets(text: str) -> None:
    assert len(encode(choose(text), text)) <= len(text)
