"""What staff may decide about each kind of case, and what that does: pure functions.

Nothing is forced: a choice rules about facts (`rulings.py`), adds one fact by staff,
or changes the state of an item; what follows is worked out as ever.
"""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from kiosk.domain.values import ItemState
from sync.hub.circulation.facts import Fact
from sync.hub.circulation.rulings import Ruling
from sync.hub.refusal import CodedRefusal

#: As near as two times can be in the database.
_TICK = dt.timedelta(microseconds=1)


class Choice(enum.StrEnum):
    """The first one of a kind is what the hub suggests.

    NOTED: it may stay as the hub has it. AS_RECORDED and OTHER_WAY: the order of two
    facts, or their time. ANNUL: it did not happen. BOOK_IS_HERE: staff have it in hand.
    """

    NOTED = "noted"
    AS_RECORDED = "as_recorded"
    OTHER_WAY = "other_way"
    DATED = "dated"
    ANNUL = "annul"
    BOOK_IS_HERE = "book_is_here"
    KEEP_PROMISE = "keep_promise"
    IS_READER = "is_reader"
    REGISTER = "register"
    STILL_LOST = "still_lost"
    TO_REPAIR = "to_repair"


#: Choices that say nothing without a number or a time.
ASKS_FOR = {Choice.IS_READER: "card", Choice.DATED: "when"}
#: Choices that overrule what a device recorded, so that a reason must be given.
NEEDS_NOTE = {Choice.ANNUL}

_OF_KIND: Mapping[str, tuple[Choice, ...]] = {
    "loan_displaced": (Choice.NOTED, Choice.BOOK_IS_HERE, Choice.ANNUL),
    "loans_overlap": (Choice.AS_RECORDED, Choice.OTHER_WAY, Choice.BOOK_IS_HERE),
    "loan_renewed_by_loan": (Choice.NOTED, Choice.ANNUL),
    "loan_repeated": (Choice.NOTED, Choice.ANNUL),
    "return_or_loan_first": (Choice.AS_RECORDED, Choice.OTHER_WAY),
    "return_stale": (Choice.AS_RECORDED, Choice.OTHER_WAY),
    "lent_while_on_hold": (Choice.NOTED, Choice.BOOK_IS_HERE, Choice.ANNUL),
    "renewed_while_on_hold": (Choice.NOTED, Choice.ANNUL),
    "hold_not_found": (Choice.NOTED,),
    "patron_unknown": (Choice.IS_READER, Choice.BOOK_IS_HERE, Choice.NOTED),
    "item_unknown": (Choice.REGISTER, Choice.NOTED),
    "item_found": (Choice.NOTED, Choice.TO_REPAIR, Choice.STILL_LOST),
    "lent_against_rules": (Choice.NOTED, Choice.BOOK_IS_HERE, Choice.ANNUL),
    "closed_twice": (Choice.NOTED, Choice.ANNUL),
    "promise_not_kept": (Choice.NOTED, Choice.KEEP_PROMISE),
    "clock_not_believed": (Choice.AS_RECORDED, Choice.DATED, Choice.ANNUL),
}


class CaseError(CodedRefusal, ValueError):
    """A case can't be decided like this; `code` says why, in the desk's wording."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What staff decided. `patron_ref` and `when` as `ASKS_FOR` has it."""

    choice: Choice
    note: str = ""
    patron_ref: str | None = None
    when: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What a decision does: rulings by fact, a return by staff, an item's state."""

    rulings: Mapping[str, Ruling] = field(default_factory=dict)
    returned: bool = False
    item_state: ItemState | None = None


def choices(kind: str) -> tuple[Choice, ...]:
    """What may be decided about a case of this kind, the suggested choice first."""
    return _OF_KIND.get(kind, (Choice.NOTED,))


def check(kind: str, answer: Answer) -> None:
    """Raise CaseError unless this is a whole answer to a case of this kind."""
    if answer.choice not in choices(kind):
        raise CaseError("choice", f"{answer.choice} is no choice for {kind}")
    if answer.choice in NEEDS_NOTE and not answer.note.strip():
        raise CaseError("note", f"{answer.choice} needs a note that says why")
    given = {"card": answer.patron_ref, "when": answer.when}
    wanted = ASKS_FOR.get(answer.choice)
    if wanted is not None and given[wanted] is None:
        raise CaseError(wanted, f"{answer.choice} needs: {wanted}")


def effect(answer: Answer, facts: Mapping[str, Fact]) -> Effect:
    """What a decision does. `facts`: those of the case by their side, `event` first.

    Raises CaseError if the facts are not such that it can be done.
    """
    match answer.choice:
        case Choice.BOOK_IS_HERE:
            return Effect(returned=True)
        case Choice.REGISTER:
            return Effect(item_state=ItemState.LENDABLE)
        case Choice.STILL_LOST:
            return Effect(item_state=ItemState.LOST)
        case Choice.TO_REPAIR:
            return Effect(item_state=ItemState.DAMAGED)
        case Choice.NOTED:
            return Effect()
        case _:
            return Effect(rulings=_rulings(answer, facts))


def _rulings(answer: Answer, facts: Mapping[str, Fact]) -> Mapping[str, Ruling]:
    first, *others = facts.values()
    match answer.choice:
        case Choice.AS_RECORDED | Choice.OTHER_WAY if others:
            return _in_order(facts, turned=answer.choice is Choice.OTHER_WAY)
        case Choice.AS_RECORDED:
            return {first.fact_id: Ruling(at=first.at)}
        case Choice.DATED:
            return {first.fact_id: Ruling(at=answer.when)}
        case Choice.ANNUL:
            return {first.fact_id: Ruling(happened=False)}
        case Choice.IS_READER:
            return {first.fact_id: Ruling(patron_ref=answer.patron_ref)}
        case Choice.KEEP_PROMISE:
            return {first.fact_id: Ruling(due_on=_promise(first))}
        case _:
            raise CaseError("choice", f"{answer.choice} does nothing here")


def _in_order(facts: Mapping[str, Fact], *, turned: bool) -> Mapping[str, Ruling]:
    """Both are placed; the one that the hub had first stays where it is."""
    earlier, later = _as_the_hub_has_them(facts)
    other = earlier.at - _TICK if turned else max(later.at, earlier.at + _TICK)
    if turned and "return" in facts:
        # The loan must have begun where its reader was told so: the return moves.
        earlier, later = later, earlier
        other = earlier.at + _TICK
    return {earlier.fact_id: Ruling(at=earlier.at), later.fact_id: Ruling(at=other)}


def _as_the_hub_has_them(facts: Mapping[str, Fact]) -> tuple[Fact, Fact]:
    if "return" in facts:
        return facts["return"], facts["loan"]
    return facts["before"], facts["event"]


def _promise(fact: Fact) -> dt.date:
    """A day before the loan is none that anybody can keep."""
    if fact.promised is None or fact.promised < fact.at.date():
        raise CaseError("promise", f"{fact.fact_id} promised no day that can be kept")
    return fact.promised
