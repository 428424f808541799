"""`tongjie frame decode`: what the bytes of a device mean."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import cast

import click

from kiosk.cli.lines import bytes_from_hex, decode_inputs

#: Protocol → codec module, imported when it is asked for.
PROTOCOLS: Mapping[str, str] = {
    "barcode_line": "drivers.codecs.lines",
    "escpos_status": "drivers.codecs.escpos_status",
    "feig_obid": "drivers.codecs.feig.describe",
    "honeywell": "drivers.codecs.honeywell",
    "pn532": "drivers.codecs.pn532.describe",
    "reader_3m": "drivers.codecs.bibliotheca.describe",
    "samv_idcard": "drivers.codecs.samv.describe",
    "reader_7e55": "drivers.codecs.rfidstation.describe",
    "scanner_serial": "drivers.codecs.scanner_serial",
    "uhf_m100": "drivers.codecs.m100.describe",
    "uhf_r2000": "drivers.codecs.r2000.describe",
    "uhf_reader18": "drivers.codecs.uhfreader18.describe",
}

Describe = Callable[[bytes], dict[str, object]]


@click.group()
def frame() -> None:
    """Look into the frames that devices and kiosk exchange."""


@frame.command("decode")
@click.option("--protocol", required=True, type=click.Choice(sorted(PROTOCOLS)))
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
@click.argument("frame_hex", metavar="HEX")
def decode(protocol: str, frame_hex: str, *, as_json: bool) -> None:
    """Explain one frame given as HEX, or each line of standard input for "-"."""
    describe = cast(Describe, import_module(PROTOCOLS[protocol]).describe)
    decode_inputs(frame_hex, partial(_decode_hex, describe), as_json=as_json)


def _decode_hex(describe: Describe, text: str) -> dict[str, object]:
    return describe(bytes_from_hex(text))
