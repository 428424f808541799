"""Logs for the journal: one JSON object a line, without anything that names a reader."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterable

import structlog
from structlog.typing import EventDict, WrappedLogger

#: Keys that never reach a log, whatever they hold.
_PERSONAL = frozenset({"card", "credential", "name", "patron", "patron_ref", "pin"})
#: Card and item numbers: six or more characters of which most are digits.
_NUMBER = re.compile(r"\b(?=[A-Z0-9]*\d{5})[A-Z0-9]{6,}\b")
MASK = "…"


def configure(*, level: int = logging.INFO) -> None:
    """Send structlog and the libraries' logging to standard error as JSON."""
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            mask,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")


def mask(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank out personal keys and shorten long numbers to their last two characters."""
    return {key: _masked(key, value) for key, value in event.items()}


def _masked(key: str, value: object) -> object:
    if key in _PERSONAL:
        return MASK
    if isinstance(value, str) and key != "timestamp":
        return _NUMBER.sub(lambda found: MASK + found.group()[-2:], value)
    if isinstance(value, Iterable) and not isinstance(value, str | bytes):
        return [_masked("", each) for each in value]
    return value
