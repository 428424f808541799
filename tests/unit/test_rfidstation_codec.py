"""RFIDStation frames (7E55) against vectors, in both directions, whole and in pieces."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.crc import X25
from drivers.codecs.rfidstation import commands
from drivers.codecs.rfidstation.air import (
    PassThrough,
    SystemInfo,
    parse_pass_through,
    parse_system_info,
)
from drivers.codecs.rfidstation.commands import (
    BlockRequest,
    Command,
    FoundTags,
    Outcome,
    TagError,
    parse_block_request,
    parse_found_tags,
    parse_outcome,
    parse_version,
)
from drivers.codecs.rfidstation.describe import describe
from drivers.codecs.rfidstation.frames import Frame, decode, finder
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("reader_7e55")
RAW = [bytes.fromhex(vector["hex"]) for vector in VECTORS]
BY_ID = {vector["id"]: bytes.fromhex(vector["hex"]) for vector in VECTORS}
UID = "E00401500A1B2C3D"
OTHER_UID = "E0040150CABD51B9"

frames = st.builds(
    Frame,
    # A request 1F would look like a reply, and there is none.
    st.integers(0, 0xFF).filter(lambda code: code != 0x1F),
    st.binary(max_size=240),
    source=st.integers(0, 0xFFFF),
    target=st.integers(0, 0xFFFF),
    is_reply=st.booleans(),
    is_long=st.booleans(),
)


def _id(vector: dict[str, Any]) -> str:
    return str(vector["id"])


def _good(found: list[Frame | BadFrame]) -> list[Frame]:
    return [frame for frame in found if isinstance(frame, Frame)]


def _reply(command: int, params: str) -> bytes:
    return Frame(command, bytes.fromhex(params), 1, 0, is_reply=True).encode()


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_vector_is_described(vector: dict[str, Any]) -> None:
    content = describe(bytes.fromhex(vector["hex"]))

    told = {key: vector[key] for key in ("cmd", "src", "dst") if key in vector}
    expected = (
        {key: v for key, v in vector["expect"].items() if key != "note"}
        if ("expect" in vector)
        else {}
    )
    assert content.items() >= (told | expected).items()
    assert content["direction"] == vector["direction"]


@pytest.mark.parametrize("vector", VECTORS, ids=_id)
def test_vector_is_encoded_again(vector: dict[str, Any]) -> None:
    raw = bytes.fromhex(vector["hex"])

    assert decode(raw).encode() == raw


def test_requests_are_made_as_the_vectors_have_them() -> None:
    uid = commands.uid_bytes(UID)
    read = BlockRequest(OTHER_UID, 0, 3).encode()

    assert Frame(Command.VERSION).encode() == BY_ID["get-version-req"]
    assert Frame(Command.QUERY_TAGS, b"\0", target=1).encode() == BY_ID["query-uid-req"]
    assert Frame(Command.READ_BLOCKS, read, target=1).encode() == BY_ID["read3-req"]
    assert (
        Frame(Command.WRITE_AFI, uid + b"\x07", target=1).encode()
        == BY_ID["derived-write-afi-req"]
    )


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "no bytes does not begin with 7E55"),
        ("7F55080000FFFFF700BD60", "7F55.* does not begin with 7E55"),
        ("7E55", "ends within a frame"),
        ("7E55080000FFFFF700BD", "ends within a frame"),
        ("7E55080000FFFFF700BD6000", "00 behind the frame"),
        ("7E55080000FFFFF700BD61", "CRC BD61 should be BD60"),
        ("7E550000000100300001", "ends within a frame"),
    ],
)
def test_damaged_frame_is_refused_with_the_reason(raw: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        decode(bytes.fromhex(raw))


def _checked(content: str) -> bytes:
    body = bytes.fromhex(content)
    return b"\x7e\x55" + body + X25(body).to_bytes(2, "little")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("080000FFFFF701", "01 where 00 stands"),
        ("02", "source needs 2 bytes"),
        ("0600000100", "command needs 1 bytes"),
    ],
)
def test_frame_with_a_right_crc_and_a_wrong_content_is_refused(
    content: str, reason: str
) -> None:
    with pytest.raises(BadFrame, match=reason):
        decode(_checked(content))


@given(frame=frames)
def test_frame_comes_back_as_it_was(frame: Frame) -> None:
    raw = frame.encode()

    assert decode(raw) == frame
    assert _good(finder().feed(raw)) == [frame]


def test_long_parameters_need_a_long_frame() -> None:
    params = bytes(300)

    with pytest.raises(BadFrame, match="needs a long frame"):
        Frame(Command.WRITE_TAGS, params).encode()
    raw = Frame(Command.WRITE_TAGS, params, is_long=True).encode()

    assert raw[2] == 0
    assert raw[9:11] == b"\x2c\x01"
    assert decode(raw).params == params
    assert describe(raw)["framing"] == "long"


@given(st.lists(st.sampled_from(RAW), min_size=1, max_size=4), st.randoms())
def test_frames_are_found_however_they_are_cut(raws: list[bytes], random: Any) -> None:
    stream, found, seeker = b"".join(raws), list[Frame](), finder()

    while stream:
        size = random.randint(1, 9)
        found += _good(seeker.feed(stream[:size]))
        stream = stream[size:]

    assert found == [decode(raw) for raw in raws]


@pytest.mark.parametrize("noise", ["00", "7E", "7E55", "7E5514", "7E55FF0000", "7E7E"])
def test_frame_behind_noise_is_found_when_the_line_is_quiet(noise: str) -> None:
    seeker, raw = finder(), BY_ID["query-uid-resp"]

    found = seeker.feed(bytes.fromhex(noise) + raw) + seeker.flush()

    assert _good(found) == [decode(raw)]


@given(st.binary(max_size=300))
def test_noise_raises_nothing_but_bad_frame(noise: bytes) -> None:
    seeker = finder()
    seeker.feed(noise)
    seeker.flush()
    with suppress(BadFrame):
        describe(noise)


@given(frame=frames)
def test_any_content_is_described_or_refused(frame: Frame) -> None:
    with suppress(BadFrame):
        assert describe(frame.encode())["cmd"] == f"{frame.command:02X}"


@given(st.sampled_from(list(Command)), st.binary(max_size=40), st.booleans())
def test_any_parameters_of_a_known_command_are_described_or_refused(
    command: Command,
    params: bytes,
    is_reply: bool,  # noqa: FBT001  (from hypothesis)
) -> None:
    with suppress(BadFrame):
        describe(Frame(command, params, is_reply=is_reply).encode())


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (Frame(0x24, bytes.fromhex("3D2C1B0A500104E0C2")), {"uid": UID, "afi": "C2"}),
        (Frame(0x2C, bytes.fromhex("3D2C1B0A500104E005")), {"block": 5}),
        (Frame(0x11, b"\x01"), {"mode": "repeat"}),
        (Frame(0xF0, b"\x02\x00"), {"rf": "reset", "name": "rf_control"}),
        (Frame(0x10, bytes.fromhex("003D2C1B0A500104E00000")), {"uid": UID}),
        (Frame(0x99), {"name": "unknown", "cmd": "99"}),
    ],
)
def test_request_is_told_in_words(raw: Frame, told: dict[str, object]) -> None:
    assert describe(raw.encode()).items() >= told.items()


@pytest.mark.parametrize(
    ("command", "params", "told"),
    [
        (0x22, "01020304050607080000", {"blocks": ["01020304", "05060708"]}),
        (0x23, "0101", {"flag": 1, "error": 1, "meaning": "tag reported an error"}),
        (0x2F, "000000", {"air": "00", "flag": 0}),
        (0x2F, "0103", {"air": "", "meaning": "tag not responding"}),
        (0x28, "00000F06071B0301", {"afi": "07", "block_count": 28, "block_size": 4}),
        (0x28, "0103", {"flag": 1, "error": 3}),
        (0xF0, "0000", {"flag": 0}),
    ],
)
def test_reply_is_told_in_words(
    command: int, params: str, told: dict[str, object]
) -> None:
    assert describe(_reply(command, params)).items() >= told.items()


@pytest.mark.parametrize(
    ("command", "params"),
    [
        (0x11, "00"),
        (0x11, "3D2C1B0A500104E0AB0000"),
        (0x24, "00"),
        (0x24, "000000"),
        (0x28, "00"),
        (0x28, "00000F06071B030100"),
        (0xF7, "FF" * 52),
    ],
)
def test_reply_that_contradicts_its_command_is_refused(
    command: int, params: str
) -> None:
    with pytest.raises(BadFrame):
        describe(_reply(command, params))


@pytest.mark.parametrize(
    ("params", "info"),
    [
        ("00000F06C21B0301", SystemInfo(0x06, 0xC2, 28, 4, 1)),
        ("00000F06C21C0401", SystemInfo(0x06, 0xC2, 28, 4, 1)),
        ("00000F06C21F0701", SystemInfo(0x06, 0xC2, 32, 8, 1)),
        ("00000306C2000000", SystemInfo(0x06, 0xC2)),
        ("00000206C2000000", SystemInfo(afi=0xC2)),
        ("00000F06C2", SystemInfo(0x06, 0xC2)),
        ("0101", SystemInfo()),
    ],
)
def test_system_information_is_read_as_far_as_it_goes(
    params: str, info: SystemInfo
) -> None:
    assert parse_system_info(bytes.fromhex(params))[0] == info


def test_block_request_in_both_directions() -> None:
    write = BlockRequest(UID, 2, 2, b"12345678")

    assert parse_block_request(write.encode(), writes=True) == write
    with pytest.raises(BadFrame, match="7 bytes for 2 blocks"):
        parse_block_request(write.encode()[:-1], writes=True)
    with pytest.raises(BadFrame, match="8 bytes for 2 blocks"):
        parse_block_request(write.encode(), writes=False)


def test_found_tags_in_both_directions() -> None:
    found = FoundTags((UID, OTHER_UID), remaining=5)

    assert parse_found_tags(found.encode()) == found
    assert parse_found_tags(b"\0\0") == FoundTags()


def test_pass_through_in_both_directions() -> None:
    request = PassThrough(bytes.fromhex("22A204"), 20_000, 2)

    assert request.encode().hex() == "0322a204204e02"
    assert parse_pass_through(request.encode()) == request


def test_outcome_says_what_is_wrong() -> None:
    assert str(parse_outcome(b"\x01\x03")) == ("tag not responding (flag 01, error 03)")
    assert "unknown error" in str(Outcome(1, 9))
    assert Outcome().is_success
    assert not Outcome(1, TagError.CRC).is_success


def test_version_is_text() -> None:
    assert parse_version(b"R321G 21042100\0\xff") == "R321G 21042100"
    with pytest.raises(BadFrame, match="no text"):
        parse_version(b"\xff\xfe")
