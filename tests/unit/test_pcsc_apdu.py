from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.apdu import Response, parse_response


@pytest.mark.parametrize(
    ("raw", "uid"),
    [
        ("B0864D259000", "B0864D25"),
        ("0463F80A4F53819000", "0463F80A4F5381"),
        ("0102030405060708090A9000", "0102030405060708090A"),
        ("0102039000", None),
        ("0102030405060708090A0B9000", None),
        ("9000", None),
        ("B0864D256300", None),
        ("6A81", None),
    ],
)
def test_a_uid_has_four_to_ten_bytes_and_a_good_status(
    raw: str, uid: str | None
) -> None:
    assert parse_response(bytes.fromhex(raw)).uid == uid


def test_only_a_card_that_did_not_answer_is_worth_another_question() -> None:
    assert parse_response(b"\x63\x00").worth_repeating
    assert not parse_response(b"\x6a\x81").worth_repeating
    assert not parse_response(b"\x90\x00").worth_repeating


@pytest.mark.parametrize(("raw", "shown"), [(b"", "of no bytes"), (b"\x90", "90")])
def test_an_answer_without_a_status_is_refused(raw: bytes, shown: str) -> None:
    with pytest.raises(BadFrame, match=f"APDU response {shown}"):
        parse_response(raw)


@given(st.binary(min_size=2, max_size=300))
def test_whatever_the_bytes_data_and_status_are_all_of_them(raw: bytes) -> None:
    response = parse_response(raw)

    assert response.data + response.status.to_bytes(2) == raw
    assert response == Response(raw[:-2], response.status)
