"""FEIG OBID frames in words: all vectors, and what only the context tells."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.feig.describe import describe
from drivers.codecs.feig.frames import Frame
from drivers.codecs.feig.reader_commands import Level, SetOutput, parse_set_output
from drivers.codecs.feig.replies import (
    Blocks,
)
from tests.unit.vectors import vectors_of

VECTORS = [vector for vector in vectors_of("feig_obid") if "hex" in vector]
GOOD = [vector for vector in VECTORS if vector["valid"]]
BAD = [vector for vector in VECTORS if not vector["valid"]]
UID = "E00401500A1B2C3D"
OTHER_UID = "E00401501F453D8F"
KEYS = ("framing", "direction", "adr", "cmd", "status", "data")


def _id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def _frame(body: str, *, cmd: int = 0xB0, adr: int = 0x00) -> bytes:
    return Frame(adr, cmd, bytes.fromhex(body)).encode()


@pytest.mark.parametrize("vector", GOOD, ids=_id)
def test_vector_is_described(vector: dict[str, Any]) -> None:
    described = describe(bytes.fromhex(vector["hex"]))

    assert {key: described[key] for key in KEYS if key in vector} == {
        key: vector[key] for key in KEYS if key in vector
    }


@pytest.mark.parametrize("vector", [v for v in GOOD if "expect" in v], ids=_id)
def test_content_of_vector_is_described(vector: dict[str, Any]) -> None:
    expected = {key: value for key, value in vector["expect"].items() if key != "note"}

    described = describe(bytes.fromhex(vector["hex"]))

    if expected.get("tags") and isinstance(expected["tags"][0], str):
        tags = described["tags"]
        assert isinstance(tags, list)
        described["tags"] = [tag["uid"] for tag in tags]
    assert {key: described.get(key) for key in expected} == expected


@pytest.mark.parametrize("vector", BAD, ids=_id)
def test_negative_vector_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(BadFrame):
        describe(bytes.fromhex(vector["hex"]))


@given(raw=st.binary(max_size=64))
def test_describe_raises_nothing_but_bad_frame(raw: bytes) -> None:
    for candidate in (raw, Frame(0, 0xB0, raw).encode(), Frame(0, 0x71, raw).encode()):
        try:
            described = describe(candidate)
        except BadFrame:
            continue
        assert described["direction"] in ("request", "response")


@pytest.mark.parametrize(
    ("cmd", "body", "adr", "direction"),
    [
        (0x69, "", 0x00, "request"),
        (0x69, "00", 0x00, "response"),
        (0x6A, "01", 0xFF, "request"),
        (0x6A, "00", 0x00, "response"),
        (0x6A, "00", 0x12, "request"),
        (0x80, "07", 0x00, "request"),
        (0x80, "00" + "AB" * 14, 0x00, "response"),
        (0x81, "07" + "AB" * 14, 0x00, "request"),
        (0x81, "00", 0x12, "response"),
        (0x74, "0003", 0x00, "response"),
        (0xB0, f"2701{UID}C2", 0x00, "request"),
        (0xB0, "01", 0x00, "response"),
        (0xB1, "01", 0x00, "response"),
        (0xB1, "04A500", 0x00, "request"),
        (0x99, "77", 0xFF, "request"),
    ],
)
def test_direction_is_the_one_that_makes_sense(
    cmd: int, body: str, adr: int, direction: str
) -> None:
    assert describe(_frame(body, cmd=cmd, adr=adr))["direction"] == direction


def test_direction_can_be_given() -> None:
    raw = _frame("00", cmd=0x6A, adr=0x00)

    assert describe(raw, "request")["rf"] == 0
    assert describe(raw, "response")["status"] == "00"


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("94" + f"010300{UID}", {"status": "94"}),
        ("9512", {"iso_error": "12"}),
        ("951205", {"iso_error": "12", "failed_block": 5}),
        ("0307", {"status": "03", "failed_block": 7}),
        ("82", {"status": "82"}),
        ("77", {"status": "77", "status_text": "unknown status (77)"}),
        ("00" + "03000100", {"db_n": 3, "security": ["00", "01", "00"]}),
        ("00" + "0108" + "00" + "0102030405060708", {"db_n": 1, "db_size": 8}),
        ("0000", {"tags": []}),
    ],
)
def test_reply_is_described(body: str, content: dict[str, object]) -> None:
    described = describe(_frame(body))

    assert {key: described.get(key) for key in content} == content


def test_status_is_put_in_words() -> None:
    described = describe(_frame("9512"))

    assert described["status_text"] == (
        "error from an ISO 15693 tag: block is locked (12) (95)"
    )


@pytest.mark.parametrize(
    "body",
    ["00" + f"020300{UID}", "00" + "0204001122", "0055", "94"],
)
def test_reply_that_contradicts_itself_is_refused(body: str) -> None:
    with pytest.raises(BadFrame):
        describe(_frame(body))


def test_two_tags_are_described_with_their_dsfid() -> None:
    described = describe(_frame(f"00020306{UID}033E{OTHER_UID}"))

    assert described["tags"] == [
        {"tr_type": 3, "dsfid": "06", "uid": UID},
        {"tr_type": 3, "dsfid": "3E", "uid": OTHER_UID},
    ]


def test_set_output_in_both_directions() -> None:
    output = SetOutput(Level.ON, Level.OFF, Level.FLASH, flash=0x10, time=5)

    encoded = output.encode()

    assert encoded.hex().upper() == "0039001000050000"
    assert parse_set_output(encoded) == output


def test_set_output_is_described() -> None:
    described = describe(_frame("003900100005FFFF", cmd=0x71, adr=0xFF))

    assert described["green"] == "on"
    assert described["red"] == "off"
    assert described["beeper"] == "flash"
    assert described["flash_hz"] == {"green": 5.0, "red": 5.0, "beeper": 2.5}
    assert (described["time_ms"], described["output_time_ms"]) == (500, None)


def test_outputs_of_newer_readers_are_described() -> None:
    described = describe(_frame("000121030014", cmd=0x72, adr=0xFF))

    assert described["outputs"] == [
        {"kind": "lamp", "number": 1, "level": "flash", "time_ms": 2000}
    ]


def test_configuration_page_is_described() -> None:
    described = describe(_frame("C3", cmd=0x80, adr=0xFF))

    assert (described["page"], described["memory"], described["all_pages"]) == (
        3,
        "EEPROM",
        True,
    )


def test_block_reply_keeps_lock_states() -> None:
    blocks = Blocks(4, (b"\x01\x02\x03\x04",), b"\x01")

    described = describe(_frame("00" + blocks.encode().hex()))

    assert described["security"] == ["01"]
    assert described["blocks_memory_order"] == ["04030201"]
