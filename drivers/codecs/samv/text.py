"""What stands in the 256 bytes of text of a second-generation card.

Four layouts, told apart by a letter at byte 248: none for citizens, I for the foreign
permanent resident's card of 2017, Y for that of 2023, J for the residence permit of
Hong Kong, Macao and Taiwan residents. All but the citizen's are known from public
programs only, not confirmed on hardware.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate

from drivers.api import BadFrame
from drivers.codecs.identity import is_number, normalise
from drivers.codecs.samv.commands import TEXT_SIZE

#: Stands as the last day of a card that does not expire.
NO_EXPIRY = "长期"
_TYPE_AT = 248
_RESERVED = "reserved"


class CardType(enum.Enum):
    """Whose card it is; the value is the letter on it."""

    CITIZEN = ""
    FOREIGN_2017 = "I"
    HONG_KONG_MACAO_TAIWAN = "J"
    FOREIGN_2023 = "Y"


#: Fields in order, with their sizes in bytes; names as in public layouts.
_LAYOUTS: Mapping[CardType, tuple[tuple[str, int], ...]] = {
    CardType.CITIZEN: (
        ("name", 30),
        ("sex", 2),
        ("nation", 4),
        ("birth", 16),
        ("address", 70),
        ("id", 36),
        ("issuer", 30),
        ("valid_from", 16),
        ("valid_to", 16),
        (_RESERVED, 36),
    ),
    CardType.HONG_KONG_MACAO_TAIWAN: (
        ("name", 30),
        ("sex", 2),
        (_RESERVED, 4),
        ("birth", 16),
        ("address", 70),
        ("id", 36),
        ("issuer", 30),
        ("valid_from", 16),
        ("valid_to", 16),
        ("pass_number", 18),
        ("issue_count", 4),
        (_RESERVED, 6),
        ("type", 2),
        (_RESERVED, 6),
    ),
    CardType.FOREIGN_2017: (
        ("en_name", 120),
        ("sex", 2),
        ("id", 30),
        ("nation", 6),
        ("cn_name", 30),
        ("valid_from", 16),
        ("valid_to", 16),
        ("birth", 16),
        ("version", 4),
        ("agency", 8),
        ("type", 2),
        (_RESERVED, 6),
    ),
    CardType.FOREIGN_2023: (
        ("cn_name", 30),
        ("sex", 2),
        ("renewals", 4),
        ("birth", 16),
        ("en_name", 70),
        ("id", 36),
        (_RESERVED, 30),
        ("valid_from", 16),
        ("valid_to", 16),
        ("en_name", 22),
        ("nation", 6),
        ("type", 2),
        (_RESERVED, 6),
    ),
}


@dataclass(frozen=True, slots=True)
class IdentityCard:
    """What is left of a card once it is read: whose kind it is, and its number."""

    type: CardType
    number: str = field(repr=False)


def parse_card(text: bytes) -> IdentityCard:
    """Read type and number, forget the rest. Raises BadFrame, without the number in it.

    A number whose check character is wrong was read wrongly.
    """
    fields = read_fields(text)
    number = normalise(fields["id"])
    if not is_number(number):
        raise BadFrame(f"SAM_V card text: no number in {len(number)} characters")
    return IdentityCard(CardType(fields["type"]), number)


def read_fields(text: bytes) -> dict[str, str]:
    """Every field of the text, by name, without its padding. Personal: let go of it soon.

    Raises BadFrame for a wrong size or an unknown type of card. What is no UTF-16
    becomes U+FFFD, as an error about it would show it.
    """
    card_type = _card_type(text)
    layout = _LAYOUTS[card_type]
    ends = accumulate(size for _, size in layout)
    fields: dict[str, str] = {}
    for (name, size), end in zip(layout, ends, strict=True):
        fields[name] = fields.get(name, "") + _decode(text[end - size : end])
    del fields[_RESERVED]
    stripped = {name: value.strip(" \0") for name, value in fields.items()}
    return stripped | {"type": card_type.value}


def _card_type(text: bytes) -> CardType:
    if len(text) != TEXT_SIZE:
        raise BadFrame(f"SAM_V card text of {len(text)} bytes, not {TEXT_SIZE}")
    letter = _decode(text[_TYPE_AT : _TYPE_AT + 2]).strip(" \0")
    try:
        return CardType(letter)
    except ValueError:
        # Not chained to its cause: nothing of a card goes into an error.
        raise BadFrame("SAM_V card text: unknown type of card at byte 248") from None


def _decode(part: bytes) -> str:
    return part.decode("utf-16-le", errors="replace")
