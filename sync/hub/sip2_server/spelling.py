"""An answer as the machine's charset can carry it."""

from __future__ import annotations

from dataclasses import replace

from sync.sip2 import messages, wire
from sync.sip2.answers import Answer
from sync.sip2.dialects import Dialect
from sync.sip2.wire import Message


def spelled(answer: Answer, dialect: Dialect) -> str:
    """Its text without a trailer. What the charset lacks becomes a question mark.

    By then the book has left or is back: a title must not keep that from being told.
    """
    message = messages.write(answer, dialect.delimiter)
    fields = tuple((name, _fit(value, dialect)) for name, value in message.fields)
    line = wire.encode(replace(message, fields=fields), dialect)
    return line.decode(dialect.charset)


def again(dialect: Dialect, *, sealed: bool) -> bytes:
    """Say that again (96)."""
    return wire.encode(Message("96"), replace(dialect, error_detection=sealed))


def _fit(value: str, dialect: Dialect) -> str:
    """Nothing that a machine sent can end our line or a field of it."""
    clean = "".join(" " if each in "\r\n\0" else each for each in value)
    clean = clean.replace(dialect.delimiter, " ")
    return clean.encode(dialect.charset, errors="replace").decode(dialect.charset)
