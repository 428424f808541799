"""Makes codes from the keys that a keyboard wedge types, sans-IO."""

from __future__ import annotations

from drivers.api import ProtocolError
from drivers.codecs.keymap import (
    ALT,
    ALT_GR,
    CAPS_LOCK,
    CONTROLS,
    ENTER,
    KEYMAPS,
    KEYPAD,
    KEYPAD_ENTER,
    MUTE,
    SHIFTS,
    TAB,
    Country,
)

#: Code and value of an EV_KEY event; value 0 is up, 1 down, 2 held.
Key = tuple[int, int]

_UP, _DOWN = 0, 1
_ENDS = frozenset({ENTER, KEYPAD_ENTER, TAB})
_END_CHARACTERS = frozenset("\r\n\t")
#: With Ctrl these letters are the same three characters.
_CONTROL_ENDS = frozenset("mji")
_ALTS = frozenset({ALT, ALT_GR})
#: Alt and keypad digits give one byte; those from 128 on depend on a leading zero.
_LARGEST_ALT_CODE = 255
_LONGEST_ALT_CODE = 4


class BadTyping(ProtocolError):
    """What was typed is no code; the text says which key or how many characters."""


class KeyAssembler:
    """Takes keys one by one and gives what they typed, code by code.

    Holds `max_length` characters at most. A wedge may press Shift for each letter, lock
    capitals instead, or hold Alt and type a character's number on the keypad.
    """

    def __init__(
        self,
        *,
        country: Country = Country.US,
        min_length: int = 3,
        max_length: int = 256,
    ) -> None:
        self._keymap = KEYMAPS[country]
        self._min_length = min_length
        self._max_length = max_length
        self._held: set[int] = set()
        self._caps = False
        self._text = self._fault = self._alt_code = ""

    @property
    def pending(self) -> bool:
        """Whether a code has begun and not ended."""
        return bool(self._text or self._fault or self._alt_code)

    def feed(self, key: int, value: int) -> list[str | BadTyping]:
        """Take one key event, `value` as in EV_KEY; returns what it ended, if anything."""
        if value == _DOWN:
            return self._press(key)
        if value == _UP:
            self._held.discard(key)
            return self._release_alt() if key in _ALTS else []
        return []

    def flush(self) -> list[str | BadTyping]:
        """End the code now, as after a silence; no key is held or locked any longer."""
        self._release_all()
        if self._alt_code:
            self._spoil(f"Alt and the number {self._alt_code} without an end")
        return self._end()

    def lose(self) -> None:
        """Some keys were lost on the way: what has begun is unusable."""
        self._release_all()
        self._spoil("some keys were lost")

    def _press(self, key: int) -> list[str | BadTyping]:
        if key in SHIFTS | CONTROLS | _ALTS:
            self._held.add(key)
        elif key == CAPS_LOCK:
            self._caps = not self._caps
        elif self._held & _ALTS and KEYPAD.get(key, "").isdigit():
            self._alt_code = (self._alt_code + KEYPAD[key])[: _LONGEST_ALT_CODE + 1]
        elif self._ends(key):
            return self._end()
        elif key not in MUTE:
            self._type(self._character(key), f"key {key} types nothing")
        return []

    def _ends(self, key: int) -> bool:
        controlled = self._keymap.plain.get(key) if self._held & CONTROLS else None
        return key in _ENDS or controlled in _CONTROL_ENDS

    def _character(self, key: int) -> str | None:
        if self._held & (CONTROLS | {ALT}):
            return None
        if ALT_GR in self._held:
            return self._keymap.alt_gr.get(key)
        if key in KEYPAD:
            return KEYPAD[key]
        plain, shifted = self._keymap.plain.get(key), self._keymap.shifted.get(key)
        # Caps Lock makes capitals of letters and leaves all other keys as they are.
        capital = self._caps and plain is not None and plain.upper() == shifted
        return shifted if bool(self._held & SHIFTS) != capital else plain

    def _release_alt(self) -> list[str | BadTyping]:
        code, self._alt_code = self._alt_code, ""
        if not code:
            return []
        character = _alt_character(code)
        if character and character in _END_CHARACTERS:
            return self._end()
        self._type(character, f"Alt and the number {code} types nothing")
        return []

    def _type(self, character: str | None, fault: str) -> None:
        if character is None or not character.isprintable():
            self._spoil(fault)
        elif len(self._text) == self._max_length:
            self._spoil(f"over {self._max_length} characters")
        else:
            self._text += character

    def _spoil(self, fault: str) -> None:
        self._fault = self._fault or fault

    def _release_all(self) -> None:
        """A wedge leaves every key as it found it, and the lock of capitals off."""
        self._held.clear()
        self._caps = False

    def _end(self) -> list[str | BadTyping]:
        text, fault, pending = self._text.strip(), self._fault, self.pending
        self._text = self._fault = self._alt_code = ""
        if not pending:
            return []
        if fault:
            return [BadTyping(f"{fault}, after {text!r}")]
        if len(text) < self._min_length:
            return [BadTyping(f"{text!r} is under {self._min_length} characters")]
        return [text]


def _alt_character(code: str) -> str | None:
    """The character that a PC types: of Windows' Latin page after a zero, else of DOS."""
    number = int(code)
    if len(code) > _LONGEST_ALT_CODE or number > _LARGEST_ALT_CODE:
        return None
    page = "cp1252" if code.startswith("0") else "cp437"
    return bytes((number,)).decode(page, "ignore") or None
