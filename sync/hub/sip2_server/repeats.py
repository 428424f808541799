"""Whether a request is one that came before: pure; see ADR-duplicates.md."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from sync.sip2.requests import Request
from sync.sip2.trailer import find_trailer


@dataclass(frozen=True, slots=True)
class Deed:
    """A request that changes something, as it came: its text and its number."""

    digest: str
    sequence: str | None


def deed_of(line: bytes, sequence: str | None) -> Deed:
    """The trailer is no part of what is asked: after a new login it is another one."""
    trailer = find_trailer(line, b"|")
    body = line[: len(line) - trailer.length] if trailer else line
    return Deed(hashlib.sha256(body).hexdigest(), sequence)


def may_be_repeat(deed: Deed, before: Deed | None, request: Request) -> bool:
    """Whether the same words may mean the same deed; `before`: on this connection.

    The same words under a new number are meant anew. On another connection only the
    date makes them the same.
    """
    if before is not None and before.digest == deed.digest:
        return before.sequence == deed.sequence
    return getattr(request, "transaction_date", None) is not None
