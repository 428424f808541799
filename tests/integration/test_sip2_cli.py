"""`tongjie sip2` as a person and as a script uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kiosk.cli import main
from tests.sip2_server import Fault, SipServer, serving
from tests.unit.vectors import vectors_of

PATRON = "24              01920261123    091500AOX|AAR1|AE王億|BLY|AFone|AFtwo|"


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["sip2", *arguments], input=stdin)


def answer(result: Result) -> dict[str, Any]:
    (line,) = result.stdout.splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


# --- decode ---------------------------------------------------------------------------


def test_line_is_explained_as_json() -> None:
    result = run("decode", "--json", "9900802.00AY1AZFCA0")

    assert result.exit_code == 0
    assert answer(result) == {
        "message_id": "99",
        "fixed": {
            "status_code": "0",
            "max_print_width": "080",
            "protocol_version": "2.00",
        },
        "fields": [],
        "sequence": "1",
        "checksum_status": "valid",
        "problems": [],
    }


def test_what_is_personal_is_masked_unless_asked_for() -> None:
    masked = answer(run("decode", "--json", PATRON))["fields"]
    shown = answer(run("decode", "--json", "--show-personal", PATRON))["fields"]

    assert masked[1:4] == [["AA", "***"], ["AE", "***"], ["BL", "Y"]]
    assert shown[1:4] == [["AA", "R1"], ["AE", "王億"], ["BL", "Y"]]


@pytest.mark.parametrize(
    "field_id", ["AD", "CO", "CN", "BD", "BE", "BF", "AU", "PB", "ZZ"]
)
def test_field_not_known_to_be_harmless_is_masked(field_id: str) -> None:
    result = run("decode", f"941{field_id}secret-value|AF|")

    assert result.exit_code == 0
    assert "secret-value" not in result.output


def test_listing_names_the_fields() -> None:
    lines = run("decode", PATRON).stdout.splitlines()

    assert "  BL valid_patron: Y" in lines
    assert "  AF screen_messages: one / two" in lines


def test_wrong_sum_is_refused_and_what_was_read_is_shown() -> None:
    result = run("decode", "--json", "9900802.00AY1AZFCA1")

    assert result.exit_code == 1
    assert answer(result)["error"] == "message 99: wrong check sum"
    assert answer(result)["checksum_status"] == "mismatch"


def test_each_line_of_standard_input_gets_one_in_its_own_charset() -> None:
    good = "121NNY20261123    091500AOX|AA|ABB1|AJ東周|AH|".encode("gbk")

    result = run("decode", "--charset", "gbk", stdin=good + b"\r\nnonsense\r\n" + good)

    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert ["AJ", "東周"] in lines[0]["fields"]
    assert lines[1] == {"error": "offset 0: unknown message id 'no'"}
    assert lines[2] == lines[0]


def test_line_may_be_given_in_hex() -> None:
    (vector,) = (each for each in vectors_of("sip2") if each["id"] == "sip2-086")

    result = run("decode", "--json", "--dialect", "gbk", "--hex", vector["raw_hex"])

    assert result.exit_code == 0
    assert ["AJ", "東周列國志"] in answer(result)["fields"]


def test_unknown_charset_is_a_wrong_usage() -> None:
    result = run("decode", "--charset", "no-such", PATRON)

    assert result.exit_code == 2
    assert "no-such" in result.output


# --- encode ---------------------------------------------------------------------------


def test_what_was_decoded_can_be_encoded() -> None:
    line = "9300CNkiosk|COsecret|CPV017|AY0AZ"
    (sealed,) = {f"{line}{-sum(line.encode()) & 0xFFFF:04X}"}
    message = run("decode", "--json", "--show-personal", sealed).stdout

    result = run("encode", "--json", message)

    assert answer(result) == {"line": sealed, "hex": sealed.encode().hex().upper()}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("{", "no message in JSON"),
        ('{"message_id": "94"}', "message 94, field ok"),
        (
            '{"message_id": "94", "fixed": {"ok": "1"}, "fields": [["CO", "***"]]}',
            "masked",
        ),
    ],
)
def test_what_is_no_message_is_refused_in_one_line(message: str, reason: str) -> None:
    result = run("encode", message)

    assert result.exit_code == 1
    assert reason in result.stderr
    assert len(result.stderr.splitlines()) == 1


# --- call -----------------------------------------------------------------------------


@pytest.fixture
def server() -> Iterator[SipServer]:
    with serving(SipServer()) as started:
        yield started


def call(server: SipServer, *arguments: str) -> Result:
    return run("call", "127.0.0.1", str(server.port), *arguments)


def test_call_shows_the_answer_with_the_name_masked(server: SipServer) -> None:
    result = call(server, "patron", "R1", "--json")

    assert result.exit_code == 0
    assert answer(result)["message_id"] == "64"
    assert ["AE", "***"] in answer(result)["fields"]
    assert answer(result)["checksum_status"] == "valid"


def test_call_logs_in_with_secrets_from_files(
    server: SipServer, tmp_path: Path
) -> None:
    password, pin = tmp_path / "password", tmp_path / "pin"
    password.write_text("secret\n")
    pin.write_text("0417\n")
    login = ["--user", "kiosk", "--password-file", str(password)]

    result = call(server, "patron", "R1", "--pin-file", str(pin), "--json", *login)

    assert ["CQ", "Y"] in answer(result)["fields"]
    assert server.ids_heard() == ["93", "99", "63"]


def test_refusal_is_shown_and_the_exit_code_says_so(server: SipServer) -> None:
    result = call(server, "checkin", "B1")

    assert result.exit_code == 1
    assert "  ok: 0" in result.stdout.splitlines()


def test_unknown_outcome_is_told_as_such(server: SipServer) -> None:
    server.fail("11", Fault.HUNG_UP_AFTER)

    result = call(server, "checkout", "R1", "B1", "--json")

    assert result.exit_code == 1
    assert answer(result)["outcome"] == "unknown"
    assert server.library.deeds == [("lent", "B1")]


def test_any_request_can_be_sent_as_json(server: SipServer) -> None:
    request = {
        "message_id": "17",
        "fixed": {"transaction_date": "20261123    091500"},
        "fields": [["AO", "X"], ["AB", "B2"]],
    }

    result = call(server, "send", json.dumps(request), "--json")

    assert answer(result)["fixed"]["circulation_status"] == "03"
    assert server.heard[-1].startswith(b"1720261123    091500AOX|ABB2|AY1AZ")


def test_answer_is_no_request(server: SipServer) -> None:
    result = call(server, "send", '{"message_id": "94", "fixed": {"ok": "1"}}')

    assert result.exit_code == 1
    assert "message 94: is no request" in result.stderr


@pytest.mark.parametrize(
    "words",
    [["item"], ["item", "B1", "B2"], ["status", "--pin-file", "-"], ["lend", "B1"]],
)
def test_wrong_words_are_a_wrong_usage(server: SipServer, words: list[str]) -> None:
    result = call(server, *words)

    assert result.exit_code == 2
    assert server.connections == 0


def test_nobody_there_is_one_line() -> None:
    result = run("call", "127.0.0.1", "1", "status")

    assert result.exit_code == 1
    assert result.stderr == "Error: 127.0.0.1:1: Connection refused\n"
