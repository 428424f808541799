"""From noisy rounds of inventory to a stack that can be trusted.

A tag is there from the first round that saw it and gone after `missed_rounds`
that did not; the stack is stable after `stable_rounds` rounds without a change.
Tags that lay on the pad when a session ended are fenced: they do not count
until they have been lifted. So are those of the first rounds, until they agree:
what lies there at the start belongs to nobody.
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
    """`misses`: every tag believed to be there → rounds in a row that missed it.

    `fenced`: the same of those that do not count. `known`: the first rounds are over.
    """

    misses: Mapping[str, int] = field(default_factory=dict)
    quiet_rounds: int = 0
    fenced: Mapping[str, int] = field(default_factory=dict)
    known: bool = False

    @property
    def stack(self) -> tuple[str, ...]:
        """UIDs that count, in the order they came."""
        return tuple(uid for uid in self.misses if uid not in self.fenced)

    def stable(self, patience: Patience) -> bool:
        return self.quiet_rounds >= patience.stable_rounds


def observe(pad: Pad, seen: Collection[str], patience: Patience) -> Pad:
    """Fold one round of inventory into what is believed."""
    misses = _believed(pad.misses, seen, patience)
    misses.update({uid: 0 for uid in seen if uid not in misses})
    changed = misses.keys() != pad.misses.keys()
    after = replace(
        pad,
        misses=misses,
        quiet_rounds=_quiet(pad, misses, changed=changed),
        fenced=_believed(pad.fenced, seen, patience),
    )
    return after if pad.known else _first(after, patience)


def fence(pad: Pad) -> Pad:
    """Ignore everything on the pad until it has been lifted."""
    return replace(pad, fenced={**pad.fenced, **pad.misses})


def blind(pad: Pad) -> Pad:
    """The pad shows nothing any more; what was fenced will still be when it does."""
    return replace(pad, misses={}, quiet_rounds=0)


def recount(pad: Pad) -> Pad:
    """Believe nothing about stability until the next rounds agree."""
    return replace(pad, quiet_rounds=0)


def _first(pad: Pad, patience: Patience) -> Pad:
    """One of the first rounds, each of which may miss a tag."""
    return replace(fence(pad), known=pad.stable(patience))


def _believed(
    misses: Mapping[str, int], seen: Collection[str], patience: Patience
) -> dict[str, int]:
    """Those of the tags that are still there, a round later."""
    return {
        uid: 0 if uid in seen else count + 1
        for uid, count in misses.items()
        if uid in seen or count + 1 < patience.missed_rounds
    }


def _quiet(pad: Pad, misses: Mapping[str, int], *, changed: bool) -> int:
    if changed:
        return 1
    all_seen = not any(misses.values())
    return pad.quiet_rounds + 1 if all_seen else pad.quiet_rounds
