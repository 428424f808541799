"""FEIG OBID frames: whole, in pieces, glued, damaged and behind noise."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.feig import frames as feig_frames
from drivers.codecs.feig.frames import Decoder, Frame, Framing
from tests.unit.vectors import vectors_of

VECTORS = [vector for vector in vectors_of("feig_obid") if "hex" in vector]
GOOD = [vector for vector in VECTORS if vector["valid"]]


def _id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def _frame(body: str) -> bytes:
    return Frame(0x00, 0xB0, bytes.fromhex(body)).encode()


@pytest.mark.parametrize("vector", GOOD, ids=_id)
def test_vector_is_encoded_again(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])

    assert feig_frames.decode(raw).encode() == raw


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "cut off"),
        ("05FF65", "of 3 bytes says 5"),
        ("04FF65E5", "can't begin"),
        ("020006FF6500", "can't begin"),
        ("0200", "cut off"),
        ("020007FF656E", "of 6 bytes says 7"),
        ("020007FF656E62", "CRC 626E should be 616E"),
        ("05FF65E5CB00", "of 6 bytes says 5"),
    ],
)
def test_damaged_frame_is_refused_with_the_reason(raw: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        feig_frames.decode(bytes.fromhex(raw))


def test_body_too_long_for_a_standard_frame_is_refused() -> None:
    with pytest.raises(BadFrame, match="256 bytes"):
        Frame(0, 0xB0, bytes(251)).encode()


def test_reply_without_status_is_refused() -> None:
    with pytest.raises(BadFrame, match="no status"):
        assert Frame(0, 0x65).status


frames = st.builds(
    Frame,
    adr=st.integers(0, 255),
    cmd=st.integers(0, 255),
    body=st.binary(max_size=120),
    framing=st.sampled_from(Framing),
)


def _all_frames(decoder: Decoder, *, line_is_quiet: bool = False) -> list[Frame]:
    found = []
    while frame := decoder.next_frame(line_is_quiet=line_is_quiet):
        found.append(frame)
    return found


@pytest.mark.parametrize("vector", GOOD, ids=_id)
def test_frame_comes_out_with_its_last_byte(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])
    decoder = Decoder()

    found = []
    for byte in raw[:-1]:
        decoder.receive_data(bytes([byte]))
        found += _all_frames(decoder)
    decoder.receive_data(raw[-1:])

    assert found == []
    assert _all_frames(decoder) == [feig_frames.decode(raw)]


def test_glued_frames_come_out_in_order() -> None:
    decoder = Decoder()

    decoder.receive_data(b"".join(bytes.fromhex(vector["hex"]) for vector in GOOD))

    assert [frame.encode().hex().upper() for frame in _all_frames(decoder)] == [
        vector["hex"] for vector in GOOD
    ]


@pytest.mark.parametrize(
    "garbage",
    ["00", "0000010304", "05FF65E5CC", "020000", "02FFFF", "0201FF020301", "06FF00"],
)
def test_frame_behind_garbage_is_found(garbage: str) -> None:
    raw = _frame("00")
    decoder = Decoder(max_frame=256)

    decoder.receive_data(bytes.fromhex(garbage) + raw)

    assert _all_frames(decoder, line_is_quiet=True) == [feig_frames.decode(raw)]


def test_byte_that_looks_like_a_length_holds_a_frame_back_until_the_line_is_quiet() -> (
    None
):
    raw = _frame("00")
    decoder = Decoder()
    decoder.receive_data(b"\xff" + raw)

    early = decoder.next_frame()
    late = decoder.next_frame(line_is_quiet=True)

    assert early is None
    assert late == feig_frames.decode(raw)


def test_quiet_line_does_not_spoil_a_frame_that_goes_on() -> None:
    raw = _frame("00" + "1122334455")
    decoder = Decoder()

    decoder.receive_data(raw[:4])
    decoder.next_frame(line_is_quiet=True)
    decoder.receive_data(raw[4:])

    assert decoder.next_frame() == feig_frames.decode(raw)


def test_frame_inside_a_longer_one_is_not_taken_apart() -> None:
    inner = _frame("01")
    outer = Frame(0, 0xB0, b"\x00" + inner, Framing.ADVANCED).encode()
    decoder = Decoder()

    found = []
    for byte in outer:
        decoder.receive_data(bytes([byte]))
        found += _all_frames(decoder)

    assert found == [feig_frames.decode(outer)]


def test_flood_of_noise_does_not_fill_the_memory() -> None:
    decoder = Decoder(max_frame=256)

    for _ in range(64):
        decoder.receive_data(b"\x02\x00\xff" * 1000)

    assert len(decoder.pending) <= 1024


def test_reset_forgets_half_a_frame() -> None:
    raw = _frame("00")
    decoder = Decoder()
    decoder.receive_data(raw[:3])

    decoder.reset()
    decoder.receive_data(raw)

    assert decoder.next_frame() == feig_frames.decode(raw)


@given(frame=frames)
def test_every_frame_survives_the_wire(frame: Frame) -> None:
    assert feig_frames.decode(frame.encode()) == frame


@given(sent=st.lists(frames, max_size=5), cuts=st.lists(st.integers(1, 40)))
def test_cutting_the_stream_changes_nothing(sent: list[Frame], cuts: list[int]) -> None:
    stream = b"".join(frame.encode() for frame in sent)
    decoder = Decoder()

    found = []
    for size in [*cuts, len(stream)]:
        decoder.receive_data(stream[:size])
        stream = stream[size:]
        found += _all_frames(decoder)

    assert found == sent


@given(noise=st.binary(max_size=300), frame=frames)
def test_noise_never_raises_and_ends(noise: bytes, frame: Frame) -> None:
    decoder = Decoder(max_frame=256)

    decoder.receive_data(noise + frame.encode())
    found = _all_frames(decoder, line_is_quiet=True)

    # By one chance in 65536 the noise holds a frame that swallows the true one.
    assert found
