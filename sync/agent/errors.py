"""What can go wrong on the way to the hub; none of it ever drops an event."""

from __future__ import annotations


class HubError(Exception):
    """Base of all of them. The text is for logs and the keeper's page."""


class HubUnreachable(HubError, ConnectionError):
    """Transient: no answer, or one that is not our hub's (a captive portal, say)."""


class HubBusy(HubError):
    """Transient: 429 or 5xx. `retry_after_s` is the slot the hub gave, or None."""

    def __init__(self, text: str, retry_after_s: float | None) -> None:
        super().__init__(text)
        self.retry_after_s = retry_after_s


class HubRefused(HubError):
    """Permanent until someone acts: a 4xx. `error` is the word of the Problem, if any."""

    def __init__(self, status: int, error: str, detail: str = "") -> None:
        super().__init__(f"{status} {error}: {detail}".rstrip(": "))
        self.status = status
        self.error = error


class Unauthorised(HubRefused, PermissionError):
    """The hub does not know this key, or no longer."""


class Revoked(HubRefused, PermissionError):
    """The hub put this device out of service; facts are still taken."""


class HubUntrusted(HubError, PermissionError):
    """Permanent: the hub sent rules that its own key did not sign; none of them counts."""
