"""R2000 ("A0") frames and replies against vectors, in both directions and in pieces."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.r2000 import frames as r2000_frames
from drivers.codecs.r2000.commands import (
    Code,
    Command,
    ReadRequest,
    WriteRequest,
    match_any,
    match_epc,
    parse_match,
)
from drivers.codecs.r2000.describe import describe
from drivers.codecs.r2000.frames import MAX_DATA, MAX_FRAME, Frame, decode, finder
from drivers.codecs.r2000.replies import (
    Result,
    RoundEnd,
    Sight,
    TagReply,
    parse_inventory,
    parse_read,
    parse_write,
)
from tests.unit.pieces import fed
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("uhf_r2000")
GOOD = [vector for vector in VECTORS if vector["valid"]]
BAD = [vector for vector in VECTORS if not vector["valid"]]
BY_ID = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in VECTORS}

EPC = bytes.fromhex("E200301666130121155074EF")
CRC = b"\x12\x34"

frames = st.builds(
    Frame, st.integers(0, 255), st.integers(0, 255), st.binary(max_size=MAX_DATA)
)
epcs = st.integers(0, 31).flatmap(
    lambda words: st.binary(min_size=2 * words, max_size=2 * words)
)


def _id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def _framed(cmd: int, data: str | bytes) -> bytes:
    content = bytes.fromhex(data) if isinstance(data, str) else data
    return Frame(0x01, cmd, content).encode()


def _pc(epc: bytes) -> int:
    return len(epc) // 2 << 11


# --- vectors ----------------------------------------------------------------------


@pytest.mark.parametrize("vector", GOOD, ids=_id)
def test_vector_is_described(vector: dict[str, Any]) -> None:
    described = describe(bytes.fromhex(vector["hex"]))

    expected = dict(vector.get("expect", {}))
    if "pwd" in expected:  # the vector has a remark behind it
        expected["pwd"] = expected["pwd"][:8]
    assert described["cmd"] == vector["cmd"]
    assert described.items() >= expected.items()


@pytest.mark.parametrize("vector", GOOD, ids=_id)
def test_vector_survives_decoding_and_encoding(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])

    assert decode(raw).encode() == raw


@pytest.mark.parametrize("vector", BAD, ids=_id)
def test_negative_vector_is_refused_with_the_right_check_byte(
    vector: dict[str, Any],
) -> None:
    with pytest.raises(BadFrame, match="check byte is BC, expected AE"):
        describe(bytes.fromhex(vector["hex"]))


@pytest.mark.parametrize(
    ("frame_id", "data"),
    [
        ("read-tid", ReadRequest(2, 0, 12).encode()),
        ("derived-read-user", ReadRequest(3, 0, 8, bytes(4)).encode()),
        ("derived-write-epc-afi", WriteRequest(1, 1, b"\x34\x07").encode()),
        ("rt-inventory-end", RoundEnd(1, 1).encode()),
        ("rt-tag-1", Sight(0x04, 0x3000, EPC, 69).encode()),
    ],
)
def test_content_is_encoded_as_in_the_vector(frame_id: str, data: bytes) -> None:
    frame = decode(BY_ID[frame_id])

    assert frame.data == data


# --- frames -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "no bytes does not begin with A0"),
        ("A1030172E9", "does not begin with A0"),
        ("A0", "ends within"),
        ("A0030172", "ends within"),
        ("A0030172EB", "check byte is EB, expected EA"),
        ("A002015D00", "length 02 is below 3"),
        ("A0030172EA00", "00 behind the frame"),
    ],
)
def test_bad_frame_is_refused_with_its_reason(raw: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        describe(bytes.fromhex(raw))


def test_error_about_an_endless_input_is_short() -> None:
    with pytest.raises(BadFrame) as refused:
        describe(b"\xa1" * 100_000)

    assert len(str(refused.value)) < 600


def test_data_that_no_frame_holds_is_not_sent() -> None:
    with pytest.raises(BadFrame, match="253 bytes"):
        Frame(1, 2, bytes(MAX_DATA + 1)).encode()


@given(st.lists(frames, max_size=4), st.lists(st.integers(1, 40), min_size=1))
def test_pieces_give_the_same_frames_as_the_whole(
    sent: list[Frame], sizes: list[int]
) -> None:
    line = b"".join(frame.encode() for frame in sent)

    assert fed(finder().feed, line, sizes) == sent


def test_frame_behind_noise_and_a_broken_one_is_found() -> None:
    tag, end = BY_ID["rt-tag-1"], BY_ID["rt-inventory-end"]
    broken = tag[:7] + bytes((tag[7] ^ 1,)) + tag[8:]

    decoder = finder()

    found = decoder.feed(b"\xa0\x03\x55" + broken + tag[:5] + end) + decoder.flush()

    good = [frame for frame in found if isinstance(frame, Frame)]
    assert decode(end) in good
    assert any(isinstance(frame, BadFrame) for frame in found)


def test_false_start_gives_way_when_the_line_falls_silent() -> None:
    decoder = finder()

    assert decoder.feed(b"\xa0\xff" + BY_ID["rt-inventory-end"]) == []
    found = decoder.flush()

    assert decode(BY_ID["rt-inventory-end"]) in found


@pytest.mark.parametrize("noise", [b"\xa0", b"\xa0\xff", b"\x00", b"\xa0\x03\x01"])
def test_flood_of_noise_leaves_little_behind(noise: bytes) -> None:
    decoder = finder()

    for _ in range(16):
        decoder.feed(noise * 1000)

    assert len(decoder._buffer) <= MAX_FRAME


@given(st.binary(max_size=300))
def test_garbage_raises_nothing_but_bad_frame(garbage: bytes) -> None:
    finder().feed(garbage)
    with suppress(BadFrame):
        assert describe(garbage)["direction"]


@given(st.sampled_from(Command), st.binary(max_size=40))
def test_any_content_raises_nothing_but_bad_frame(cmd: int, data: bytes) -> None:
    raw = _framed(cmd, data)
    for direction in (None, "request", "response"):
        with suppress(BadFrame):
            assert describe(raw, direction)["name"] == Command(cmd).name.lower()


@given(st.sampled_from(GOOD), st.integers(0, 40), st.integers(1, 255))
def test_no_single_wrong_byte_goes_unseen(
    vector: dict[str, Any], place: int, change: int
) -> None:
    raw = bytearray.fromhex(vector["hex"])
    raw[place % len(raw)] ^= change

    with pytest.raises(BadFrame):
        r2000_frames.decode(bytes(raw))


# --- inventory --------------------------------------------------------------------


@given(epcs, st.integers(0, 255), st.integers(0, 255))
def test_a_sight_survives_whatever_the_length_of_its_epc(
    epc: bytes, freq_ant: int, rssi: int
) -> None:
    sight = Sight(freq_ant, _pc(epc) | 0x0507, epc, rssi)

    assert parse_inventory(sight.encode()) == sight


@pytest.mark.parametrize(
    "said", [Result(0x22), RoundEnd(1, 258), RoundEnd(0, 70_000, 29)]
)
def test_end_and_error_are_told_apart_by_their_length(said: Result | RoundEnd) -> None:
    data = bytes((said.code,)) if isinstance(said, Result) else said.encode()

    assert parse_inventory(data) == said


def test_antenna_channel_and_strength_of_a_sight() -> None:
    sight = Sight(0x8E, 0x3000, EPC, 0x80 | 69)

    assert (sight.channel, sight.antenna, sight.rssi_dbm) == (35, 2, -60)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "0 bytes are neither"),
        ("0430", "2 bytes are neither"),
        ("04300011223344556677", "PC 3000 tells of 12 bytes of EPC, there are 6"),
        ("0430001122334455667788", "11 bytes are neither"),
    ],
)
def test_inventory_reply_that_contradicts_itself_is_refused(
    data: str, reason: str
) -> None:
    with pytest.raises(BadFrame, match=reason):
        parse_inventory(bytes.fromhex(data))


# --- tags -------------------------------------------------------------------------


def test_read_reply_in_both_directions() -> None:
    reply = TagReply(1, 0x3000, EPC, CRC, b"\1\2\3\4", antenna=2, times=1)

    raw = reply.encode_read()

    assert raw.hex().upper() == f"0001143000{EPC.hex().upper()}123401020304040201"
    assert parse_read(raw) == reply


def test_write_reply_in_both_directions() -> None:
    reply = TagReply(3, 0x3000, EPC, CRC, b"", Code.WRITE_FAILED, 0, 1)

    assert parse_write(reply.encode_write()) == reply


def test_write_reply_may_end_with_its_result() -> None:
    whole = TagReply(1, 0x3000, EPC, CRC).encode_write()

    short = parse_write(whole[:-2])

    assert short == TagReply(1, 0x3000, EPC, CRC, b"", Code.DONE, None, None)


@pytest.mark.parametrize("parse", [parse_read, parse_write])
def test_one_byte_is_a_result(parse: Any) -> None:
    assert parse(b"\x36") == Result(0x36)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("0001", "size needs 1 byte"),
        ("00010230", "tag needs 2 bytes"),
        (f"0001 0E 3000 {EPC.hex()} 00 00 01", "the CRC is missing"),
        (f"0001 12 3000 {EPC.hex()} 1234 0102 04 00 01", "2 bytes read, said to be 4"),
        (f"0001 12 3000 {EPC.hex()} 1234 0102 02 00", "antenna and count"),
        (f"0001 12 3000 {EPC.hex()} 1234 0102 02 00 01 77", "1 bytes too many"),
    ],
)
def test_bad_read_reply_is_refused(data: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        parse_read(bytes.fromhex(data))


def test_bad_write_reply_is_refused() -> None:
    with pytest.raises(BadFrame, match="CRC of wrong size"):
        parse_write(bytes.fromhex(f"0001 12 3000 {EPC.hex()} 1234 0102 10 00 01"))


def test_requests_in_both_directions() -> None:
    write = WriteRequest(1, 2, b"\1\2\3\4", b"\xaa\xbb\xcc\xdd")

    assert write.encode().hex() == "aabbccdd01020201020304"
    assert WriteRequest.parse(write.encode()) == write
    assert ReadRequest.parse(b"\3\0\x08") == ReadRequest(3, 0, 8)


@pytest.mark.parametrize("data", ["0300", "03000800", "0300080000000000"])
def test_bad_read_request_is_refused(data: str) -> None:
    with pytest.raises(BadFrame):
        ReadRequest.parse(bytes.fromhex(data))


def test_match_in_both_directions() -> None:
    assert match_epc(EPC) == b"\x00\x0c" + EPC
    assert parse_match(match_epc(EPC)) == EPC
    assert parse_match(match_any()) is None
    with pytest.raises(BadFrame, match="mode 02"):
        parse_match(b"\2")
