"""Message ids into words: gettext catalogues whose msgid is the message id.

A missing key falls back to zh_Hans and then to the id itself, and a missing
parameter to an ellipsis, so that no wording fault ever takes a screen down.
Catalogues are read once and never changed: safe from any thread.
"""

from __future__ import annotations

import datetime as dt
import gettext
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kiosk.view import Message

TRANSLATIONS = Path(__file__).parent / "translations"
FALLBACK = "zh_Hans"

#: A text from outside (a title, a name) is cut here; no true title is longer.
LONGEST_TEXT = 80
#: Between two names of `date.months`, January first, and `date.weekdays`, Monday first.
NEXT_NAME = "|"
MONTHS, WEEKDAYS = 12, 7

Param = str | int | dt.date

_FORMAT_CHARACTERS_KEPT = {"\u200c", "\u200d"}  # joiners are part of some scripts


class WordingMissing(OSError):
    """There is no compiled catalogue for the language everything falls back to."""


def plain(text: str, longest: int = LONGEST_TEXT) -> str:
    """Drop control and text-direction characters, and cut what is too long."""
    kept = "".join(
        character
        for character in text[: longest * 4]
        if character in _FORMAT_CHARACTERS_KEPT
        or unicodedata.category(character) not in {"Cc", "Cf", "Cs"}
    )
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


class Wording:
    """All catalogues of a folder; their names are the locales of the screen."""

    def __init__(self, folder: Path = TRANSLATIONS) -> None:
        self._catalogues = {
            path.parent.parent.name: _read(path)
            for path in sorted(folder.glob("*/LC_MESSAGES/messages.mo"))
        }
        if FALLBACK not in self._catalogues:
            raise WordingMissing(
                f"no {FALLBACK} catalogue in {folder}: run build_translations.py"
            )

    @property
    def locales(self) -> tuple[str, ...]:
        """Language of the county first."""
        return tuple(sorted(self._catalogues, key=lambda name: name != FALLBACK))

    def known(self, locale: str) -> str:
        """Return the catalogue that serves a locale, "en-GB" being served by "en"."""
        name = locale.replace("-", "_")
        for candidate in (name, name.partition("_")[0]):
            if candidate in self._catalogues:
                return candidate
        return FALLBACK

    def text(self, locale: str, message_id: str, params: Mapping[str, Param]) -> str:
        """Put one message into words."""
        found = self._find(locale, message_id, params)
        return message_id if found is None else self._fill(locale, found, params)

    def say(self, locale: str, message: Message) -> str:
        """Put a message that holds all it needs into words, as for a printed slip."""
        return self.text(self.known(locale), message.id, message.params)

    def has(self, message_id: str) -> bool:
        return self._find(FALLBACK, message_id, {}) is not None

    def _find(
        self, locale: str, message_id: str, params: Mapping[str, Param]
    ) -> str | None:
        number = params.get("n", 0)
        count = number if isinstance(number, int) else 0
        for name in (locale, FALLBACK):
            words = _lookup(self._catalogues[name], message_id, count)
            if words is not None:
                return words
        return None

    def _fill(self, locale: str, text: str, params: Mapping[str, Param]) -> str:
        ready = {name: self._shown(locale, value) for name, value in params.items()}
        return text.format_map(_Filling(ready)).strip()

    def _shown(self, locale: str, value: Param) -> str:
        if isinstance(value, dt.date):
            return self._day(locale, value)
        return plain(str(value))

    def _day(self, locale: str, day: dt.date) -> str:
        """Say a day with the names that the catalogue has, in the order it has them."""
        months = self.text(locale, "date.months", {}).split(NEXT_NAME)
        weekdays = self.text(locale, "date.weekdays", {}).split(NEXT_NAME)
        if len(months) != MONTHS or len(weekdays) != WEEKDAYS:
            return day.isoformat()
        names = {"month": months[day.month - 1], "weekday": weekdays[day.weekday()]}
        return self.text(locale, "date.day", {"day": day.day, **names})


@dataclass(frozen=True, slots=True)
class Words:
    """The wording of one view: its language, and what every sentence may name."""

    wording: Wording
    locale: str
    known: Mapping[str, Param]

    @property
    def tag(self) -> str:
        """Return the language tag of HTML, "zh-Hans"."""
        return self.locale.replace("_", "-")

    def t(self, message_id: str, **params: Param) -> str:
        """Put a fixed message of a template into words."""
        return self.wording.text(self.locale, message_id, {**self.known, **params})

    def say(self, message: Message) -> str:
        """Say what happened."""
        return self.t(message.id, **message.params)

    def do(self, message: Message) -> str:
        """Say what to do next; empty if there is nothing to do."""
        hint = f"{message.id}.do"
        return self.t(hint, **message.params) if self.wording.has(hint) else ""


class _Filling(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "…"


def _read(path: Path) -> gettext.GNUTranslations:
    with path.open("rb") as file:
        return gettext.GNUTranslations(file)


def _lookup(
    catalogue: gettext.GNUTranslations, message_id: str, count: int
) -> str | None:
    """Find a message, with or without plural forms; the empty id is the header."""
    for words in (
        catalogue.ngettext(message_id, message_id, count),
        catalogue.gettext(message_id),
    ):
        if message_id and words != message_id:
            return words
    return None
