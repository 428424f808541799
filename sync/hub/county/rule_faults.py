"""What can be wrong in a rule file: a code with its values, and the words for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sync.hub.refusal import Refusal

#: In English, for the command line; pages have words of their own by the same code.
TEXTS: Mapping[str, str] = {
    "too_large": "is too large",
    "no_json": "is no JSON: {why}",
    "no_object": "is no JSON object",
    "missing": "is missing",
    "no_part": "is no part of a rule set",
    "no_part_of_rule": "is no part of this rule",
    "never_changes": "never changes",
    "from_sites": "are made of the sites' opening hours: `tongjie hub site calendar`",
    "kind": "Expected `{expected}`, got `{got}`",
    "field_missing": "Object missing required field `{name}`",
    "form": "{why}",
    "no_patrons": "names no type of patron",
    "no_type": "is no type: capital letters, digits and _",
    "range": "must be from {low} to {high}",
    "range_or_null": "must be null or from {low} to {high}",
    "no_pair": "is not like ADULT/BOOK",
    "unknown_type": "{name} is no type in patrons",
    "empty": "must not be empty",
    "same_afi": "is the same as afi_in: no gate could tell",
    "no_owners": "names nobody: every book would be foreign",
    "no_isil": "{isil!r} is no ISIL",
    "older": "was made from version {made}, {current} is in force",
    "type_in_use": "is missing: {count} patrons have it",
}
#: How the decoder says what most often is wrong.
_DECODER_SAYS = {
    "kind": re.compile(r"Expected `(?P<expected>[^`]+)`, got `(?P<got>[^`]+)`"),
    "field_missing": re.compile(r"Object missing required field `(?P<name>[^`]+)`"),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a rule file, and where: like `loans.ADULT/BOOK.limit`."""

    path: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return TEXTS[self.code].format(**self.params)


class BadRules(Refusal, ValueError):
    """A rule set that can't be put in force; the text names every fault."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        lines = (f"{fault.path}: {fault.text}" for fault in self.faults)
        super().__init__("\n".join(lines))


def out_of_range(path: str, high: int, *, low: int = 0, null: bool = False) -> Fault:
    limits = {"low": low, "high": high}
    return Fault(path, "range_or_null" if null else "range", limits)


def form_fault(path: str, said: str) -> Fault:
    """What the decoder found wrong with a value."""
    for code, pattern in _DECODER_SAYS.items():
        if found := pattern.fullmatch(said):
            return Fault(path, code, found.groupdict())
    return Fault(path, "form", {"why": said})
