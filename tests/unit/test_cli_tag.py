"""`tongjie tag decode|encode`, as it is typed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kiosk.cli import main
from tests.unit.vectors import vectors_of


def tongjie(*arguments: str, typed: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["tag", *arguments], input=typed)


LIBRARY = vectors_of("iso28560_2")
GOOD_LIBRARY = [
    pytest.param(vector, id=vector["id"]) for vector in LIBRARY if vector["valid"]
]
DANISH = {vector["id"]: vector for vector in vectors_of("iso28560_3")}
GOOD_DANISH = [
    pytest.param(vector, id=name)
    for name, vector in DANISH.items()
    if "crc_bytes" not in vector and "kind" not in vector and vector.get("valid", True)
]


@pytest.mark.parametrize("vector", GOOD_LIBRARY)
def test_library_tag_is_listed_by_elements(vector: dict[str, Any]) -> None:
    result = tongjie("decode", "--model", "iso28560-2", "--json", vector["hex"])

    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["model"] == "iso28560-2"
    assert answer["elements"] == vector["elements"]


@pytest.mark.parametrize("vector", GOOD_DANISH)
def test_danish_tag_is_found_out_and_listed(vector: dict[str, Any]) -> None:
    result = tongjie("decode", "--json", vector["hex"])

    answer = json.loads(result.stdout)
    assert result.exit_code == 0
    assert answer["model"] == "iso28560-3"
    assert answer | vector.get("expect", {}) == answer
    assert answer["extensions"] == vector.get("extensions", [])


def test_library_tag_gives_item_owner_and_place_in_its_set() -> None:
    result = tongjie("decode", "--json", "--dsfid", "06", LIBRARY[0]["hex"])

    answer = json.loads(result.stdout)
    del answer["elements"]
    assert answer == {
        "model": "iso28560-2",
        "item": "123456789012",
        "owner": "US-InU-Mu",
        "usage": None,
        "parts": 12,
        "part": 3,
    }


def test_alternative_owner_stands_in_for_a_missing_one() -> None:
    result = tongjie("decode", "--json", "11010A 020400000800 5F080599A713063F")

    assert json.loads(result.stdout)["owner"] == "Lib01"


@pytest.mark.parametrize("model", ["auto", "iso28560-2"])
def test_broken_library_tag_fails_with_reason_and_item(model: str) -> None:
    vector = next(vector for vector in LIBRARY if "expect_lenient" in vector)

    result = tongjie("decode", "--json", "--model", model, vector["hex"])

    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert "OID 1: 1 pad bytes announced" in answer["error"]
    assert (answer["item"], answer["owner"]) == ("00000794", "GLCJZYJSXX")


@pytest.mark.parametrize("model", ["auto", "iso28560-3"])
def test_wrong_crc_fails_with_reason_and_item(model: str) -> None:
    result = tongjie("decode", "--json", "--model", model, DANISH["neg-crc"]["hex"])

    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert "CRC" in answer["error"]
    assert (answer["item"], answer["owner"]) == ("11223344", "DE705")


def test_broken_tag_is_listed_for_reading_eyes_too() -> None:
    result = tongjie("decode", DANISH["neg-crc"]["hex"])

    assert result.exit_code == 1
    assert "item: 11223344" in result.stdout
    assert "CRC" in result.stderr


@pytest.mark.parametrize(
    ("model", "memory", "reason"),
    [
        ("auto", "C10108653530D35C35", "memory ends"),
        ("auto", "FF00FF00", "no known data model"),
        ("iso28560-3", "1101", "too few"),
        ("plain", "C0FFEE", "byte 0"),
        ("plain", "0000", "no text"),
        ("auto", "0G", "G"),
    ],
)
def test_unreadable_tag_fails_with_a_reason(
    model: str, memory: str, reason: str
) -> None:
    result = tongjie("decode", "--model", model, "--json", memory)

    assert result.exit_code == 1
    assert reason in json.loads(result.stdout)["error"]


def test_blank_tag_is_no_error() -> None:
    result = tongjie("decode", "--json", "00" * 16)

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"model": "blank", "item": None, "owner": None}


def test_plain_barcode_is_read_when_asked_for() -> None:
    memory = b"YL0104170238".ljust(112, b"\0").hex()

    result = tongjie("decode", "--json", "--model", "plain", memory)

    assert json.loads(result.stdout)["item"] == "YL0104170238"


def test_one_bad_line_does_not_stop_the_others() -> None:
    good = DANISH["danrfid"]["hex"]

    result = tongjie("decode", "-", typed=f"{good}\nFF\n{good}\n")

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert [answer.get("item") for answer in answers] == ["11223344", None, "11223344"]
    assert answers[1]["error"]


def test_library_tag_is_made_as_the_annex_shows() -> None:
    result = tongjie(
        "encode", "--json", "--model", "iso28560-2", "--item", "123456789012"
    )

    answer = json.loads(result.stdout)
    assert (answer["hex"], answer["dsfid"]) == ("9100051CBE991A14", "06")


def test_danish_tag_is_made_as_published() -> None:
    result = tongjie(
        *("encode", "--json", "--model", "iso28560-3", "--item", "3021000456"),
        *("--owner", "CN-440100-1-GT", "--parts", "3", "--part", "2", "--usage", "10"),
    )

    assert json.loads(result.stdout)["hex"] == DANISH["wildau-34-long"]["hex"]


@pytest.mark.parametrize("model", ["iso28560-2", "iso28560-3"])
def test_what_is_encoded_decodes_to_the_same(model: str) -> None:
    made = tongjie(
        *("encode", "--json", "--model", model, "--item", "YL0104170238"),
        *("--owner", "DE-705", "--parts", "3", "--part", "1", "--usage", "80"),
        *("--size", "112", "--block-size", "4"),
    )
    memory = json.loads(made.stdout)["hex"]

    answer = json.loads(tongjie("decode", "--json", memory).stdout)

    assert len(memory) == 2 * 112
    assert (answer["model"], answer["item"]) == (model, "YL0104170238")
    assert (answer["part"], answer["parts"]) == (1, 3)
    assert answer["usage"] in ("80", 8)
    assert answer.get("isil", answer["owner"]) == "DE-705"


def test_many_items_are_encoded_line_by_line() -> None:
    result = tongjie("encode", "--model", "plain", "--item", "-", typed="A1\n书\n")

    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 1
    assert answers[0]["hex"] == "413100"
    assert "no barcode" in answers[1]["error"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--model", "iso28560-3", "--item", "12345678901234567"),
        ("--model", "iso28560-3", "--item", "1", "--usage", "12"),
        ("--model", "iso28560-3", "--item", "1", "--size", "16"),
        ("--model", "iso28560-2", "--item", ""),
        ("--model", "iso28560-2", "--item", "YL0104170238", "--size", "8"),
        ("--model", "plain", "--item", "A1", "--owner", "CN-1"),
    ],
)
def test_tag_that_can_not_be_made_fails_with_a_reason(
    arguments: tuple[str, ...],
) -> None:
    result = tongjie("encode", "--json", *arguments)

    assert result.exit_code == 1
    assert json.loads(result.stdout)["error"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("decode", "--dsfid", "6X", "00"),
        ("decode", "--model", "iso28560-9", "00"),
        ("encode", "--model", "iso28560-2", "--item", "1", "--usage", "100"),
        ("encode", "--model", "iso28560-2", "--item", "1", "--parts", "2"),
        ("encode", "--model", "iso28560-2", "--item", "1", "--parts=1", "--part=2"),
        ("encode", "--model", "iso28560-2"),
    ],
)
def test_wrong_usage_ends_with_two(arguments: tuple[str, ...]) -> None:
    result = tongjie(*arguments)

    assert result.exit_code == 2
    assert "Usage:" in result.stderr
