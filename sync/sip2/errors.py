"""What can go wrong between us and a library system.

SipError
├── BadMessage      corrupt: bytes or values that are no message
├── LinkLost        transient: nothing was done, ask again later
├── LoginRefused    permanent: the account's settings are wrong
├── NotUnderstood   permanent: the server takes no such request, nothing was done
├── PlainText       permanent: passwords would cross a public network in clear
└── UnknownOutcome  the request left, its answer did not come: probe, never guess
"""

from __future__ import annotations

from sync.sip2.requests import Request


class SipError(Exception):
    """Base of this package's errors."""


class BadMessage(SipError, ValueError):
    """Says which message, which field and where; never a field's value."""

    def __init__(
        self,
        reason: str,
        *,
        message_id: str | None = None,
        field: str | None = None,
        offset: int | None = None,
    ) -> None:
        self.message_id = message_id
        self.field = field
        self.offset = offset
        where = [
            f"message {message_id}" if message_id else "",
            f"field {field}" if field else "",
            f"offset {offset}" if offset is not None else "",
        ]
        place = ", ".join(filter(None, where))
        super().__init__(f"{place}: {reason}" if place else reason)


class LinkLost(SipError, ConnectionError):
    """No answer, and none that mattered: it may be asked again."""


class LoginRefused(SipError, PermissionError):
    """The server does not take the account's name or password."""


class NotUnderstood(SipError):
    """The server asked for the same request again (96) until retries were used up."""


class PlainText(SipError):
    """The server's address is public and the account has no TLS."""


class UnknownOutcome(SipError):
    """`request` may have been carried out or not: neither success nor failure."""

    def __init__(self, request: Request, reason: str) -> None:
        self.request = request
        super().__init__(f"outcome of {type(request).__name__} is unknown: {reason}")
