"""GM65 frames against vectors in both directions; replies and codes told apart."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.gm65.frames import (
    Kind,
    Reply,
    Request,
    Zone,
    decode_reply,
    decode_request,
    encode_reply,
    encode_request,
    heartbeat,
    read_zone,
    save,
    write_zone,
)
from drivers.codecs.gm65.line import gm65_line, open_envelope
from drivers.codecs.lines import BadBarcode, LineAssembler
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("scanner_serial")
BY_ID = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in VECTORS}
GM65 = [vector for vector in VECTORS if vector["family"] == "GM65"]

ACK = BY_ID["gm861-resp-ack"]
HEARTBEAT_ACK = BY_ID["gm861-resp-heartbeat-ack"]
CODE = BY_ID["gm861-barcode"]
ENVELOPE = BY_ID["gm861-framed-data"]
DONE = Reply(b"\0")

requests = st.builds(
    Request,
    st.sampled_from(Kind),
    st.integers(0, 0xFFFF),
    st.binary(max_size=255),
)
replies = st.builds(Reply, st.binary(max_size=255), st.integers(0, 255), st.booleans())


def heard(*chunks: bytes) -> list[Reply | str]:
    """Replies and usable codes, after the line has fallen silent."""
    line = gm65_line(LineAssembler())
    found = [item for chunk in chunks for item in line.feed(chunk)] + line.flush()
    return [item for item in found if not isinstance(item, BadBarcode)]


def ids(vector: dict[str, Any]) -> str:
    return str(vector["id"])


@pytest.mark.parametrize(
    "vector", [one for one in GM65 if one["direction"] == "request"], ids=ids
)
def test_request_survives_decoding_and_encoding(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["hex"])

    assert encode_request(decode_request(frame)) == frame


@pytest.mark.parametrize(
    "vector", [one for one in GM65 if one["direction"] == "response"], ids=ids
)
def test_reply_survives_decoding_and_encoding(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["hex"])

    assert encode_reply(decode_reply(frame)) == frame


@pytest.mark.parametrize(
    ("request_", "frame_id"),
    [
        (read_zone(Zone.BAUD, 2), "gm861-get-baud"),
        (save(), "gm861-save"),
        (heartbeat(), "gm861-heartbeat"),
        (write_zone(Zone.SYSTEM, 0x50), "gm861-factory-reset"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_request_is_sent_as_in_the_vector(request_: Request, frame_id: str) -> None:
    assert encode_request(request_) == BY_ID[frame_id]


def test_trigger_of_the_manual_asks_not_to_be_checked() -> None:
    trigger = decode_request(BY_ID["gm65-trigger"])

    assert trigger == Request(Kind.WRITE_ZONE, Zone.TRIGGER, b"\1", checked=False)


def test_envelope_is_opened() -> None:
    assert open_envelope(ENVELOPE) == b"0321563840"


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", "start needs 2 bytes"),
        ("7F00070100" + "2A02D80F", "does not begin with 7E00"),
        ("7E000701002A02D80E", "CRC is D80E, expected D80F"),
        ("7E000701002A02D8", "CRC needs 2 bytes"),
        ("7E000702002A02D80F", "CRC needs 2 bytes"),
        ("7E000701002A02D80F00", "1 bytes too many"),
        ("7E000B010000003026", "unknown type 0B"),
    ],
)
def test_bad_request_is_refused_with_the_reason(frame: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        decode_request(bytes.fromhex(frame))


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("04000001003331", "neither 0200 nor 0300"),
        ("02000001003332", "CRC is 3332, expected 3331"),
        ("02000001013331", "CRC is 3331, expected 2310"),
        ("0200000100ABCD", "CRC is ABCD, expected 3331"),
        ("020000010033", "CRC needs 2 bytes"),
    ],
)
def test_bad_reply_is_refused_with_the_reason(frame: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        decode_reply(bytes.fromhex(frame))


@pytest.mark.parametrize(
    "frame", ["", "0300", "03000A", "030003" + "3132", "020001" + "31"]
)
def test_bad_envelope_is_refused(frame: str) -> None:
    with pytest.raises(BadFrame):
        open_envelope(bytes.fromhex(frame))


# --- on the line --------------------------------------------------------------------


def test_reply_and_code_come_apart_however_they_are_glued() -> None:
    assert heard(ACK + CODE) == [DONE, "8711218972875"]
    assert heard(CODE + ACK) == ["8711218972875", DONE]
    assert heard(ACK + CODE + HEARTBEAT_ACK + CODE) == [
        DONE,
        "8711218972875",
        Reply(b"\0", heartbeat=True),
        "8711218972875",
    ]


def test_reply_behind_a_code_without_terminator_ends_it() -> None:
    assert heard(CODE.rstrip() + ACK) == ["8711218972875", DONE]


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_pieces_give_the_same_as_the_whole(size: int) -> None:
    whole = ACK + CODE + HEARTBEAT_ACK + ENVELOPE + ACK + CODE
    pieces = [whole[at : at + size] for at in range(0, len(whole), size)]

    assert heard(*pieces) == heard(whole)
    assert len(heard(whole)) == 6


@pytest.mark.parametrize("damage", range(len(ACK)))
def test_damaged_reply_spoils_the_code_glued_to_it_but_makes_no_other(
    damage: int,
) -> None:
    spoilt = bytearray(ACK)
    spoilt[damage] ^= 0x80

    assert heard(bytes(spoilt) + CODE + CODE) == ["8711218972875"]


def test_code_in_an_envelope_is_unpacked() -> None:
    assert heard(ENVELOPE) == ["0321563840"]
    assert heard(ENVELOPE + ENVELOPE + ACK) == ["0321563840", "0321563840", DONE]


def test_chinese_code_in_an_envelope_is_unpacked() -> None:
    text = "通借0001".encode("gbk")

    assert heard(b"\x03\x00" + bytes((len(text),)) + text) == ["通借0001"]


def test_terminator_in_or_behind_an_envelope_is_dropped() -> None:
    assert heard(b"\x03\x00\x06A0001\r") == ["A0001"]
    assert heard(b"\x03\x00\x07A0001\r\n", ACK) == ["A0001", DONE]
    assert heard(b"\x03\x00\x07A0001\r", b"\n") == ["A0001"]
    assert heard(b"\x03\x00\x05A0001\r\n") == ["A0001"]


@pytest.mark.parametrize("length", range(1, 20))
def test_envelope_of_another_length_gives_no_code(length: int) -> None:
    code = b"9787020002207"

    envelope = b"\x03\x00" + bytes((length,)) + code
    right = ["9787020002207"] if length == len(code) else []

    assert heard(envelope) == right
    assert heard(*(bytes((byte,)) for byte in envelope)) == right


@pytest.mark.parametrize("lost", range(13))
def test_envelope_that_lost_a_character_gives_no_code(lost: int) -> None:
    code = b"9787020002207"
    short = code[:lost] + code[lost + 1 :]

    assert heard(b"\x03\x00\x0d" + short) == []
    assert heard(b"\x03\x00\x0d" + short + ENVELOPE) == ["0321563840"]


def test_endless_noise_leaves_little_behind() -> None:
    line = gm65_line(LineAssembler())

    for noise in (b"\x02\x00", b"\x03\x00\xff", b"A", b"\x00"):
        line.feed(noise * 20_000)

    assert len(line._buffer) < 300
    line.flush()
    assert not line.pending


@given(requests)
def test_every_request_survives(request_: Request) -> None:
    assert decode_request(encode_request(request_)) == request_


@given(replies)
def test_every_reply_survives(reply: Reply) -> None:
    assert decode_reply(encode_reply(reply)) == reply


@given(st.binary(max_size=300), replies, st.integers(1, 40))
def test_reply_is_found_behind_a_silence_whatever_came_before(
    noise: bytes, reply: Reply, size: int
) -> None:
    line = gm65_line(LineAssembler())
    line.feed(noise)
    line.flush()
    frame = encode_reply(Reply(reply.data, reply.status))

    pieces = [frame[at : at + size] for at in range(0, len(frame), size)]

    assert [item for piece in pieces for item in line.feed(piece)] == [
        decode_reply(frame)
    ]


@given(st.binary(max_size=40))
def test_decoders_fail_with_bad_frames_alone(frame: bytes) -> None:
    for decode in (decode_request, decode_reply, open_envelope):
        with suppress(BadFrame):
            decode(frame)


@given(st.sampled_from([ACK, HEARTBEAT_ACK]), st.integers(0, 6), st.integers(1, 255))
def test_changed_byte_is_noticed(frame: bytes, at: int, flip: int) -> None:
    changed = bytearray(frame)
    changed[at] ^= flip

    try:
        decode_reply(bytes(changed))
    except BadFrame:
        return
    # A reply may become a heartbeat's: the start is not in the CRC.
    assert at == 0
