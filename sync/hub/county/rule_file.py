"""A rule set as staff write it: read from JSON, checked, faults named by their path.

The file holds all of `Rules` but `credential`, which never changes: no card would be
known any more; and `calendars`, which are made of the sites' opening hours. `version`
is that of the rules it was made from.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import msgspec

from kiosk.domain.rules import (
    CredentialRule,
    HoldRule,
    LoanRule,
    OfflineRule,
    PatronRule,
    Rules,
    SecurityRule,
)
from sync.hub.county.rule_faults import BadRules, Fault, form_fault, out_of_range

#: Longest loan that is no slip of the pen, in days.
MAX_PERIOD_DAYS = 730
MAX_LOANS = 10_000

_ISIL = re.compile(r"[0-9A-Za-z:/-]{2,16}")
_PARTS: Mapping[str, type] = {
    "offline": OfflineRule,
    "security": SecurityRule,
    "holds": HoldRule,
}
_TABLES: Mapping[str, type] = {
    "patrons": PatronRule,
    "loans": LoanRule,
}
_PLAIN: Mapping[str, Any] = {
    "version": int,
    "owners": tuple[str, ...],
    "partners": tuple[str, ...],
    "closed_days": tuple[dt.date, ...],
}
#: What rules have from elsewhere, and what is wrong with it in a file.
_ELSEWHERE: Mapping[str, str] = {
    "credential": "never_changes",
    "calendars": "from_sites",
}
#: Fields that a file must have.
_NEEDED = ("version", "patrons", "loans", "owners")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def as_file(rules: Rules) -> dict[str, Any]:
    """The rules as a file holds them."""
    shown = replace(rules, holds=rules.holds or HoldRule())
    content: dict[str, Any] = msgspec.to_builtins(shown)
    for name in _ELSEWHERE:
        del content[name]
    return content


def read_rules(text: bytes, credential: CredentialRule) -> Rules:
    """Read a rule file and check all of it. Raises BadRules."""
    try:
        content = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as err:
        raise BadRules([Fault("file", "no_json", {"why": str(err)})]) from err
    faults = list(_form_faults(content))
    if faults:
        raise BadRules(faults)
    known = msgspec.to_builtins(credential)
    rules = msgspec.convert({**content, "credential": known}, Rules)
    faults = list(_sense_faults(rules))
    if faults:
        raise BadRules(faults)
    # Left out where it says nothing new: see `sync.protocol.rules_bytes`.
    return replace(rules, holds=None) if rules.holds == HoldRule() else rules


def _form_faults(content: object) -> Iterator[Fault]:
    """What has another form than rules have; the reader that decodes names no keys."""
    if not isinstance(content, dict):
        yield Fault("file", "no_object")
        return
    for name in _NEEDED:
        if name not in content:
            yield Fault(name, "missing")
    for name, value in content.items():
        yield from _field_faults(name, value)


def _field_faults(name: str, value: object) -> Iterator[Fault]:
    if name in _TABLES:
        yield from _table_faults(name, value)
    elif name in _PARTS:
        yield from _part_faults(name, _PARTS[name], value)
    elif name in _PLAIN:
        yield from _convert_faults(name, _PLAIN[name], value)
    else:
        yield Fault(name, _ELSEWHERE.get(name, "no_part"))


def _table_faults(path: str, value: object) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield Fault(path, "no_object")
        return
    for key, part in value.items():
        yield from _part_faults(f"{path}.{key}", _TABLES[path], part)


def _part_faults(path: str, kind: type, value: object) -> Iterator[Fault]:
    if isinstance(value, dict):
        for name in value.keys() - {field.name for field in fields(kind)}:
            yield Fault(f"{path}.{name}", "no_part_of_rule")
    yield from _convert_faults(path, kind, value)


def _convert_faults(path: str, kind: Any, value: object) -> Iterator[Fault]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as err:
        text, _, inside = str(err).partition(" - at `$")
        yield form_fault(path + inside.rstrip("`"), text)


def _sense_faults(rules: Rules) -> Iterator[Fault]:
    """What has the right form and can't be meant."""
    if not rules.patrons:
        yield Fault("patrons", "no_patrons")
    for name, patron in rules.patrons.items():
        yield from _name_faults("patrons", name)
        yield from _patron_faults(f"patrons.{name}", patron)
    for name, loan in rules.loans.items():
        yield from _loan_faults(name, loan, rules)
    yield from _hold_faults(rules)
    yield from _edge_faults(rules)


def _name_faults(path: str, name: str) -> Iterator[Fault]:
    if not _NAME.fullmatch(name):
        yield Fault(f"{path}.{name}", "no_type")


def _patron_faults(path: str, rule: PatronRule) -> Iterator[Fault]:
    if not 0 <= rule.loan_limit <= MAX_LOANS:
        yield out_of_range(f"{path}.loan_limit", MAX_LOANS)
    grace = rule.overdue_blocks_after_days
    if grace is not None and not 0 <= grace <= MAX_PERIOD_DAYS:
        place = f"{path}.overdue_blocks_after_days"
        yield out_of_range(place, MAX_PERIOD_DAYS, null=True)


def _loan_faults(name: str, rule: LoanRule, rules: Rules) -> Iterator[Fault]:
    path = f"loans.{name}"
    patron, slash, item = name.partition("/")
    if not slash or not _NAME.fullmatch(item):
        yield Fault(path, "no_pair")
    elif patron not in rules.patrons:
        yield Fault(path, "unknown_type", {"name": patron})
    if not rule.periods_days:
        yield Fault(f"{path}.periods_days", "empty")
    if not all(1 <= days <= MAX_PERIOD_DAYS for days in rule.periods_days):
        yield out_of_range(f"{path}.periods_days", MAX_PERIOD_DAYS, low=1)
    if rule.limit is not None and not 0 <= rule.limit <= MAX_LOANS:
        yield out_of_range(f"{path}.limit", MAX_LOANS, null=True)


def _hold_faults(rules: Rules) -> Iterator[Fault]:
    rule = rules.holds or HoldRule()
    if not 1 <= rule.keep_days <= MAX_PERIOD_DAYS:
        yield out_of_range("holds.keep_days", MAX_PERIOD_DAYS, low=1)
    if not 1 <= rule.missed_limit <= MAX_LOANS:
        yield out_of_range("holds.missed_limit", MAX_LOANS, low=1)
    for name, limit in {"": rule.limit, **rule.limits}.items():
        path = f"holds.limits.{name}" if name else "holds.limit"
        if name and name not in rules.patrons:
            yield Fault(path, "unknown_type", {"name": name})
        if not 0 <= limit <= MAX_LOANS:
            yield out_of_range(path, MAX_LOANS)


def _edge_faults(rules: Rules) -> Iterator[Fault]:
    """What a kiosk alone may do, how tags are armed, whose books they are."""
    if not 0 <= rules.offline.max_days <= MAX_PERIOD_DAYS:
        yield out_of_range("offline.max_days", MAX_PERIOD_DAYS)
    if not 0 <= rules.offline.max_loans <= MAX_LOANS:
        yield out_of_range("offline.max_loans", MAX_LOANS)
    for name in ("afi_in", "afi_out"):
        if not 0 <= getattr(rules.security, name) <= 0xFF:
            yield out_of_range(f"security.{name}", 0xFF)
    if rules.security.afi_in == rules.security.afi_out:
        yield Fault("security.afi_out", "same_afi")
    if not rules.owners:
        yield Fault("owners", "no_owners")
    for name in ("owners", "partners"):
        for isil in getattr(rules, name):
            if not _ISIL.fullmatch(isil):
                yield Fault(name, "no_isil", {"isil": isil})
