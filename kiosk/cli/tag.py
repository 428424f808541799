"""`tongjie tag`: what is written on a library tag, and what would have to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial

import click

from drivers.tagdata import elements, iso28560_2, iso28560_3, layout, plain
from drivers.tagdata.detect import Model
from drivers.tagdata.errors import BadTagData
from kiosk.cli import tag_report
from kiosk.cli.lines import bytes_from_hex, decode_inputs

_WRITABLE = [Model.ISO28560_2.value, Model.ISO28560_3.value, tag_report.PLAIN]
#: German libraries mark ISO 28560-3 like this; others leave 00.
_DANISH_DSFID = 0x3E
_SHORT_OWNER_BYTES = 11


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be written beside the item; None where nothing is said."""

    owner: str | None
    members: tuple[int, int] | None
    usage: int | None
    size: int | None
    block_size: int


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
    "--model",
    type=click.Choice(["auto", *_WRITABLE]),
    default="auto",
    show_default=True,
)
@click.option(
    "--dsfid",
    metavar="HH",
    callback=_hex_byte,
    help="The tag's DSFID; 06 means ISO 28560-2.",
)
@click.option("--block-size", type=click.IntRange(1, 32), default=4, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
@click.argument("memory_hex", metavar="HEX")
def decode(
    model: str, dsfid: int | None, block_size: int, memory_hex: str, *, as_json: bool
) -> None:
    """Explain a tag's memory given as HEX, or each line of standard input for "-"."""

    def report(text: str) -> tag_report.Report:
        memory = bytes_from_hex(text)
        match model:
            case Model.ISO28560_2:
                return tag_report.library_report(memory)
            case Model.ISO28560_3:
                return tag_report.danish_report(memory, block_size)
            case tag_report.PLAIN:
                return tag_report.plain_report(memory)
            case _:
                return tag_report.auto_report(memory, dsfid, block_size)

    decode_inputs(memory_hex, report, as_json=as_json)


@tag.command("encode")
@click.option("--model", type=click.Choice(_WRITABLE), required=True)
@click.option("--item", required=True, help='Barcode; "-" for one a line.')
@click.option("--owner", metavar="ISIL", help="The owning library.")
@click.option("--parts", type=click.IntRange(1, 255), help="Parts of the set.")
@click.option("--part", type=click.IntRange(1, 255), help="Which of them this is.")
@click.option(
    "--usage",
    metavar="HH",
    callback=_hex_byte,
    help="Type of usage, 10 is circulating.",
)
@click.option("--size", type=click.IntRange(1), help="Bytes of memory, filled with 00.")
@click.option("--block-size", type=click.IntRange(1, 32), default=4, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on one line.")
def encode(
    model: str,
    item: str,
    owner: str | None,
    parts: int | None,
    part: int | None,
    usage: int | None,
    size: int | None,
    block_size: int,
    *,
    as_json: bool,
) -> None:
    """Make the memory of a tag; nothing is written anywhere."""
    wish = Wish(owner, _members(parts, part), usage, size, block_size)
    decode_inputs(item, partial(_encode, model, wish), as_json=as_json)


def _members(parts: int | None, part: int | None) -> tuple[int, int] | None:
    if parts is None and part is None:
        return None
    if parts is None or part is None:
        raise click.UsageError("--parts and --part go together")
    if part > parts:
        raise click.UsageError(f"part {part} of {parts} can't be")
    return parts, part


def _encode(model: str, wish: Wish, item: str) -> tag_report.Report:
    match model:
        case Model.ISO28560_2:
            memory, dsfid = _library_memory(item, wish), iso28560_2.DSFID
        case Model.ISO28560_3:
            memory, dsfid = _danish_memory(item, wish), _DANISH_DSFID
        case _:
            memory, dsfid = _plain_memory(item, wish), 0
    if wish.size is not None:
        memory = layout.image(memory, wish.size)
    return {
        "model": model,
        "item": item,
        "owner": wish.owner,
        "dsfid": f"{dsfid:02X}",
        "hex": memory.hex().upper(),
    }


def _library_memory(item: str, wish: Wish) -> bytes:
    values = {elements.PII: item}
    if wish.owner:
        values[elements.OWNER] = wish.owner
    if wish.members:
        values[elements.SET_INFORMATION] = elements.set_text(*wish.members)
    if wish.usage is not None:
        values[elements.TYPE_OF_USAGE] = f"{wish.usage:02X}"
    return layout.compose(values, block_size=wish.block_size)


def _danish_memory(item: str, wish: Wish) -> bytes:
    parts, part = wish.members or (1, 1)
    owner = iso28560_3.from_isil(wish.owner or "")
    block = iso28560_3.BasicBlock(
        item, owner, parts=parts, part=part, usage=_main_use(wish.usage)
    )
    short = len(owner.encode()) <= _SHORT_OWNER_BYTES
    return iso28560_3.to_bytes(
        block, iso28560_3.SHORT_BLOCK if short else iso28560_3.LONG_BLOCK
    )


def _main_use(usage: int | None) -> int:
    """Take the main use of a byte like 10; ISO 28560-3 has no room for a qualifier."""
    if usage is None:
        return 1
    if usage > 0x0F and usage & 0x0F:
        raise BadTagData(f"usage {usage:02X}: ISO 28560-3 has no qualifier")
    return usage >> 4 or usage


def _plain_memory(item: str, wish: Wish) -> bytes:
    if wish.owner or wish.members or wish.usage is not None:
        raise BadTagData("a plain tag carries the item and nothing else")
    return plain.encode(item)
