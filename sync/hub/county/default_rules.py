"""The rules that a new county starts with; it changes them as it likes."""

from __future__ import annotations

from dataclasses import dataclass

from kiosk.domain.rules import CredentialRule, LoanRule, PatronRule, Rules

#: Days in which a senior is only reminded.
_SENIOR_GRACE = 30


@dataclass(frozen=True, slots=True)
class _Reader:
    rule: PatronRule
    periods_days: tuple[int, ...]


_READERS = {
    "ADULT": _Reader(PatronRule(5), (30, 30)),
    "SENIOR": _Reader(PatronRule(5, _SENIOR_GRACE), (30, 30, 30)),
    "CHILD": _Reader(PatronRule(5, None, minor=True), (30, 30)),
    "YOUTH": _Reader(PatronRule(5), (30, 30)),
    "FAMILY": _Reader(PatronRule(10), (30, 30)),
    "GROUP": _Reader(PatronRule(100, None), (90, 30)),
    "TEMPORARY": _Reader(PatronRule(2), (15,)),
    "STAFF": _Reader(PatronRule(20, None), (60, 60)),
}
_ORDINARY_ITEMS = ("BOOK", "CHILDREN", "AV", "ROTATING", "ACCESSIBLE")


def default_rules(owner: str, salt: str) -> Rules:
    """Version 1 for the county whose ISIL is `owner`; `salt` is hex."""
    return Rules(
        version=1,
        patrons={name: reader.rule for name, reader in _READERS.items()},
        loans=_loan_rules(),
        credential=CredentialRule(salt=salt),
        owners=(owner,),
    )


def _loan_rules() -> dict[str, LoanRule]:
    rules = {}
    for name, reader in _READERS.items():
        for item_type in _ORDINARY_ITEMS:
            rules[f"{name}/{item_type}"] = LoanRule(reader.periods_days)
        rules[f"{name}/PERIODICAL"] = LoanRule((15,))
        rules[f"{name}/REFERENCE"] = LoanRule(reader.periods_days, lendable=False)
    return rules
