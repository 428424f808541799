"""UHFReader18 frames in words: every command, every status, and who speaks."""

from __future__ import annotations

import pytest

from drivers.api import BadFrame
from drivers.codecs.uhfreader18.commands import STATUS_TEXTS, Command
from drivers.codecs.uhfreader18.describe import describe
from drivers.codecs.uhfreader18.frames import Frame

EPC = "00323038"


def _described(cmd: int, body: str, adr: int = 0) -> dict[str, object]:
    return describe(Frame(adr, cmd, bytes.fromhex(body)).encode())


@pytest.mark.parametrize(
    ("cmd", "body", "content"),
    [
        (0x01, "040001002010E280", {"q": 4, "mask": "E280"}),
        (0x01, "0400018014", {"session": 0, "antenna": 1, "scan_time": 20}),
        (0x02, f"02{EPC}03000800000000", {"epc": EPC, "mem": 3, "num": 8}),
        (0x03, f"0102{EPC}0101340700000000", {"WNum": 1, "data": "3407"}),
        (0x04, f"02AABBCCDD{EPC}", {"epc": EPC, "pwd": "AABBCCDD"}),
        (0x05, f"02{EPC}AABBCCDD", {"name": "kill", "pwd": "AABBCCDD"}),
        (0x06, f"02{EPC}0302AABBCCDD", {"select": 3, "protect": 2}),
        (0x07, f"02{EPC}03000800000000", {"name": "erase", "word_ptr": 0}),
        (0x08, f"02{EPC}AABBCCDD", {"name": "set_read_protect"}),
        (0x09, "AABBCCDD", {"pwd": "AABBCCDD"}),
        (0x0A, "AABBCCDD", {"name": "reset_read_protect"}),
        (0x0B, "", {"name": "check_read_protect"}),
        (0x0C, f"02{EPC}AABBCCDD01", {"name": "set_eas", "eas": 1}),
        (0x0D, "", {"name": "check_eas"}),
        (0x10, f"0102{EPC}0300BEEF00000000", {"data": "BEEF"}),
        (0x22, "3180", {"dmaxfre": "31", "dminfre": "80"}),
        (0x24, "05", {"address": 5}),
        (0x28, "06", {"baud": 115200}),
        (0x2F, "1A", {"power": 26}),
        (0x33, "020203", {"on_x50ms": 2, "times": 3}),
        (0x35, "81", {"beeper": "on"}),
        (0x3F, "03", {"antennas": 3}),
        (0x75, "000104", {"name": "set_realtime"}),
        (0x76, "01", {"mode": 1}),
        (0x93, "", {"name": "stop"}),
    ],
)
def test_request_is_described(cmd: int, body: str, content: dict[str, object]) -> None:
    described = _described(cmd, body)

    assert described["direction"] == "request"
    assert described.items() >= content.items()


@pytest.mark.parametrize(
    ("cmd", "body", "content"),
    [
        (0x01, f"010104{EPC}", {"status": 1, "variant": "18", "epcs": [EPC]}),
        (0x01, f"01040104{EPC}6D", {"antenna": 3, "antennas": "04", "rssi": [0x6D]}),
        (0x01, "F8", {"status": "F8", "status_text": "antenna fault (F8)"}),
        (0x02, "00BEEF", {"status": 0, "data": "BEEF"}),
        (0x02, "FC03", {"tag_error": "03", "tag_error_text": "no such memory"}),
        (0x03, "00", {"status": 0}),
        (0x03, "FC77", {"tag_error_text": "unknown error"}),
        (0x0B, "0001", {"read_protect": 1}),
        (0x0F, f"010104{EPC}", {"num": 1}),
        (0x76, "00", {"status": 0}),
        (0xEE, f"000104{EPC}6B", {"name": "realtime_report", "epcs": [EPC]}),
    ],
)
def test_reply_is_described(cmd: int, body: str, content: dict[str, object]) -> None:
    described = _described(cmd, body)

    assert described["direction"] == "response"
    assert described.items() >= content.items()


@pytest.mark.parametrize("command", Command)
def test_every_command_has_a_name_in_both_directions(command: Command) -> None:
    raw = Frame(0x00, command, b"\xfe").encode()

    assert describe(raw, "response")["name"] == command.name.lower()


@pytest.mark.parametrize("status", STATUS_TEXTS)
def test_every_status_is_put_in_words(status: int) -> None:
    raw = Frame(0x00, Command.WRITE, bytes((status,))).encode()

    described = describe(raw, "response")

    assert described["status_text"] == f"{STATUS_TEXTS[status]} ({status:02X})"


def test_unknown_status_and_command_are_still_described() -> None:
    assert _described(0x03, "77")["status_text"] == "unknown status (77)"
    assert _described(0xA0, "0102")["name"] == "unknown"


def test_frame_to_all_readers_is_a_request() -> None:
    assert _described(0x76, "00", adr=0xFF)["direction"] == "request"


def test_direction_can_be_given() -> None:
    raw = Frame(0x00, 0x35, b"\x00" * 6).encode()

    assert describe(raw, "request")["read_mode"] == 0
    with pytest.raises(BadFrame, match="0000000000 behind status 00"):
        describe(raw, "response")


@pytest.mark.parametrize(
    ("cmd", "body"),
    [
        (0x01, "01030011"),
        (0x01, "04000400201122"),
        (0x02, "00BEEF77"),
        (0x03, "FC0304"),
        (0x21, "000502"),
        (0x22, "318080"),
        (0x28, "0304"),
        (0x35, "000204"),
        (0x36, "00001E0A"),
    ],
)
def test_content_that_fits_neither_way_is_refused(cmd: int, body: str) -> None:
    with pytest.raises(BadFrame, match="UHFReader18"):
        _described(cmd, body)


def test_reply_without_a_status_is_refused() -> None:
    with pytest.raises(BadFrame, match="without its status"):
        describe(Frame(0, 0x01).encode(), "response")
