"""When a server that is busy wants to be asked again."""

from __future__ import annotations

import datetime as dt
from email.utils import parsedate_to_datetime

#: No wait is longer, whatever a server asks for.
CAP_S = 900.0


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
