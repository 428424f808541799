"""What differs between two versions of the rules, place by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kiosk.domain.rules import Rules
from sync.hub.county.rule_file import as_file

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleChange:
    """`path` is like ("loans", "ADULT/BOOK", "limit"); None where nothing stood."""

    path: Path
    before: object
    after: object


def rule_changes(before: Rules, after: Rules) -> tuple[RuleChange, ...]:
    """Everything that staff write and that changed, but the number of the version.

    A site's calendar counts as a whole.
    """
    old, new = _places(before), _places(after)
    return tuple(
        RuleChange(path, old.get(path), new.get(path))
        for path in dict.fromkeys((*old, *new))
        if old.get(path) != new.get(path)
    )


def _places(rules: Rules) -> dict[Path, object]:
    content = {name: part for name, part in as_file(rules).items() if name != "version"}
    found = dict(_leaves((), content))
    for site, days in rules.calendars.items():
        found["calendars", site] = days
    return found


def _leaves(path: Path, part: object) -> Iterator[tuple[Path, object]]:
    if isinstance(part, Mapping):
        for name, inner in part.items():
            yield from _leaves((*path, str(name)), inner)
    else:
        yield path, part
