"""`tongjie tag`: what is written on a library tag, and what would have to be."""

from __future__ import annotations

import re
from functools import partial

import click

from drivers.tagdata.tag_content import Model
from kiosk.cli import tag_report, tag_report_uhf
from kiosk.cli.lines import bytes_from_hex, decode_inputs
from kiosk.cli.tag_making import Wish, make_tag

_UHF = (Model.ISO28560_4, Model.CULTU)
_MODELS = [model.value for model in Model if model not in (Model.BLANK, Model.UNKNOWN)]
_AUTO = "auto"


def _hex_byte(
    _ctx: click.Context, _param: click.Parameter, value: str | None
) -> int | None:
    if value is None:
        return None
    if not re.fullmatch("[0-9A-Fa-f]{1,2}", value):
        raise click.BadParameter(f"{value!a} is not a byte in hex")
    return int(value, 16)


@click.group()
def tag() -> None:
    """Read and make the memory of library tags."""


@tag.command("decode")
@click.option(
    "--model", type=click.Choice([_AUTO, *_MODELS]), default=_AUTO, show_default=True
)
@click.option(
    "--dsfid",
    metavar="HH",
    callback=_hex_byte,
    help="The tag's DSFID; 06 means ISO 28560-2.",
)
@click.option("--block-size", type=click.IntRange(1, 32), default=4, show_default=True)
@click.option(
    "--epc-bank",
    metavar="HEX",
    help='UHF: the EPC bank, with or without its CRC word; "-" for one a line.',
)
@click.option("--user", metavar="HEX", help="UHF: the user bank.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
@click.argument("memory_hex", metavar="[HEX]", required=False)
def decode(
    model: str,
    dsfid: int | None,
    block_size: int,
    epc_bank: str | None,
    user: str | None,
    memory_hex: str | None,
    *,
    as_json: bool,
) -> None:
    """Explain a tag's memory given as HEX, or each line of standard input for "-".

    HEX is the user memory of an HF tag. A UHF tag is given by --epc-bank and --user;
    with a UHF model HEX, too, is the EPC bank.
    """
    if (epc_bank is None) == (memory_hex is None):
        raise click.UsageError("give HEX or --epc-bank, one of them")
    if model in _UHF:
        epc_bank = epc_bank or memory_hex
    if epc_bank is None and user is not None:
        raise click.UsageError("--user goes with --epc-bank")
    if epc_bank is not None and model not in (_AUTO, *_UHF):
        raise click.UsageError(f"{model} is no model of UHF tags")
    if epc_bank is not None:
        bank = partial(_uhf_report, model, user)
        decode_inputs(epc_bank, bank, as_json=as_json)
    elif memory_hex is not None:
        memory = partial(_hf_report, model, dsfid, block_size)
        decode_inputs(memory_hex, memory, as_json=as_json)


@tag.command("encode")
@click.option("--model", type=click.Choice(_MODELS), required=True)
@click.option("--item", required=True, help='Barcode; "-" for one a line.')
@click.option(
    "--owner",
    metavar="ISIL",
    help="The owning library; for CULTU the university's five digits.",
)
@click.option("--parts", type=click.IntRange(1, 255), help="Parts of the set.")
@click.option("--part", type=click.IntRange(1, 255), help="Which of them this is.")
@click.option(
    "--usage",
    metavar="HH",
    callback=_hex_byte,
    help="Type of usage, 10 is circulating.",
)
@click.option(
    "--afi",
    metavar="HH",
    default="07",
    show_default=True,
    callback=_hex_byte,
    help="UHF: 07 in stock, C2 on loan.",
)
@click.option(
    "--size",
    type=click.IntRange(1),
    help="Bytes of memory (UHF: of the user bank), filled with 00.",
)
@click.option("--block-size", type=click.IntRange(1, 32), default=4, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def encode(
    model: str,
    item: str,
    owner: str | None,
    parts: int | None,
    part: int | None,
    usage: int | None,
    afi: int,
    size: int | None,
    block_size: int,
    *,
    as_json: bool,
) -> None:
    """Make the memory of a tag; nothing is written anywhere."""
    wish = Wish(owner, _members(parts, part), usage, afi, size, block_size)
    decode_inputs(item, partial(make_tag, Model(model), wish), as_json=as_json)


def _hf_report(
    model: str, dsfid: int | None, block_size: int, text: str
) -> tag_report.Report:
    memory = bytes_from_hex(text)
    match model:
        case Model.ISO28560_2:
            return tag_report.library_report(memory)
        case Model.ISO28560_3:
            return tag_report.danish_report(memory, block_size)
        case Model.RFID501:
            return tag_report.rfid501_report(memory)
        case Model.PLAIN:
            return tag_report.plain_report(memory)
        case _:
            return tag_report.auto_report(memory, dsfid, block_size)


def _uhf_report(model: str, user: str | None, text: str) -> tag_report.Report:
    bank, memory = bytes_from_hex(text), bytes_from_hex(user) if user else b""
    match model:
        case Model.ISO28560_4:
            return tag_report_uhf.iso_report(bank, memory)
        case Model.CULTU:
            return tag_report_uhf.cultu_report(bank, memory)
        case _:
            return tag_report_uhf.auto_report(bank, memory)


def _members(parts: int | None, part: int | None) -> tuple[int, int] | None:
    if parts is None and part is None:
        return None
    if parts is None or part is None:
        raise click.UsageError("--parts and --part go together")
    if part > parts:
        raise click.UsageError(f"part {part} of {parts} can't be")
    return parts, part
