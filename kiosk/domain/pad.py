"""From noisy rounds of inventory to a stack that can be trusted.

A tag is there from the first round that saw it and gone after `missed_rounds`
that did not; the stack is stable after `stable_rounds` rounds without a change.
Tags that lay on the pad when a session ended are fenced: they do not count
until they have been lifted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Patience:
    """How many rounds it takes to believe the pad."""

    stable_rounds: int = 3
    missed_rounds: int = 3


@dataclass(frozen=True, slots=True)
class Pad:
    """`misses`: every tag believed to be there → rounds in a row that missed it."""

    misses: Mapping[str, int] = field(default_factory=dict)
    quiet_rounds: int = 0
    fenced: frozenset[str] = frozenset()

    @property
    def stack(self) -> tuple[str, ...]:
        """UIDs that count, in the order they came."""
        return tuple(uid for uid in self.misses if uid not in self.fenced)

    def stable(self, patience: Patience) -> bool:
        return self.quiet_rounds >= patience.stable_rounds


def observe(pad: Pad, seen: Collection[str], patience: Patience) -> Pad:
    """Fold one round of inventory into what is believed."""
    misses = {
        uid: 0 if uid in seen else count + 1
        for uid, count in pad.misses.items()
        if uid in seen or count + 1 < patience.missed_rounds
    }
    misses.update({uid: 0 for uid in seen if uid not in misses})
    changed = misses.keys() != pad.misses.keys()
    return Pad(
        misses=misses,
        quiet_rounds=_quiet(pad, misses, changed=changed),
        fenced=pad.fenced & misses.keys(),
    )


def fence(pad: Pad) -> Pad:
    """Ignore everything on the pad until it has been lifted."""
    return replace(pad, fenced=frozenset(pad.misses))


def recount(pad: Pad) -> Pad:
    """Believe nothing about stability until the next rounds agree."""
    return replace(pad, quiet_rounds=0)


def _quiet(pad: Pad, misses: Mapping[str, int], *, changed: bool) -> int:
    if changed:
        return 1
    all_seen = not any(misses.values())
    return pad.quiet_rounds + 1 if all_seen else pad.quiet_rounds
