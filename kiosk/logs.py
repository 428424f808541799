"""Logs for the journal: one JSON object a line, without anything that names a reader.

On the standard library alone: a logging package would cost each of a Pi's processes
more memory and time to start than all it is used for here.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
import sys
import threading
from collections.abc import Mapping

import msgspec

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
_FIELDS = "fields"


class Log:
    """Says what happened, with fields: `log.info("pad lost", device=name)`."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, event: str, **fields: object) -> None:
        self._say(logging.DEBUG, event, fields)

    def info(self, event: str, **fields: object) -> None:
        self._say(logging.INFO, event, fields)

    def warning(
        self, event: str, *, cause: BaseException | None = None, **fields: object
    ) -> None:
        """Say it, with the stack of a `cause` that should not have happened."""
        self._say(logging.WARNING, event, fields, cause)

    def error(
        self, event: str, *, cause: BaseException | None = None, **fields: object
    ) -> None:
        """Say it, as `warning` does."""
        self._say(logging.ERROR, event, fields, cause)

    def _say(
        self,
        level: int,
        event: str,
        fields: Mapping[str, object],
        cause: BaseException | None = None,
    ) -> None:
        self._logger.log(level, event, exc_info=cause, extra={_FIELDS: fields})


def configure(*, level: int = logging.INFO) -> None:
    """Send our logs, the libraries' and dying threads to standard error.

    `level` is for ours; of the libraries', only warnings are wanted.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JsonLine())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for package in _OURS:
        logging.getLogger(package).setLevel(level)
    threading.excepthook = _thread_died


def mask(said: Mapping[str, object]) -> dict[str, object]:
    """Blank out personal keys and shorten long numbers to their last two characters."""
    return {key: _masked(key, value) for key, value in said.items()}


class _JsonLine(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        said = {**getattr(record, _FIELDS, {}), "event": record.getMessage()}
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        said["level"] = record.levelname.lower()
        said["timestamp"] = dt.datetime.fromtimestamp(record.created, dt.UTC)
        return msgspec.json.encode(mask(said)).decode()


def _thread_died(died: threading.ExceptHookArgs) -> None:
    """Say why a thread ended, as `threading` would, but masked."""
    thread = died.thread.name if died.thread else "?"
    Log(__name__).error("thread died", thread=thread, cause=died.exc_value)


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
