"""Patrons of the invented county: every type and state, no number of a real document."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from kiosk.demo import names

#: The first card number; the others follow it.
FIRST_NUMBER = 12345
VALID_UNTIL, EXPIRED_ON = "2035-12-31", "2024-12-31"

#: Type, state, date: one of each that behaves differently; the rest are drawn.
_LEADING = (
    ("ADULT", "valid", VALID_UNTIL),
    ("CHILD", "valid", VALID_UNTIL),
    ("SENIOR", "valid", VALID_UNTIL),
    ("ADULT", "valid", EXPIRED_ON),
    ("ADULT", "lost", VALID_UNTIL),
    ("ADULT", "suspended", VALID_UNTIL),
    ("YOUTH", "valid", VALID_UNTIL),
    ("FAMILY", "valid", VALID_UNTIL),
    ("GROUP", "valid", VALID_UNTIL),
    ("TEMPORARY", "valid", VALID_UNTIL),
    ("STAFF", "valid", VALID_UNTIL),
    ("ADULT", "credit_valid", VALID_UNTIL),
    ("ADULT", "to_verify", VALID_UNTIL),
    ("ADULT", "cancelled", VALID_UNTIL),
)
#: In each row of this many patrons the first has a code on the phone as well.
_QR_EVERY = 5


@dataclass(frozen=True, slots=True)
class PatronRow:
    """A reader, as one stands in patrons.csv."""

    number: str
    name: str
    patron_type: str
    state: str
    expires_on: str
    home_site: str
    card_uid: str
    qr: str


def make_patrons(
    count: int, homes: Sequence[str], dice: random.Random
) -> tuple[PatronRow, ...]:
    """Return `count` patrons with cards of their own.

    Those that behave differently are at home at the first of `homes`.
    """
    uids = _card_uids(count, dice)
    return tuple(
        _patron(place, _home(place, homes), uids[place], dice) for place in range(count)
    )


def _home(place: int, homes: Sequence[str]) -> str:
    return homes[0 if place < len(_LEADING) else place % len(homes)]


def _patron(
    place: int, home_site: str, card_uid: str, dice: random.Random
) -> PatronRow:
    patron_type, state, expires_on = (
        _LEADING[place]
        if place < len(_LEADING)
        else (_usual_type(dice), "valid", VALID_UNTIL)
    )
    number = f"R{names.DIVISION}{FIRST_NUMBER + place:08d}"
    return PatronRow(
        number=number,
        name=_name(dice),
        patron_type=patron_type,
        state=state,
        expires_on=expires_on,
        home_site=home_site,
        card_uid=card_uid,
        qr=f"YLQR{dice.getrandbits(48):012X}" if place % _QR_EVERY == 0 else "",
    )


def _usual_type(dice: random.Random) -> str:
    (found,) = dice.choices(("ADULT", "CHILD", "SENIOR", "YOUTH"), (60, 20, 12, 8))
    return found


def _name(dice: random.Random) -> str:
    return dice.choice(names.SURNAMES) + dice.choice(names.GIVEN_NAMES)


def _card_uids(count: int, dice: random.Random) -> Sequence[str]:
    """Return UIDs as of an ISO 14443 chip: seven bytes that begin with its maker, 04."""
    return [f"04{number:012X}" for number in dice.sample(range(1 << 40), count)]
