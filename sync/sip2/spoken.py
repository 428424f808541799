"""What requests and answers have in common."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from sync.sip2.fields import IDS, MASK, is_harmless


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Spoken:
    """`other` holds fields that the message does not list, in their order."""

    ID: ClassVar[str]
    other: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Without anything about a person: logs and tracebacks show it."""
        shown = (f"{each.name}={self._shown(each.name)}" for each in fields(self))
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self, name: str) -> str:
        value = getattr(self, name)
        personal = name == "other" or not is_harmless(IDS.get(name, ""))
        return repr(MASK if personal and value else value)
