"""Cards that aren't there, as a PC/SC reader sees them."""

from __future__ import annotations

from dataclasses import dataclass

_OK = b"\x90\x00"
_WRONG_LENGTH = b"\x67\x00"
_NOT_SUPPORTED = b"\x6a\x81"
_CLASS_NOT_SUPPORTED = b"\x6e\x00"
#: A storage card of ISO 14443 type A (PC/SC part 3).
_STORAGE_CARD_ATR = bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
#: A chip card with contacts.
_CONTACT_CARD_ATR = bytes.fromhex("3B6500002063CB6800")


@dataclass(frozen=True, slots=True)
class ContactlessCard:
    """A card together with its reader, which answers class FF for it.

    `refusal`: the status instead of a UID, as 6A81 when the reader has none, 6300 when
    the card is on its way out.
    """

    uid: bytes
    refusal: bytes = b""
    atr: bytes = _STORAGE_CARD_ATR

    def answer(self, command: bytes) -> bytes:
        match command[:4].hex().upper():
            case "FFCA0000" if len(command) == 5:
                return self.refusal or self.uid + _OK
            case "FFCA0000":
                return _WRONG_LENGTH
            case "FF005200" | "FF0052FF":
                return _OK
            case _:
                return _NOT_SUPPORTED


@dataclass(frozen=True, slots=True)
class ContactCard:
    """A chip card: it knows neither class FF nor a UID."""

    atr: bytes = _CONTACT_CARD_ATR

    def answer(self, command: bytes) -> bytes:
        return _CLASS_NOT_SUPPORTED if command[:1] == b"\xff" else _NOT_SUPPORTED


Card = ContactlessCard | ContactCard
