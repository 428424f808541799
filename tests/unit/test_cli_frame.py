"""`tongjie frame decode` as a person and as a script uses it."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from kiosk.cli import main

CARD = "0000FF0CF4D54B010100040804B0864D252600"
TWO_CARDS = "0000FF15EBD54B02" + "0100040804B0864D25" + "020004080424D34F59" + "7400"
BAD = "0000FF02FED4022B00"


def decode(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["frame", "decode", *arguments], input=stdin)


def test_json_is_one_object_on_one_line() -> None:
    result = decode("--protocol", "pn532", "--json", CARD)

    (line,) = result.stdout.splitlines()
    assert json.loads(line)["targets"][0]["uid"] == "B0864D25"
    assert result.exit_code == 0


def test_listing_shows_each_target() -> None:
    result = decode("--protocol", "pn532", TWO_CARDS)

    assert result.exit_code == 0
    assert "direction: response" in result.stdout.splitlines()
    assert "targets 2:" in result.stdout.splitlines()
    assert "  uid: 24D34F59" in result.stdout.splitlines()


def test_empty_list_reads_none() -> None:
    result = decode("--protocol", "pn532", "0000FF03FDD54B00E000")

    assert "targets: none" in result.stdout.splitlines()


def test_hex_may_be_spaced_and_in_lower_case() -> None:
    spaced = "00 00 ff 02 fe d4 02 2a 00"

    result = decode("--protocol", "pn532", "--json", spaced)

    assert json.loads(result.stdout)["cmd"] == "02"


def test_bad_frame_is_refused_with_the_reason() -> None:
    result = decode("--protocol", "pn532", BAD)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert "check sum is 2B, expected 2A" in result.stderr


def test_bad_frame_as_json_is_an_error_object() -> None:
    result = decode("--protocol", "pn532", "--json", BAD)

    assert result.exit_code == 1
    assert "check sum" in json.loads(result.stdout)["error"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no hex digits"),
        ("00F", "half a byte"),
        ("00 0G", "'G' at place 4"),
        ("００", r"'\uff10' at place 1"),
    ],
)
def test_text_that_is_no_hex_is_refused(text: str, reason: str) -> None:
    result = decode("--protocol", "pn532", text)

    assert result.exit_code == 1
    assert reason in result.stderr


def test_each_line_of_stdin_gets_one_line_of_json() -> None:
    result = decode("--protocol", "pn532", "-", stdin=f"{CARD}\n{CARD}\n".encode())

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["cmd"] for answer in answers] == ["4B", "4B"]
    assert result.exit_code == 0


def test_bad_line_is_an_error_and_the_rest_goes_on() -> None:
    lines = [CARD.encode(), BAD.encode(), b"", b"\xff\xfe", CARD.lower().encode()]

    result = decode("--protocol", "pn532", "-", stdin=b"\r\n".join(lines))

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert ["error" in answer for answer in answers] == [False, True, True, True, False]
    assert result.exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [CARD],
        ["--protocol", "pn532"],
        ["--protocol", "nosuch", CARD],
        ["--protocol", "pn532", CARD, CARD],
        ["--protocol", "pn532", "--nosuch", CARD],
    ],
)
def test_wrong_usage_ends_with_two(arguments: list[str]) -> None:
    assert decode(*arguments).exit_code == 2


def test_unknown_protocol_names_the_known_ones() -> None:
    result = decode("--protocol", "nosuch", CARD)

    assert "pn532" in result.stderr
