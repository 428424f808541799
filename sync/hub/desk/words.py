"""The desk's texts by id, in Chinese and English."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from pathlib import Path

from flask import session

from sync.hub.refusal import CodedRefusal

#: Language → its own name for itself.
LANGUAGES = {"zh_Hans": "中文", "en": "English"}
DEFAULT_LANGUAGE = "zh_Hans"

_FOLDER = Path(__file__).with_name("wording")


def language() -> str:
    """Return the language of this session."""
    chosen = session.get("language")
    return chosen if chosen in LANGUAGES else DEFAULT_LANGUAGE


def say(message_id: str, **params: object) -> str:
    """Put a message into words; an id without words stands for itself."""
    text = catalogue(language()).get(message_id, message_id)
    return text.format(**params) if params else text


def say_problem(problem: CodedRefusal) -> str:
    """What is wrong with a record, as the page's reader would say it."""
    return say(f"record_problem.{problem.code}", **problem.params)


def has_words(message_id: str) -> bool:
    return message_id in catalogue(language())


@functools.cache
def catalogue(name: str) -> Mapping[str, str]:
    """Return every text of a language by its id, like `nav.loans`."""
    tables = tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return {
        f"{group}.{key}": text
        for group, texts in tables.items()
        for key, text in texts.items()
    }
