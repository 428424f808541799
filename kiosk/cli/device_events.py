"""What a device tells, for eyes that must not see a reader's numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from drivers.api import (
    CardGone,
    CardSeen,
    CodeScanned,
    DeviceEvent,
    PeoplePassed,
    SenseChanged,
    Tag,
    TagsOnPad,
)

_SHOWN = 3

Facts = Mapping[str, object]


class Teller:
    """Puts events into facts; a pad that sees the same tags again tells nothing new.

    `full`: codes and tags are shown whole, a card never.
    """

    def __init__(self, *, full: bool = False) -> None:
        self._full = full
        self._tags: frozenset[Tag] | None = None

    def facts(self, event: DeviceEvent) -> Facts | None:
        """What to show of an event; None for nothing new."""
        match event:
            case TagsOnPad(tags):
                return self._tags_on_pad(tags)
            case CardSeen(uid, kind):
                return {"event": "card_seen", "card": masked(uid), "kind": kind.value}
            case CardGone():
                return {"event": "card_gone"}
            case CodeScanned(text):
                code = self._shown(text)
                return {"event": "code_scanned", "code": code, "length": len(text)}
            case SenseChanged(sense, active):
                sensed = {"sense": sense.value, "active": active}
                return {"event": "sense_changed", **sensed}
            case PeoplePassed(count):
                return {"event": "people_passed", "count": count}
            case _:
                assert_never(event)

    def _tags_on_pad(self, tags: tuple[Tag, ...]) -> Facts | None:
        before, self._tags = self._tags, frozenset(tags)
        if before == self._tags:
            return None
        shown = [
            {
                "uid": self._shown(tag.uid),
                "afi": None if tag.afi is None else f"{tag.afi:02X}",
                "memory_bytes": len(tag.memory),
            }
            for tag in tags
        ]
        return {"event": "tags_on_pad", "count": len(tags), "tags": shown}

    def _shown(self, text: str) -> str:
        return text if self._full else masked(text)


def masked(number: str) -> str:
    """The last three characters of a longer number."""
    return "…" + (number[-_SHOWN:] if len(number) > _SHOWN else "")


def line(facts: Facts) -> str:
    """Facts as one line for a person."""
    return " ".join(_words(facts))


def _words(facts: Facts) -> Iterator[str]:
    for key, value in facts.items():
        match value:
            case list():
                yield "; ".join(line(one) for one in value)
            case str() if key == "event":
                yield value.replace("_", " ") + ":"
            case None:
                continue
            case _:
                yield f"{key}={value}"
