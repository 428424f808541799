"""What the rules say of holds: until when a copy is kept, how many a reader may have."""

from __future__ import annotations

import datetime as dt

from kiosk.domain.policy import is_open
from kiosk.domain.rules import HoldRule, Rules

#: A site that is closed for longer keeps no book for anybody beyond this.
MAX_KEEP = dt.timedelta(days=60)

_USUAL = HoldRule()


def hold_rule(rules: Rules) -> HoldRule:
    return rules.holds or _USUAL


def hold_limit(rules: Rules, patron_type: str) -> int:
    """How many holds one reader of this type may have at once."""
    rule = hold_rule(rules)
    return rule.limits.get(patron_type, rule.limit)


def keep_until(arrived: dt.date, rules: Rules, site_id: str) -> dt.date:
    """The last day on which a copy that came on this day waits at its site.

    The day it came is not counted, nor is any on which the site is closed.
    """
    left, day, latest = hold_rule(rules).keep_days, arrived, arrived + MAX_KEEP
    while left and day < latest:
        day += dt.timedelta(days=1)
        left -= is_open(day, rules, site_id)
    return day
