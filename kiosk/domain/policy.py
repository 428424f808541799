"""May this patron borrow this item? The same pure rules at the kiosk and at the hub."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kiosk.domain.rules import Calendar, LoanRule, PatronRule, Rules
from kiosk.domain.values import Item, ItemState, Loan, Patron, PatronState

Params = Mapping[str, str | int | dt.date]

#: How far a due date may move; a site that is closed for longer has no open day.
MAX_SHIFT_DAYS = 60

_EVERY_DAY = Calendar()
_BORROWING_STATES = {PatronState.VALID, PatronState.CREDIT_VALID}
_PATRON_STATE_REASONS = {
    PatronState.TO_VERIFY: "E-CARD-EXPIRED",
    PatronState.LOST: "E-CARD-LOST",
    PatronState.SUSPENDED: "E-CARD-SUSPENDED",
    PatronState.CANCELLED: "E-CARD-CANCELLED",
}
_ITEM_STATE_REASONS = {
    ItemState.REFERENCE: "E-ITEM-REF",
    ItemState.DAMAGED: "E-ITEM-DAMAGED",
    ItemState.IN_PROCESS: "E-ITEM-DAMAGED",
    ItemState.WITHDRAWN: "E-ITEM-UNKNOWN",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """The loan may be made; `due_on` is its last day."""

    due_on: dt.date


@dataclass(frozen=True, slots=True)
class Refusal:
    """`reason` is a code of the screen wording, `params` fill it."""

    reason: str
    params: Params = field(default_factory=dict)


def may_lend(
    patron: Patron,
    item: Item,
    patron_loans: Sequence[Loan],
    item_loan: Loan | None,
    rules: Rules,
    today: dt.date,
    *,
    same_type_loans: int = 0,
    site_id: str = "",
) -> Grant | Refusal:
    """Decide one loan at a site, by whose calendar it is due.

    `patron_loans`: what the patron has on loan, books granted a moment ago
    included; `same_type_loans`: how many of those share the item's type.
    """
    rule = rules.loans.get(f"{patron.patron_type}/{item.item_type}")
    refusal = (
        _loan_refusal(patron, item_loan)
        or patron_refusal(patron, patron_loans, rules, today)
        or _item_refusal(patron, item, rules)
        or _type_refusal(rule, same_type_loans)
    )
    if refusal or rule is None:
        return refusal or Refusal("E-ITEM-REF")
    return Grant(due_date(today, rule.periods_days[0], rules, site_id))


def patron_refusal(
    patron: Patron, loans: Sequence[Loan], rules: Rules, today: dt.date
) -> Refusal | None:
    """Why this patron can't borrow anything at all right now, if so."""
    refusal = card_refusal(patron, today)
    if refusal:
        return refusal
    rule = rules.patrons.get(patron.patron_type)
    if rule is None:
        return Refusal("E-CARD-SUSPENDED", {"reason": patron.patron_type})
    limit = _loan_limit(patron, rule)
    return _overdue_refusal(rule, loans, today) or _limit_refusal(limit, loans)


def card_refusal(patron: Patron, today: dt.date) -> Refusal | None:
    """Why this card is good for returning only, if so."""
    if patron.state not in _BORROWING_STATES:
        return Refusal(_PATRON_STATE_REASONS[patron.state], {"reason": ""})
    if patron.expires_on is not None and patron.expires_on < today:
        return Refusal("E-CARD-EXPIRED")
    return None


def remaining(patron: Patron, loans: Sequence[Loan], rules: Rules) -> int:
    """How many more copies the patron's limit leaves."""
    rule = rules.patrons.get(patron.patron_type)
    return max(0, _loan_limit(patron, rule) - len(loans)) if rule else 0


def offline_refusal(
    rules: Rules, mirror_age: dt.timedelta | None, offline_loans: int
) -> Refusal | None:
    """Why a loan without the hub goes too far, if so.

    `mirror_age` is None while it can't be told: then only the number of loans limits.
    `offline_loans`: the patron's loans the hub has not seen.
    """
    if mirror_age is not None and mirror_age > dt.timedelta(
        days=rules.offline.max_days
    ):
        return Refusal("bar.offline_limit", {"n": rules.offline.max_days})
    if offline_loans >= rules.offline.max_loans:
        return Refusal("E-OFFLINE-LIMIT", {"n": rules.offline.max_loans})
    return None


def due_date(today: dt.date, days: int, rules: Rules, site_id: str = "") -> dt.date:
    """The last day of a loan: moved to the next day on which the site is open.

    It stays where it falls if there is none within MAX_SHIFT_DAYS.
    """
    due = today + dt.timedelta(days=days)
    shifts = (due + dt.timedelta(days=shift) for shift in range(MAX_SHIFT_DAYS))
    return next((day for day in shifts if is_open(day, rules, site_id)), due)


def is_open(day: dt.date, rules: Rules, site_id: str) -> bool:
    """Whether books can be brought back to a site on this day."""
    calendar = rules.calendars.get(site_id) or rules.calendars.get("", _EVERY_DAY)
    return day not in rules.closed_days and calendar.is_open(day)


def _overdue_refusal(
    rule: PatronRule, loans: Sequence[Loan], today: dt.date
) -> Refusal | None:
    if rule.overdue_blocks_after_days is None:
        return None
    latest = today - dt.timedelta(days=rule.overdue_blocks_after_days)
    late = sum(loan.due_on < latest for loan in loans)
    return Refusal("E-OVERDUE", {"n": late}) if late else None


def _loan_limit(patron: Patron, rule: PatronRule) -> int:
    """A group may have a limit of its own."""
    return rule.loan_limit if patron.loan_limit is None else patron.loan_limit


def _limit_refusal(limit: int, loans: Sequence[Loan]) -> Refusal | None:
    if len(loans) < limit:
        return None
    return Refusal("E-LIMIT", {"n": len(loans)})


def _loan_refusal(patron: Patron, loan: Loan | None) -> Refusal | None:
    if loan is None:
        return None
    if loan.patron_ref == patron.patron_ref:
        return Refusal("E-ITEM-MINE", {"date": loan.due_on})
    return Refusal("E-ITEM-OTHERLOAN")


def _item_refusal(patron: Patron, item: Item, rules: Rules) -> Refusal | None:
    # A lost item in a patron's hands is found: it may be lent, the hub notes it.
    reason = _ITEM_STATE_REASONS.get(item.state)
    if reason:
        return Refusal(reason)
    if item.adult_only and rules.patrons[patron.patron_type].minor:
        return Refusal("E-ITEM-ADULT")
    return None


def _type_refusal(rule: LoanRule | None, same_type_loans: int) -> Refusal | None:
    if rule is None or not rule.lendable:
        return Refusal("E-ITEM-REF")
    if rule.limit is not None and same_type_loans >= rule.limit:
        return Refusal("E-LIMIT-TYPE", {"n": rule.limit})
    return None
