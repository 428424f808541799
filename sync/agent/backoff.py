"""How long to wait after a failure: exponential with full jitter, or as the hub says."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime

#: First upper bound of the wait; it doubles at each failure in a row.
BASE_S = 1.0
#: No wait is longer, whatever the hub asks for.
CAP_S = 900.0
#: Spread kiosks that were given the same slot, by the larger of the two; never
#: earlier than the slot.
SPREAD_PART = 0.1
SPREAD_S = 1.0

_MAX_DOUBLINGS = 20


def backoff_s(failures: int, chance: float, cap_s: float = CAP_S) -> float:
    """Return the wait after this many failures in a row; 0 without a failure.

    `chance` is a random number in [0, 1).
    """
    if failures <= 0:
        return 0.0
    doublings = min(failures - 1, _MAX_DOUBLINGS)
    return chance * min(cap_s, BASE_S * (1 << doublings))


def slot_s(retry_after_s: float, chance: float) -> float:
    """Return the wait until the slot that the hub gave, slightly spread."""
    spread_s = max(retry_after_s * SPREAD_PART, SPREAD_S)
    return min(retry_after_s + spread_s * chance, CAP_S)


def retry_after_s(value: str | None, date: str | None) -> float | None:
    """Read a Retry-After header as seconds in (0, CAP_S].

    None when it is absent, unreadable, zero, negative or past. An HTTP date is
    taken against the answer's own Date header: this device's clock may be wrong.
    """
    if value is None:
        return None
    seconds = _seconds(value.strip(), date)
    if seconds is None or seconds <= 0:
        return None
    return min(seconds, CAP_S)


def _seconds(value: str, date: str | None) -> float | None:
    # isdecimal alone lets other scripts' digits pass; a very long number is just "long".
    if value.isascii() and value.isdecimal():
        return float(value[:12])
    then, now = _http_date(value), _http_date(date)
    if then is None or now is None:
        return None
    return (then - now).total_seconds()


def _http_date(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a zone or a year beyond all measure
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
