"""What a rule file may say; every fault is named by its path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from kiosk.domain.rules import Calendar, CredentialRule, HoldRule
from sync.hub.county.default_rules import default_rules
from sync.hub.county.rule_faults import BadRules
from sync.hub.county.rule_file import as_file, read_rules
from sync.protocol import rules_bytes

CREDENTIAL = CredentialRule(salt="00" * 16)
RULES = default_rules("CN-629900-1-YLT", "00" * 16)
Edit = Callable[[dict[str, Any]], object]


def faults(edit: Edit) -> dict[str, str]:
    """Path → text of what is wrong once the default rules were edited."""
    content = as_file(RULES)
    edit(content)
    with pytest.raises(BadRules) as caught:
        read_rules(msgspec.json.encode(content), CREDENTIAL)
    return {fault.path: fault.text for fault in caught.value.faults}


def test_rules_as_a_file_are_read_as_the_same_rules() -> None:
    text = msgspec.json.encode(as_file(RULES))

    assert read_rules(text, CREDENTIAL) == RULES
    assert b"salt" not in text


def test_calendars_come_from_the_sites_and_not_from_a_file() -> None:
    rules = replace(RULES, calendars={"A": Calendar((1,))})

    named = faults(lambda content: content.update(calendars={}))

    assert "calendars" not in as_file(rules)
    assert "hub site calendar" in named["calendars"]


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        (
            lambda r: r["patrons"]["ADULT"].update(loan_limit="5"),
            "patrons.ADULT.loan_limit",
        ),
        (
            lambda r: r["patrons"]["ADULT"].update(loan_limit=-1),
            "patrons.ADULT.loan_limit",
        ),
        (lambda r: r["patrons"]["ADULT"].update(limit=5), "patrons.ADULT.limit"),
        (lambda r: r["patrons"]["ADULT"].pop("loan_limit"), "patrons.ADULT"),
        (
            lambda r: r["patrons"].update({"old man": {"loan_limit": 1}}),
            "patrons.old man",
        ),
        (
            lambda r: r["patrons"]["ADULT"].update(overdue_blocks_after_days=-1),
            "patrons.ADULT.overdue_blocks_after_days",
        ),
        (lambda r: r["loans"].update({"ADULT": {"periods_days": [1]}}), "loans.ADULT"),
        (
            lambda r: r["loans"].update({"GHOST/BOOK": {"periods_days": [1]}}),
            "loans.GHOST/BOOK",
        ),
        (
            lambda r: r["loans"]["ADULT/BOOK"].update(periods_days=[]),
            "loans.ADULT/BOOK.periods_days",
        ),
        (
            lambda r: r["loans"]["ADULT/BOOK"].update(periods_days=[30, 0]),
            "loans.ADULT/BOOK.periods_days",
        ),
        (lambda r: r["loans"]["ADULT/BOOK"].update(limit=-1), "loans.ADULT/BOOK.limit"),
        (lambda r: r.update(closed_days=["1 October"]), "closed_days[0]"),
        (lambda r: r["holds"].update(keep_days=0), "holds.keep_days"),
        (lambda r: r["holds"].update(missed_limit=0), "holds.missed_limit"),
        (lambda r: r["holds"].update(limit=-1), "holds.limit"),
        (lambda r: r["holds"].update(limits={"GHOST": 1}), "holds.limits.GHOST"),
        (lambda r: r["offline"].update(max_days=-1), "offline.max_days"),
        (lambda r: r["offline"].update(max_loans=-1), "offline.max_loans"),
        (lambda r: r["security"].update(mode="laser"), "security.mode"),
        (lambda r: r["security"].update(afi_in=256), "security.afi_in"),
        (lambda r: r["security"].update(afi_out=7), "security.afi_out"),
        (lambda r: r.update(owners=[]), "owners"),
        (lambda r: r.update(partners=["far away library"]), "partners"),
        (lambda r: r.update(fines={}), "fines"),
        (lambda r: r.update(credential={"salt": "11"}), "credential"),
        (lambda r: r.pop("loans"), "loans"),
        (lambda r: r.update(patrons={}), "patrons"),
        (lambda r: r.update(patrons=[]), "patrons"),
    ],
)
def test_fault_is_named_by_its_path(edit: Edit, path: str) -> None:
    assert path in faults(edit)


def test_rules_say_of_holds_only_what_is_not_usual() -> None:
    """So that kiosks which know nothing of it still find the signature genuine."""
    content = as_file(RULES)
    assert content["holds"]["keep_days"] == 5

    content["holds"]["keep_days"] = 7
    read = read_rules(msgspec.json.encode(content), CREDENTIAL)

    assert read.holds == HoldRule(keep_days=7)
    assert b"holds" in rules_bytes(read)
    assert b"holds" not in rules_bytes(RULES)


def test_all_faults_are_named_at_once() -> None:
    def edit(content: dict[str, Any]) -> None:
        content["patrons"]["ADULT"]["loan_limit"] = -1
        content["offline"]["max_days"] = 9999

    assert set(faults(edit)) == {"patrons.ADULT.loan_limit", "offline.max_days"}


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b'"rules"'])
def test_what_is_no_rule_set_at_all_is_refused(text: bytes) -> None:
    with pytest.raises(BadRules, match="file"):
        read_rules(text, CREDENTIAL)
