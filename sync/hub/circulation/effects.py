"""What a decision has changed, done and undone in the database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import msgspec

from kiosk.domain.values import ItemState
from sync.hub.circulation.choices import CaseError, Effect
from sync.hub.circulation.rulings import Ruling, as_text, merged, ruling_of
from sync.hub.circulation.staff_facts import put_return, take_back
from sync.hub.circulation.unit_of_work import UnitOfWork
from sync.hub.store.rows import Row


class Change(msgspec.Struct, frozen=True):
    """What stood somewhere before, and what a decision has put there."""

    before: str | None
    after: str | None


class Done(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that one decision changed: rulings by fact, a fact added, an item's state."""

    rulings: dict[str, Change] = {}
    fact: str | None = None
    state: Change | None = None

    @property
    def anything(self) -> bool:
        return bool(self.rulings or self.fact or self.state)


def carry_out(
    work: UnitOfWork, case: Row, effect: Effect, fact_id: str, now: dt.datetime
) -> Done:
    """Do what was decided; `fact_id` is for the fact that it may add.

    Raises CaseError if it can't be done.
    """
    rulings = {name: _rule(work, name, new) for name, new in effect.rulings.items()}
    wanted = effect.item_state
    state = None if wanted is None else _set_state(work, case["item"], wanted)
    if not effect.returned:
        return Done(rulings, state=state)
    _return(work, case, fact_id, now)
    return Done(rulings, fact_id, state)


def take_away(work: UnitOfWork, case: Row, done: Done) -> None:
    """Undo it. Raises CaseError if something else has been decided on top of it."""
    for name, change in done.rulings.items():
        fact = work.facts.get(name)
        if fact is None or fact["ruling"] != change.after:
            raise CaseError("changed", f"{name} was ruled upon again: undo that first")
        work.facts.put({"fact_id": name, "ruling": change.before})
    if done.state is not None:
        _set_back(work, case["item"], done.state)
    if done.fact is not None:
        take_back(work, done.fact)


def _rule(work: UnitOfWork, fact_id: str, new: Ruling) -> Change:
    row = work.facts.get(fact_id)
    if row is None:
        raise CaseError("fact", f"there is no fact {fact_id}")
    after = as_text(merged(ruling_of(row["ruling"]), new))
    work.facts.put({"fact_id": fact_id, "ruling": after})
    return Change(row["ruling"], after)


def _set_state(work: UnitOfWork, barcode: str, state: ItemState) -> Change | None:
    """Only what nobody has described becomes lendable: other states have a reason."""
    item = work.item(barcode)
    if item is None:
        raise CaseError("item", f"there is no item {barcode}")
    described = item.state is not ItemState.PROVISIONAL
    if item.state is state or (state is ItemState.LENDABLE and described):
        return None
    work.put_item(replace(item, state=state))
    return Change(item.state.value, state.value)


def _set_back(work: UnitOfWork, barcode: str, change: Change) -> None:
    item = work.item(barcode)
    if item is None or item.state != change.after or change.before is None:
        raise CaseError("changed", f"the record of {barcode} was changed since")
    work.put_item(replace(item, state=ItemState(change.before)))


def _return(work: UnitOfWork, case: Row, fact_id: str, now: dt.datetime) -> None:
    """At the site of the case: that is where staff were told to look."""
    loans = work.loans.having("item", case["item"])
    lent = [loan for loan in loans if loan["returned_at"] is None]
    if not lent:
        raise CaseError("not_lent", f"{case['item']} is not on loan")
    site_id = case["site_id"] or lent[0]["loan_site"]
    put_return(work, fact_id, case["item"], site_id, now)
