"""How long to wait after a failure: exponential with full jitter, or as the hub says."""

from __future__ import annotations

from sync.retry_after import CAP_S

#: First upper bound of the wait; it doubles at each failure in a row.
BASE_S = 1.0
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
