"""Commands to a card reader and its answers, as PC/SC carries them (ISO 7816-4).

Class FF is for the reader itself (PC/SC part 3): it answers for a contactless card.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import BadFrame

#: GET DATA: the number with which the card in the field answers.
GET_UID = bytes.fromhex("FFCA000000")
#: ACR122U: no sound when a card comes; until the reader is plugged in again.
BUZZER_OFF = bytes.fromhex("FF00520000")
#: Shortest and longest UID: ISO 14443 type A; type B, FeliCa and ISO 15693 are between.
_UID_SIZES = range(4, 11)
_OK = 0x9000
#: "Warning, state unchanged": the card did not answer, so it was on its way out.
_NO_ANSWER = 0x6300


@dataclass(frozen=True, slots=True)
class Response:
    """`status` is SW1 and SW2 in one number."""

    data: bytes
    status: int

    @property
    def uid(self) -> str | None:
        """The UID in upper-case hex; None when the reader has none for this card."""
        if self.status == _OK and len(self.data) in _UID_SIZES:
            return self.data.hex().upper()
        return None

    @property
    def worth_repeating(self) -> bool:
        """Whether the same command may succeed in a moment."""
        return self.status == _NO_ANSWER


def parse_response(raw: bytes) -> Response:
    """Raises BadFrame for an answer without a status."""
    if len(raw) < 2:
        raise BadFrame(f"APDU response {raw.hex(' ').upper() or 'of no bytes'}: no SW")
    return Response(raw[:-2], int.from_bytes(raw[-2:]))
