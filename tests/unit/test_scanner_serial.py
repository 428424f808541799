"""Frames of serial scanners in words."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import ProtocolError
from drivers.codecs.scanner_serial import describe
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("scanner_serial")
PLAIN = "gm861-barcode"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_vector_is_described(vector: dict[str, Any]) -> None:
    description = describe(bytes.fromhex(vector["hex"]))

    assert description["direction"] == vector["direction"]
    family = "plain line" if vector["id"] == PLAIN else vector["family"]
    assert description["family"] == family


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if isinstance(vector.get("expect"), dict)],
    ids=lambda vector: str(vector["id"]),
)
def test_vector_has_the_content_it_should(vector: dict[str, Any]) -> None:
    description = describe(bytes.fromhex(vector["hex"]))
    expected = dict(vector["expect"])

    # The vectors write zones in two digits or four.
    if zone := expected.pop("zone", None):
        assert int(str(description["zone"]), 16) == int(zone, 16)
    assert description.items() >= expected.items()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_frame_with_a_changed_last_byte_is_no_frame(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["hex"])
    if vector["direction"] == "data" and vector["family"] == "GM65":
        return

    with pytest.raises(ProtocolError):
        describe(frame[:-1] + bytes((frame[-1] ^ 0x01,)))


def test_settings_of_a_decoder_are_told_apart() -> None:
    description = describe(bytes.fromhex("08C6040800F20500FE2F"))

    assert description["settings"] == {"F205": "00"}
    assert description["permanent"] is True


def test_refusal_of_a_decoder_has_its_reason() -> None:
    assert describe(bytes.fromhex("05D1040006FF20"))["reason"] == "denied"


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", "no code"),
        ("00", "U\\+0000"),
        ("7E000701002A02D80E", "GM65 frame.*CRC"),
        ("02000001003332", "GM65 frame.*CRC"),
        ("03000B30333231353633383430", "GM65 code"),
        ("04D00400FF29", "SSI packet.*sum"),
        ("12F300000B39373837303230303032323037FC55", "SSI packet.*sum"),
        ("16540A", "no Honeywell command"),
        (b"38373132\x00".hex(), "U\\+0000"),
    ],
)
def test_bad_frame_is_refused_with_the_reason(frame: str, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        describe(bytes.fromhex(frame))


@given(st.binary(max_size=60))
def test_any_bytes_are_described_or_refused(frame: bytes) -> None:
    with suppress(ProtocolError):
        assert describe(frame)["direction"]


@given(st.sampled_from(VECTORS), st.integers(0, 30), st.integers(0, 255))
def test_mutated_vectors_are_described_or_refused(
    vector: dict[str, Any], at: int, value: int
) -> None:
    frame = bytearray.fromhex(vector["hex"])
    frame[at % len(frame)] = value

    with suppress(ProtocolError):
        json.dumps(describe(bytes(frame)))
