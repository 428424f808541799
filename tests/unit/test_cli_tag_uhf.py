"""`tongjie tag decode|encode` for UHF tags and for the models before the standards."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kiosk.cli import main
from tests.unit.vectors import vectors_of

SJTU = "34001703000398130803F4040000"
SJTU_USER = "0C022808100400010001"


def vectors(protocol: str, *kinds: str) -> list[Any]:
    return [
        pytest.param(vector, id=vector["id"])
        for vector in vectors_of(protocol)
        if not kinds or vector["kind"] in kinds
    ]


def tongjie(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, ["tag", *arguments], input=typed)


def decoded(*arguments: str) -> dict[str, Any]:
    result = tongjie("decode", "--json", *arguments)
    answer: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (1 if "error" in answer else 0)
    return answer


def made(*arguments: str) -> dict[str, Any]:
    result = tongjie("encode", "--json", *arguments)
    answer: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (1 if "error" in answer else 0)
    return answer


@pytest.mark.parametrize("model", ["auto", "iso28560-4"])
@pytest.mark.parametrize("vector", vectors("iso28560_4", "epc-bank"))
def test_sample_iso_bank_is_explained(vector: dict[str, Any], model: str) -> None:
    answer = decoded("--model", model, "--epc-bank", vector["hex"])

    assert answer["model"] == "iso28560-4"
    assert answer | vector["expect"] == answer
    assert answer["uii"] == f"{answer['owner']}.{answer['item']}"


@pytest.mark.parametrize("model", ["auto", "cultu"])
@pytest.mark.parametrize("vector", vectors("cultu_uhf", "tag"))
def test_sample_cultu_tag_is_explained(vector: dict[str, Any], model: str) -> None:
    banks = ("--epc-bank", vector["epc_bank"], "--user", vector["user_bank"])

    answer = decoded("--model", model, *banks)

    assert (answer["model"], answer["order"]) == ("cultu", vector["order"])
    assert answer | vector["expect"] == answer
    assert (answer["item"], answer["parts"], answer["part"]) == (answer["id"], 1, 1)


@pytest.mark.parametrize("vector", vectors("cultu_uhf", "epc-payload"))
def test_sample_cultu_epc_is_explained(vector: dict[str, Any]) -> None:
    answer, expected = decoded("--model", "cultu", vector["hex"]), vector["expect"]

    if "error" in expected:
        assert expected["error"] in answer["error"]
    else:
        assert answer | expected == answer


def test_user_bank_of_an_iso_tag_is_listed_by_elements() -> None:
    bank, user = "000045C2141CC04FC70BADB5C6E2DA1DED4DD319", "060201D0140204B300"

    answer = decoded("--epc-bank", bank, "--user", user)

    assert (answer["parts"], answer["part"]) == (12, 3)
    assert [element["name"] for element in answer["elements"]] == ["CP", "SI"]


@pytest.mark.parametrize(
    ("model", "epc", "item"),
    [
        ("cultu", "1703000398130803F4040000", "32103179"),
        ("iso28560-4", "150CD9EFC68FADB5C077DA1AC801", "0104532"),
    ],
)
def test_an_epc_without_its_pc_word_is_explained_when_the_model_is_told(
    model: str, epc: str, item: str
) -> None:
    answer = decoded("--model", model, epc)

    assert answer["item"] == item
    assert "pc" not in answer


def test_banks_are_explained_line_by_line() -> None:
    result = tongjie("decode", "--epc-bank", "-", typed=f"{SJTU}\nFF\n{SJTU}\n")

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [answer.get("item") for answer in answers] == ["32103179", None, "32103179"]


@pytest.mark.parametrize("vector", vectors("rfid501"))
def test_sample_3m_tag_is_found_out_and_explained(vector: dict[str, Any]) -> None:
    answer = decoded(vector["hex"])

    assert (answer["model"], answer["item"]) == ("rfid501", answer["content"])
    assert answer | vector["expect"] == answer
    assert decoded("--model", "rfid501", vector["hex"]) == answer


def test_plain_barcode_is_found_out() -> None:
    answer = decoded(b"YL0104170238".ljust(112, b"\0").hex())

    assert answer == {"model": "plain", "item": "YL0104170238", "owner": None}


def test_a_maker_s_epc_is_blank() -> None:
    answer = decoded("--epc-bank", "3000E2003412013456789ABCDEF0")

    assert answer == {"model": "blank", "item": None, "owner": None}


@pytest.mark.parametrize(
    ("arguments", "reason", "item"),
    [
        (("--epc-bank", SJTU, "--user", "01020304"), "user bank, byte 0", None),
        (("--epc-bank", SJTU + "0000"), "no PC word announces", None),
        (("--epc-bank", "2500FFFFFFFFFFFFFFFF"), "byte 0: FF", None),
        (("--model", "cultu", SJTU, "--user", "01020304"), "user bank", "32103179"),
        (("--model", "cultu", "3500" + SJTU[4:]), "toggle", "32103179"),
        (("--model", "iso28560-4", "1000150CD9EF"), "toggle", "CN-440"),
        (("--model", "iso28560-4", "1507150CD9EF", "--user", "0C"), "DSFID", "N-440"),
        (("--model", "rfid501", "0411"), "2 bytes are too few", None),
        (("--epc-bank", "3G"), "'G' at place 2", None),
    ],
)
def test_what_can_not_be_read_fails_with_reason_and_what_there_is(
    arguments: tuple[str, ...], reason: str, item: str | None
) -> None:
    answer = decoded(*arguments)

    assert reason in answer["error"]
    if item is not None:
        assert answer["item"].endswith(item)


@pytest.mark.parametrize(
    ("model", "owner"), [("iso28560-4", "CN-440100-1"), ("cultu", "10248")]
)
@pytest.mark.parametrize("afi", ["07", "C2"])
def test_what_is_encoded_for_uhf_decodes_to_the_same(
    model: str, owner: str, afi: str
) -> None:
    wish = ("--parts", "3", "--part", "1", "--usage", "80", "--size", "64")

    answer = made(
        *("--model", model, "--item", "32103179", "--owner", owner, "--afi", afi),
        *wish,
    )

    assert len(answer["user"]) == 2 * 64
    found = decoded("--epc-bank", answer["epc_bank"], "--user", answer["user"])
    assert (found["model"], found["item"], found["owner"]) == (model, "32103179", owner)
    assert (found["part"], found["parts"], found["usage"]) == (1, 3, "80")
    assert (found["afi"], found.get("lent", afi == "C2")) in (
        (afi, afi == "C2"),
        (None, afi == "C2"),
    )


def test_a_set_of_3m_tags_is_made_and_read() -> None:
    members = ("--parts", "3", "--part", "2")

    answer = made("--model", "rfid501", "--item", "200901010123", *members)

    assert answer["hex"].startswith("04230000")
    found = decoded(answer["hex"])
    assert (found["item"], found["part"], found["parts"]) == ("200901010123", 2, 3)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("cultu", "--item", "书"), "printable ASCII"),
        (("cultu", "--item", "A" * 15), "15 characters"),
        (("cultu", "--item", "1", "--owner", "CN-1"), "OID 3: 'CN-1'"),
        (("cultu", "--item", "1", "--usage", "55"), "OID 5: .*usage 55"),
        (("cultu", "--item", "1", "--afi", "21"), "AFI 21"),
        (("iso28560-4", "--item", "A.1"), "needs an owner"),
        (("iso28560-4", "--item", ""), "item identifier"),
        (("iso28560-4", "--item", "1" * 10, "--usage", "10", "--size", "2"), "memory"),
        (("rfid501", "--item", "1", "--owner", "CN-1"), "no place for owner"),
        (("rfid501", "--item", "1" * 17), "16 characters"),
        (("rfid501", "--item", "1", "--parts", "16", "--part", "1"), "parts 16"),
    ],
)
def test_tag_that_can_not_be_made_fails_with_a_reason(
    arguments: tuple[str, ...], reason: str
) -> None:
    answer = made("--model", *arguments)

    assert all(part in answer["error"] for part in reason.split(".*"))


@pytest.mark.parametrize(
    "arguments",
    [
        ("decode",),
        ("decode", "--epc-bank", SJTU, SJTU),
        ("decode", "--user", SJTU_USER, "00"),
        ("decode", "--model", "plain", "--epc-bank", SJTU),
        ("encode", "--model", "blank", "--item", "1"),
        ("encode", "--model", "cultu", "--item", "1", "--afi", "7X"),
    ],
)
def test_wrong_usage_ends_with_two(arguments: tuple[str, ...]) -> None:
    result = tongjie(*arguments)

    assert result.exit_code == 2
    assert "Usage:" in result.stderr
