"""Texts that a machine shows, by reason, in the language of its account."""

from __future__ import annotations

import datetime as dt
import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

_FOLDER = Path(__file__).with_name("wording")
#: Says no more than that something was not done.
_GENERAL = "E-GENERIC"


def say(language: str, reason: str, params: Mapping[str, object]) -> str:
    """One line; a reason without words of its own is told in general."""
    texts = wording(language)
    text = texts.get(reason, texts[_GENERAL])
    return text.format_map(_Filled({name: _plain(params[name]) for name in params}))


@functools.cache
def wording(language: str) -> Mapping[str, str]:
    path = _FOLDER / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


class _Filled(dict[str, str]):
    """What a reason does not tell stays blank."""

    def __missing__(self, _name: str) -> str:
        return ""


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.date) else str(value)
