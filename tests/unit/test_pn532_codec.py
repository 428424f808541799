"""PN532 frames and replies against vectors, in both directions, whole and in pieces."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame, ProtocolError
from drivers.codecs.pn532 import commands
from drivers.codecs.pn532.commands import TypeATarget, parse_targets
from drivers.codecs.pn532.describe import describe
from drivers.codecs.pn532.frames import (
    MAX_BODY,
    MAX_FRAME,
    Direction,
    Frame,
    Message,
    Signal,
    decode,
    encode,
    finder,
)
from tests.unit.pieces import fed
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("pn532")
BY_ID = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in VECTORS}

CARD = BY_ID["card-1"]
FIRMWARE = BY_ID["firmware-resp"]

messages = st.builds(
    Message,
    st.sampled_from(Direction),
    st.integers(0, 0xFF),
    st.binary(max_size=MAX_BODY - 2),
)
frames: st.SearchStrategy[Frame] = st.one_of(messages, st.sampled_from(Signal))


def good(found: list[Frame | BadFrame]) -> list[Frame]:
    return [frame for frame in found if not isinstance(frame, BadFrame)]


def framed(hex_body: str) -> bytes:
    body = bytes.fromhex(hex_body)
    return encode(Message(Direction(body[0]), body[1], body[2:]))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["id"]))
def test_vector_is_described(vector: dict[str, Any]) -> None:
    description = describe(bytes.fromhex(vector["hex"]))

    expected = vector.get("expect", {})
    if isinstance(expected, dict):
        assert description.items() >= expected.items()
    assert description["direction"] == vector["direction"]


@pytest.mark.parametrize(
    "vector",
    [vector for vector in VECTORS if vector["id"] != "wakeup-sam"],
    ids=lambda vector: str(vector["id"]),
)
def test_vector_survives_decoding_and_encoding(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["hex"])

    assert encode(decode(frame)) == frame


@pytest.mark.parametrize(
    ("command", "frame_id"),
    [
        (commands.get_firmware_version(), "get-firmware"),
        (commands.sam_configuration(), "sam-mode1-irq1"),
        (commands.list_type_a(1), "inlist-106a"),
    ],
)
def test_command_is_sent_as_in_the_vector(command: Message, frame_id: str) -> None:
    assert encode(command) == BY_ID[frame_id]


def test_retries_are_the_third_parameter_of_item_five() -> None:
    assert encode(commands.rf_retries(2)) == framed("D43205FF0102")


def test_signals_are_named() -> None:
    kinds = [describe(BY_ID[name])["kind"] for name in ("ack", "nack", "error-frame")]

    assert kinds == ["ack", "nack", "error"]


def test_command_and_data_are_upper_case_hex() -> None:
    description = describe(BY_ID["inlist-106a"])

    assert description["cmd"] == "4A"
    assert description["data"] == "0100"


@pytest.mark.parametrize(
    "surrounded",
    [
        CARD[1:],
        CARD[:-1],
        CARD[1:-1],
        bytes(9) + CARD + bytes(3),
        commands.WAKE_UP + CARD,
        b"\x55\x55" + bytes(5) + CARD,
    ],
)
def test_preamble_and_postamble_may_be_missing_or_repeated(surrounded: bytes) -> None:
    assert decode(surrounded) == decode(CARD)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", "no start code"),
        ("5555000000", "no start code"),
        ("0000FF02FED4022B00", "check sum is 2B, expected 2A"),
        ("0000FF02FFD4022A00", "check sum is FF, expected FE"),
        ("0000FF02FED402", "ends within"),
        ("0000FF02", "ends within"),
        ("0000FF", "ends within"),
        ("0000FF000000", "length 0"),
        ("0000FF01FFD42C00", "no command"),
        ("0000FF02FED5022A00", "check sum is 2A, expected 29"),
        ("0000FF02FED6022800", "neither D4 nor D5"),
        ("1234" + "0000FF02FED4022A00", "1234 is no preamble"),
        ("0000FF02FED4022A00" + "99", "99 behind the frame"),
        ("0000FF00FF00" + "0000FF00FF00", "FF00FF behind the frame"),
        ("0000FFFFFF010AF5" + "D402" + "00" * 264 + "2A00", "length 266"),
        ("0000FFFFFF0102FE" + "D402", "check sum is FE, expected FD"),
    ],
)
def test_bad_frame_is_refused_with_its_reason(frame: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        describe(bytes.fromhex(frame))


def test_error_about_an_endless_input_is_short() -> None:
    with pytest.raises(BadFrame) as refused:
        describe(b"\xa5" * 100_000)

    assert len(str(refused.value)) < 700


def test_long_frame_carries_more_than_255_bytes() -> None:
    message = Message(Direction.RESPONSE, 0x41, bytes(263))

    frame = encode(message)

    assert frame.startswith(bytes.fromhex("0000FFFFFF0109F6D541"))
    assert decode(frame) == message


def test_short_body_in_a_long_frame_is_read() -> None:
    frame = bytes.fromhex("0000FFFFFF0002FED4022A00")

    assert decode(frame) == commands.get_firmware_version()


def test_body_the_chip_cannot_hold_is_not_sent() -> None:
    with pytest.raises(BadFrame, match="266 bytes"):
        encode(Message(Direction.REQUEST, 0x40, bytes(264)))


@given(frames)
def test_any_frame_survives_the_way_there_and_back(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


@given(st.lists(frames, max_size=4), st.lists(st.integers(1, 40), min_size=1))
def test_pieces_give_the_same_frames_as_the_whole(
    sent: list[Frame], sizes: list[int]
) -> None:
    line = b"".join(encode(frame) for frame in sent)

    assert fed(finder().feed, line, sizes) == sent


@given(st.binary(max_size=300))
def test_garbage_raises_nothing_but_protocol_errors(garbage: bytes) -> None:
    finder().feed(garbage)
    with suppress(ProtocolError):
        assert describe(garbage)["kind"]


@given(st.binary(max_size=260))
def test_reply_body_raises_nothing_but_bad_frame(body: bytes) -> None:
    for code in (0x03, 0x41, 0x4B, 0x53):
        with suppress(BadFrame):
            assert describe(encode(Message(Direction.RESPONSE, code, body)))["kind"]


def test_bytes_come_one_by_one() -> None:
    decoder = finder()

    found = [frame for byte in CARD for frame in decoder.feed(bytes((byte,)))]

    assert found == [decode(CARD)]


def test_frame_behind_noise_is_found() -> None:
    noise = bytes.fromhex("A50000FF13007F00")

    found = finder().feed(noise + FIRMWARE + noise + CARD)

    assert good(found) == [decode(FIRMWARE), decode(CARD)]


def test_broken_frame_is_reported_and_the_next_one_read() -> None:
    broken = bytearray(FIRMWARE)
    broken[-2] ^= 0x01

    found = finder().feed(bytes(broken) + CARD)

    assert isinstance(found[0], BadFrame)
    assert "32010607" in str(found[0])
    assert good(found) == [decode(CARD)]


def test_frame_that_lost_a_byte_does_not_swallow_the_next() -> None:
    shortened = FIRMWARE[:8] + FIRMWARE[9:]

    found = finder().feed(shortened + CARD)

    assert good(found) == [decode(CARD)]


def test_missing_postamble_between_glued_frames_is_no_loss() -> None:
    found = finder().feed(Signal.ACK.value[:-1] + CARD[1:-1] + FIRMWARE)

    assert found == [Signal.ACK, decode(CARD), decode(FIRMWARE)]


@pytest.mark.parametrize("noise", [b"\x00", b"\x00\xff", b"\xa5", b"\x00\xff\xfe\x02"])
def test_flood_of_noise_leaves_little_behind(noise: bytes) -> None:
    decoder = finder()

    for _ in range(16):
        decoder.feed(noise * (16_384 // len(noise)))

    assert len(decoder._buffer) <= MAX_FRAME


@pytest.mark.parametrize("uid", ["B0864D25", "0463F80A4F5381", "0102030405060708090A"])
def test_uid_of_each_length_is_read(uid: str) -> None:
    target = TypeATarget(1, bytes.fromhex(uid), b"\x00\x04", 0x08)

    assert parse_targets(b"\x01" + target.encode()) == (target,)


def test_ats_of_the_first_card_does_not_hide_the_second() -> None:
    smart = TypeATarget(
        1,
        bytes.fromhex("04A1B2C3D4E5F6"),
        b"\x03\x44",
        0x20,
        b"\x06\x75\x77\x81\x02\x80",
    )
    plain = TypeATarget(2, bytes.fromhex("B0864D25"), b"\x00\x04", 0x08)

    targets = parse_targets(b"\x02" + smart.encode() + plain.encode())

    assert targets == (smart, plain)


def test_ats_is_described_with_its_length_byte() -> None:
    description = describe(
        framed("D54B0101034420" + "0704A1B2C3D4E5F6" + "067577810280")
    )

    assert description["targets"] == [
        {
            "tg": 1,
            "sens_res": "0344",
            "sel_res": "20",
            "uid": "04A1B2C3D4E5F6",
            "ats": "067577810280",
        }
    ]


def test_type_b_card_is_told_by_its_atqb() -> None:
    description = describe(framed("D54B0101" + "50AABBCCDD00000000717185" + "0100"))

    assert description["targets"] == [
        {
            "tg": 1,
            "atqb": "50AABBCCDD00000000717185",
            "pupi": "AABBCCDD",
            "attrib_res": "00",
        }
    ]


@pytest.mark.parametrize(
    "body",
    [
        "",
        "01",
        "010100040804B0864D",
        "010100040805B0864D2511",
        "010100040804B0864D2501",
        "020100040804B0864D25",
        "010103442004B0864D2500",
        "010103442004B0864D250675",
    ],
    ids=[
        "nothing",
        "no target",
        "uid cut",
        "uid of five",
        "byte left",
        "second target missing",
        "ats of length 0",
        "ats cut",
    ],
)
def test_bad_target_list_is_refused(body: str) -> None:
    with pytest.raises(BadFrame, match="target"):
        describe(framed("D54B" + body))


def test_data_behind_the_status_is_apart() -> None:
    description = describe(framed("D54100" + "00112233445566778899AABBCCDDEEFF"))

    assert description["status"] == 0
    assert description["data"] == "00112233445566778899AABBCCDDEEFF"


def test_status_is_the_error_without_its_flags() -> None:
    assert describe(framed("D54154"))["status"] == 0x14


def test_reply_without_status_is_refused() -> None:
    with pytest.raises(BadFrame, match="status"):
        describe(framed("D541"))


def test_firmware_of_wrong_length_is_refused() -> None:
    with pytest.raises(BadFrame, match="320106: not 4 bytes"):
        describe(framed("D503320106"))


def test_unknown_command_is_still_a_frame() -> None:
    assert describe(framed("D4F001"))["name"] == "unknown"
