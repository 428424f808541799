from __future__ import annotations

import json

import msgspec
import pytest
from click.testing import CliRunner, Result

from drivers.cards.wedge import WedgeCardReader
from kiosk.cli import main

#: What a reader types of two cards, and the number that the county has on file.
TWO_CARDS = {"0012345678": "4E61BC00", "0305419896": "78563412"}


def teach(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["device", "teach", *arguments])


def test_the_options_found_make_the_reader_report_the_numbers_on_file() -> None:
    result = teach("--json", *(f"{typed}={want}" for typed, want in TWO_CARDS.items()))

    found = json.loads(result.stdout)["options"]
    options = msgspec.convert({"port": "name:x", **found}, WedgeCardReader.Options)
    rule = options.rule()
    assert {typed: rule.number(typed) for typed in TWO_CARDS} == TWO_CARDS


def test_every_number_that_a_card_may_have_is_shown_with_its_options() -> None:
    found = json.loads(teach("--json", "0012345678").stdout)

    assert found["0012345678"] == {}
    assert found["00BC614E"] == {"typed": "dec10", "report": "hex"}


def test_other_rules_that_fit_are_counted() -> None:
    assert "other rules fit too" in teach("0012345678=4E61BC00").stdout


def test_numbers_that_no_rule_gives_are_said() -> None:
    result = teach("0012345678=4E61BC00", "0305419896=11111111")

    assert result.exit_code == 1
    assert "no rule gives these numbers" in result.stderr


@pytest.mark.parametrize("example", ["=4E61BC00", "0012345678="])
def test_half_an_example_is_wrong_usage(example: str) -> None:
    result = teach(example)

    assert result.exit_code == 2
    assert example in result.stderr
