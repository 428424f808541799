"""SSI packets against vectors in both directions; codes, acknowledgements, noise."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.lines import BadBarcode, LineAssembler
from drivers.codecs.ssi.codes import ACK, NAK_RESEND, SsiReceiver, text_line
from drivers.codecs.ssi.packets import (
    CONTINUED,
    DECODER,
    HOST,
    PERMANENT,
    RETRANSMIT,
    BadSum,
    Nak,
    Op,
    Packet,
    PacketFinder,
    decode,
    encode,
)
from drivers.codecs.ssi.settings import parse_settings
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("scanner_serial")
BY_ID = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in VECTORS}
SSI = [vector for vector in VECTORS if vector["family"] == "SSI"]

DECODED = BY_ID["ssi-derived-decode-data"]
ISBN = "9787020002207"

short_packets = st.builds(
    Packet,
    st.sampled_from([op for op in Op if op is not Op.DECODE_DATA_LONG]),
    st.binary(max_size=250),
    st.sampled_from([DECODER, HOST]),
    st.integers(0, 255),
)
long_packets = st.builds(
    Packet,
    st.just(Op.DECODE_DATA_LONG),
    st.binary(max_size=1000),
    st.sampled_from([DECODER, HOST]),
    st.integers(0, 255),
)
packets = short_packets | long_packets


def receiver() -> SsiReceiver:
    return SsiReceiver(LineAssembler(max_length=4096))


def code(text: str, code_type: int = 0x0B, status: int = 0) -> bytes:
    data = bytes((code_type,)) + text.encode()
    return encode(Packet(Op.DECODE_DATA, data, DECODER, status))


@pytest.mark.parametrize("vector", SSI, ids=lambda vector: str(vector["id"]))
def test_vector_survives_decoding_and_encoding(vector: dict[str, Any]) -> None:
    frame = bytes.fromhex(vector["hex"])

    assert encode(decode(frame)) == frame


@pytest.mark.parametrize(
    ("packet", "frame_id"),
    [
        (Packet(Op.CMD_ACK), "ssi-ack"),
        (Packet(Op.CMD_NAK, bytes((Nak.RESEND,))), "ssi-nak-resend"),
        (Packet(Op.CMD_NAK, bytes((Nak.DENIED,))), "ssi-nak-denied"),
        (Packet(Op.SCAN_ENABLE), "ssi-scan-enable"),
        (Packet(Op.START_SESSION), "ssi-start"),
        (Packet(Op.STOP_SESSION), "ssi-stop"),
        (Packet(Op.LED_ON, b"\1"), "ssi-led-on"),
        (Packet(Op.BEEP, b"\1"), "ssi-beep1"),
        (Packet(Op.PARAM_SEND, b"\0\x8a\x08", status=PERMANENT), "ssi-trigger-host"),
        (Packet(Op.CMD_ACK, source=DECODER), "ssi-start-resp-alt"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_packet_is_made_as_in_the_vector(packet: Packet, frame_id: str) -> None:
    assert encode(packet) == BY_ID[frame_id]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", "ends within"),
        ("04D00400FF", "ends within"),
        ("04D00400FF29", "sum is FF29, expected FF28"),
        ("04D10400FF28", "sum is FF28, expected FF27"),
        ("03D00400FF29", "no packet begins with 03D00400"),
        ("04D90400FF1F", "no packet begins with 04D90400"),
        ("04D00500FF27", "no packet begins with 04D00500"),
        ("04D00400FF2800", "00 behind the frame"),
        ("04F40400FF04", "no packet begins with 04F40400"),
        ("FFD00400FF28", "no packet begins with FFD00400"),
        ("FFF40006F40000", "not within 7 to"),
        ("FFF4FFFFF40000", "not within 7 to"),
        ("FFF40007F30000FDF3", "no packet begins with FFF40007F30000"),
    ],
)
def test_bad_packet_is_refused_with_the_reason(frame: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        decode(bytes.fromhex(frame))


def test_long_code_has_a_length_of_two_bytes() -> None:
    frame = encode(Packet(Op.DECODE_DATA_LONG, b"\xf1" + b"A" * 300, DECODER))

    assert frame.startswith(bytes.fromhex("FFF40134F40000F1"))
    assert len(frame) == 0x0134 + 2


@pytest.mark.parametrize(
    "packet",
    [Packet(Op.DECODE_DATA, bytes(251)), Packet(Op.DECODE_DATA_LONG, bytes(20_000))],
)
def test_packet_that_is_too_long_is_not_made(packet: Packet) -> None:
    with pytest.raises(BadFrame, match="are the most"):
        encode(packet)


def test_settings_have_numbers_of_one_or_two_bytes() -> None:
    settings = bytes.fromhex("FF8A08F20500EE01")

    assert parse_settings(settings) == (0xFF, {b"\x8a": 8, b"\xf2\x05": 0, b"\xee": 1})


@pytest.mark.parametrize("data", ["", "008A", "00F2", "00F205"])
def test_cut_settings_are_refused(data: str) -> None:
    with pytest.raises(BadFrame, match="SSI PARAM_SEND"):
        parse_settings(bytes.fromhex(data))


# --- codes --------------------------------------------------------------------------


def test_code_is_told_and_acknowledged_once() -> None:
    decoder = receiver()

    assert decoder.feed(DECODED) == [ISBN]
    assert decoder.due() == ACK == BY_ID["ssi-ack"]
    assert decoder.due() == b""


def test_code_with_a_wrong_sum_is_asked_for_again() -> None:
    decoder = receiver()
    damaged = DECODED[:8] + b"0" + DECODED[9:]

    assert decoder.feed(damaged) == []
    assert decoder.due() == NAK_RESEND == BY_ID["ssi-nak-resend"]
    assert decoder.feed(code(ISBN, status=RETRANSMIT)) == [ISBN]
    assert decoder.due() == ACK


def test_answer_with_a_wrong_sum_is_let_go() -> None:
    decoder = receiver()

    assert decoder.feed(bytes.fromhex("04D00400FF29")) == []
    assert decoder.due() == b""


def test_code_sent_again_for_want_of_an_acknowledgement_is_one() -> None:
    decoder = receiver()

    assert decoder.feed(code(ISBN)) == [ISBN]
    assert decoder.feed(code(ISBN, status=RETRANSMIT)) == []
    assert decoder.due() == ACK + ACK
    assert decoder.feed(code(ISBN)) == [ISBN]


def test_code_in_several_packets_is_put_together() -> None:
    decoder = receiver()
    parts = ["A" * 249, "B" * 249, "C"]

    assert decoder.feed(code(parts[0], 0x1C, CONTINUED)) == []
    assert decoder.feed(code(parts[1], 0x1C, CONTINUED)) == []
    assert decoder.feed(code(parts[1], 0x1C, CONTINUED | RETRANSMIT)) == []
    assert decoder.feed(code(parts[2], 0x1C)) == ["".join(parts)]
    assert decoder.due() == ACK * 4
    assert decoder.feed(code(ISBN)) == [ISBN]


def test_packets_that_never_end_leave_little_behind() -> None:
    decoder = receiver()

    for number in range(500):
        decoder.feed(code(f"{number:0249}", 0x1C, CONTINUED))
        decoder.due()

    assert len(decoder._begun) <= 20_000
    assert [*map(type, decoder.feed(code("END")))] == [BadBarcode]


def test_answer_and_code_come_apart() -> None:
    decoder = receiver()

    found = decoder.feed(BY_ID["ssi-start-resp-alt"] + DECODED)

    assert found == [Packet(Op.CMD_ACK, source=DECODER), ISBN]


def test_event_is_acknowledged() -> None:
    decoder = receiver()

    decoder.feed(encode(Packet(Op.EVENT, b"\x03", DECODER)))

    assert decoder.due() == ACK


@pytest.mark.parametrize("text", ["", "12", "A\x00BC", "\x1dABC"])
def test_unusable_code_is_acknowledged_and_bad(text: str) -> None:
    decoder = receiver()

    assert [*map(type, decoder.feed(code(text)))] == [BadBarcode]
    assert decoder.due() == ACK


def test_suffix_of_a_code_is_dropped() -> None:
    assert receiver().feed(code(f"{ISBN}\r\n")) == [ISBN]


def test_chinese_code_may_be_utf8_or_gbk() -> None:
    text = "通借0001"
    gbk = encode(Packet(Op.DECODE_DATA, b"\x1c" + text.encode("gbk"), DECODER))

    assert receiver().feed(code(text, 0x1C) + gbk) == [text, text]


def test_plain_lines_and_answers_come_apart() -> None:
    line = text_line(LineAssembler())
    ack = BY_ID["ssi-start-resp-alt"]

    found = (
        line.feed(ack + b"A0001\r" + BY_ID["ssi-nak-denied"] + b"A0002") + line.flush()
    )

    assert found == [
        Packet(Op.CMD_ACK, source=DECODER),
        "A0001",
        Packet(Op.CMD_NAK, b"\x06"),
        "A0002",
    ]


def test_packet_among_plain_lines_is_no_code() -> None:
    line = text_line(LineAssembler())

    assert all(
        isinstance(item, BadBarcode) for item in line.feed(DECODED) + line.flush()
    )


# --- noise --------------------------------------------------------------------------


@given(packets)
def test_every_packet_survives(packet: Packet) -> None:
    assert decode(encode(packet)) == packet


@given(st.binary(max_size=100), packets, st.integers(1, 60))
def test_packet_is_found_behind_a_silence_whatever_came_before(
    noise: bytes, packet: Packet, size: int
) -> None:
    finder = PacketFinder()
    finder.feed(noise)
    finder.flush()
    frame = encode(packet)

    pieces = [frame[at : at + size] for at in range(0, len(frame), size)]

    assert [item for piece in pieces for item in finder.feed(piece)] == [packet]


@given(st.binary(max_size=300))
def test_receiver_takes_any_bytes(noise: bytes) -> None:
    decoder = receiver()

    decoder.feed(noise)
    decoder.flush()

    assert not decoder.pending


@given(st.integers(0, len(DECODED) - 1), st.integers(1, 255))
def test_changed_byte_is_noticed(at: int, flip: int) -> None:
    changed = bytearray(DECODED)
    changed[at] ^= flip

    with pytest.raises(BadFrame):
        decode(bytes(changed))


@given(st.integers(0, len(DECODED) - 1))
def test_lost_byte_gives_no_code(at: int) -> None:
    decoder = receiver()

    assert decoder.feed(DECODED[:at] + DECODED[at + 1 :]) + decoder.flush() == []


@given(st.binary(max_size=40))
def test_decoder_fails_with_bad_frames_alone(frame: bytes) -> None:
    with suppress(BadFrame):
        assert encode(decode(frame)) == frame


def test_wrong_sum_tells_whether_it_was_a_code() -> None:
    found = PacketFinder().feed(DECODED[:-1] + b"\0")

    assert isinstance(found[0], BadSum)
    assert found[0].is_code
