"""Options that scanners have in common, and what follows from them."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import msgspec
from msgspec import Meta

from drivers.codecs.barcode import BarcodeRules, clean
from drivers.codecs.lines import LineAssembler

Length = Annotated[int, Meta(ge=1, le=4096)]
Seconds = Annotated[float, Meta(gt=0, le=10)]


class CodeOptions(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """`repeat_suppress_s`: the same code again within this time is the same scan.

    Lengths in characters. `rules`: check digits and letters; none by default.
    """

    min_length: Length = 3
    max_length: Length = 256
    repeat_suppress_s: Annotated[float, Meta(ge=0, le=60)] = 1.0
    rules: BarcodeRules = BarcodeRules()

    def assembler(self, *, aim_prefix: bool = False) -> LineAssembler:
        """What judges the codes."""
        return LineAssembler(
            min_length=self.min_length,
            max_length=self.max_length,
            aim_prefix=aim_prefix,
            clean=partial(_clean, self.rules),
        )


class SerialOptions(CodeOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`port`: a path or tcp://host:port. `idle_flush_s`: silence that ends a code.

    `aim_prefix`: the scanner is set to send the AIM identifier (`]E0`); drop it.
    """

    port: str
    baud: Annotated[int, Meta(ge=1200, le=921_600)] = 9600
    idle_flush_s: Annotated[float, Meta(gt=0, le=1)] = 0.08
    aim_prefix: bool = False

    def lines(self) -> LineAssembler:
        """What finds the codes in what comes, and judges them."""
        return self.assembler(aim_prefix=self.aim_prefix)


def _clean(rules: BarcodeRules, text: str, aim: str | None) -> str:
    return clean(text, rules, aim)
