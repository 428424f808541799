"""R2000 frames in words: every command, every code, and who speaks."""

from __future__ import annotations

import pytest

from drivers.api import BadFrame
from drivers.codecs.r2000.commands import CODE_TEXTS, Command
from drivers.codecs.r2000.describe import describe
from drivers.codecs.r2000.frames import Frame

EPC = "E200301666130121155074EF"


def _described(cmd: int, data: str) -> dict[str, object]:
    return describe(Frame(0x01, cmd, bytes.fromhex(data)).encode())


@pytest.mark.parametrize(
    ("cmd", "data", "content"),
    [
        (0x60, "", {"name": "read_gpio"}),
        (0x61, "0301", {"gpio": 3, "level": 1}),
        (0x66, "1E", {"power_dbm": [30]}),
        (0x69, "D1", {"profile": 0xD1}),
        (0x70, "", {"name": "reset"}),
        (0x71, "04", {"baud": 115200}),
        (0x73, "02", {"address": 2}),
        (0x74, "03", {"antenna": 3}),
        (0x76, "1E1D1C1B", {"power_dbm": [30, 29, 28, 27]}),
        (0x76, "20", {"power_dbm": [32]}),
        (0x78, "032B35", {"region": 3, "start": 0x2B, "stop": 0x35}),
        (0x78, "04320A0DF732", {"region": 4, "spacing_khz": 500, "start_khz": 915250}),
        (0x7A, "02", {"beeper": 2}),
        (0x7E, "07", {"channel": 7}),
        (0x82, "0000000003000111AA", {"bank": 3, "count": 1, "data": "11AA"}),
        (0x83, "AABBCCDD0301", {"pwd": "AABBCCDD", "region": "EPC", "lock": "lock"}),
        (0x84, "AABBCCDD", {"pwd": "AABBCCDD"}),
        (0x85, f"000C{EPC}", {"match": EPC}),
        (0x85, "01", {"match": "any tag"}),
        (0x89, "FF", {"repeat": 255}),
        (0x8A, "000101010001", {"interval_ms": 0, "repeat": 1}),
        (0x8B, "010001", {"session": 1, "target": "A", "repeat": 1}),
        (0x98, "0102", {"name": "gen2_select"}),
    ],
)
def test_request_is_described(cmd: int, data: str, content: dict[str, object]) -> None:
    described = _described(cmd, data)

    assert described["direction"] == "request"
    assert described.items() >= content.items()


@pytest.mark.parametrize(
    ("cmd", "data", "content"),
    [
        (0x60, "0100", {"gpio1": 1, "gpio2": 0}),
        (0x6A, "D1", {"profile": 0xD1}),
        (0x75, "01", {"antenna": 1}),
        (0x76, "10", {"result": "10"}),
        (0x77, "1E", {"power_dbm": [30]}),
        (0x79, "01073B", {"region": 1, "start": 7, "stop": 0x3B}),
        (0x7B, "011F", {"celsius": 31}),
        (0x7B, "0005", {"celsius": -5}),
        (0x80, "010002001D00000005", {"antenna": 1, "tag_count": 2, "total": 5}),
        (0x81, "36", {"error": "36", "text": "no tag (36)"}),
        (0x81, f"0001123000{EPC}1234ABCD020001", {"epc": EPC, "data": "ABCD"}),
        (0x82, f"0001103000{EPC}1234100001", {"result": "10", "epc": EPC}),
        (0x86, f"000C{EPC}", {"match": EPC}),
        (0x86, "01", {"match": "any tag"}),
        (0x86, "11", {"error": "11"}),
        (0x89, "00001D00000001", {"antenna": 0, "read_rate": 29, "total": 1}),
        (0x8A, "00000500000064", {"total": 5, "duration_ms": 100}),
        (0x8B, f"043000{EPC}45", {"epc": EPC, "rssi_dbm": -60}),
        (0x90, f"0001103000{EPC}1234450401", {"epc": EPC, "rssi": 69, "times": 1}),
        (0x91, "38", {"error": "38", "text": "the buffer is empty (38)"}),
        (0x92, "0102", {"tag_count": 258}),
        (0x93, "10", {"result": "10"}),
    ],
)
def test_reply_is_described(cmd: int, data: str, content: dict[str, object]) -> None:
    described = _described(cmd, data)

    assert described["direction"] == "response"
    assert described.items() >= content.items()


@pytest.mark.parametrize("command", Command)
def test_every_command_has_a_name_in_both_directions(command: Command) -> None:
    raw = Frame(0x01, command, b"\x11").encode()

    assert describe(raw, "response")["name"] == command.name.lower()


@pytest.mark.parametrize("code", CODE_TEXTS)
def test_every_code_is_put_in_words(code: int) -> None:
    described = _described(0x89, f"{code:02X}")

    assert described["text"] == f"{CODE_TEXTS[code]} ({code:02X})"
    assert described["direction"] == "response"


def test_unknown_code_and_command_are_still_described() -> None:
    described = describe(Frame(1, 0x89, b"\x99").encode(), "response")

    assert described["text"] == "unknown code (99)"
    assert _described(0x55, "0102")["name"] == "unknown"


@pytest.mark.parametrize(
    ("cmd", "data"),
    [
        (0x60, "010203"),
        (0x71, "07"),
        (0x76, "1E1D"),
        (0x7B, "010203"),
        (0x80, "0102"),
        (0x83, "AABBCCDD03"),
        (0x89, "0430"),
        (0x8B, "010000000000"),
        (0x90, "0001023000450401"),
        (0x92, "010203"),
    ],
)
def test_content_that_fits_neither_way_is_refused(cmd: int, data: str) -> None:
    with pytest.raises(BadFrame, match="R2000"):
        _described(cmd, data)


def test_direction_can_be_given() -> None:
    raw = Frame(0x01, 0x89, b"\x11").encode()

    assert describe(raw, "request")["repeat"] == 0x11
    assert describe(raw, "response")["error"] == "11"
