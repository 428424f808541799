"""Logs for the journal: one JSON object a line, without anything that names a reader.

Ours go through structlog; those of the libraries and of dying threads take the same
way out, so that nothing reaches the journal unmasked.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Mapping

import msgspec
import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

#: Keys that never reach a log, whatever they hold.
_PERSONAL = frozenset({"card", "credential", "name", "patron", "patron_ref", "pin"})
#: Keys that hold no text of ours and would only be spoilt.
_OPEN = frozenset({"epoch", "level", "timestamp"})
#: Card and item numbers: six or more characters with five digits in a row.
_NUMBER = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Za-z0-9]*[0-9]{5})[A-Za-z0-9]{6,}", re.ASCII
)
#: UIDs of cards and tags: four bytes or more in hex, with or without spaces.
_HEX = re.compile(
    r"(?<![A-Za-z0-9])(?=[A-Fa-f ]*[0-9])"
    r"(?:[0-9A-Fa-f]{2} ?){3,}[0-9A-Fa-f]{2}(?![A-Za-z0-9])"
)
MASK = "…"

_OURS = ("drivers", "kiosk", "sync", "ui")
_STAMPS: tuple[Processor, ...] = (
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(*, level: int = logging.INFO) -> None:
    """Send our logs, the libraries' and dying threads to standard error.

    `level` is for ours; of the libraries', only warnings are wanted.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_STAMPS,
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for package in _OURS:
        logging.getLogger(package).setLevel(level)
    threading.excepthook = _thread_died


def mask(_logger: WrappedLogger, _method: str, said: EventDict) -> EventDict:
    """Blank out personal keys and shorten long numbers to their last two characters."""
    return {key: _masked(key, value) for key, value in said.items()}


def _formatter() -> ProcessorFormatter:
    return ProcessorFormatter(
        foreign_pre_chain=_STAMPS,
        processors=[
            ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            mask,
            structlog.processors.JSONRenderer(serializer=_json),
        ],
    )


def _json(said: EventDict, **_: object) -> str:
    return msgspec.json.encode(said).decode()


def _thread_died(died: threading.ExceptHookArgs) -> None:
    """Say why a thread ended, as `threading` would, but masked."""
    thread = died.thread.name if died.thread else "?"
    log = structlog.get_logger(__name__)
    log.error("thread died", thread=thread, exc_info=died.exc_value)


def _masked(key: str, value: object) -> object:
    if key in _PERSONAL:
        return MASK
    if key in _OPEN or value is None or isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): _masked(str(name), each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", each) for each in value]
    return _short(str(value))


def _short(text: str) -> str:
    return _HEX.sub(_tail, _NUMBER.sub(_tail, text))


def _tail(found: re.Match[str]) -> str:
    return MASK + found.group()[-2:]
