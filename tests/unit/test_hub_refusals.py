"""What a command of the hub tells in one line, and what it must never hide."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sync.hub.circulation.choices import CaseError
from sync.hub.circulation.hold_acts import HoldError
from sync.hub.county.export_all import NotEmpty
from sync.hub.county.rule_faults import TEXTS, form_fault
from sync.hub.county.users import BadAccount
from sync.hub.desk.words import LANGUAGES, catalogue
from sync.hub.devices.devices import UnknownKiosk
from sync.hub.options import reported
from sync.hub.store.database import BadDatabase
from sync.hub.transfers.boxes import BadBox, Wrong
from sync.keys import BadKey

TOLD = [
    BadAccount("taken", "that is so"),
    BadBox(Wrong.TAKEN, "that is so"),
    BadDatabase("that is so"),
    BadKey("that is so"),
    CaseError("unknown", "that is so"),
    HoldError("unknown", "that is so"),
    NotEmpty("that is so"),
    UnknownKiosk("that is so"),
    FileNotFoundError("that is so"),
]
MISTAKES = [AttributeError, KeyError, LookupError, RuntimeError, TypeError, ValueError]


@pytest.mark.parametrize("error", TOLD, ids=lambda error: type(error).__name__)
def test_refusal_is_told_in_one_line(error: Exception) -> None:
    with pytest.raises(click.ClickException) as told, reported():
        raise error

    assert told.value.message == "that is so"
    assert told.value.exit_code == 1


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_in_the_program_keeps_its_traceback(mistake: type[Exception]) -> None:
    with pytest.raises(mistake), reported():
        raise mistake("a bug")


def test_every_fault_of_a_rule_file_has_words_for_the_same_values() -> None:
    for language in LANGUAGES:
        for code, text in TEXTS.items():
            words = catalogue(language)[f"rule_fault.{code}"]
            assert set(fields(words)) == set(fields(text)), (language, code)


def test_everything_wrong_with_a_record_has_words_for_the_desk() -> None:
    raised = r'raise (?:Bad(?:Patron|Item|Consent)|Unknown(?:Patron|Card))\(\s*"(\w+)"'
    code = "".join(path.read_text() for path in Path("sync/hub").rglob("*.py"))
    codes = set(re.findall(raised, code)) | {"no_type", "card_own", "card_taken"}

    assert "site" in codes
    for language in LANGUAGES:
        words = catalogue(language)
        named = {key for key in words if key.startswith("record_problem.")}
        assert {f"record_problem.{code}" for code in codes} <= named, language


def test_what_the_decoder_says_is_taken_apart() -> None:
    kind = form_fault("a", "Expected `int`, got `str`")
    other = form_fault("a", "Invalid RFC3339 encoded date")

    assert (kind.code, kind.params) == ("kind", {"expected": "int", "got": "str"})
    assert kind.text == "Expected `int`, got `str`"
    assert (other.code, other.text) == ("form", "Invalid RFC3339 encoded date")


def fields(text: str) -> Iterator[str]:
    return (name for _, name, _, _ in string.Formatter().parse(text) if name)
