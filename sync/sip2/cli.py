"""`tongjie sip2`: read and make messages, and ask a library system something."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from kiosk.cli.lines import PartlyDecoded, bytes_from_hex, decode_inputs
from sync.sip2 import wire
from sync.sip2.cli_call import call
from sync.sip2.cli_options import CHARSET, DIALECT, JSON, PERSONAL, dialect_of
from sync.sip2.dialects import Dialect
from sync.sip2.shown import as_json as shown_as_json
from sync.sip2.shown import as_listing, from_json
from sync.sip2.trailer import ChecksumStatus

Show = Callable[..., dict[str, Any]]


@click.group()
def sip2() -> None:
    """Speak SIP2, the language of library systems."""


@sip2.command("decode")
@DIALECT
@CHARSET
@PERSONAL
@JSON
@click.option("--hex", "is_hex", is_flag=True, help="The line is given in hex.")
@click.argument("line", default="-")
def decode(
    dialect: str,
    charset: str | None,
    line: str,
    *,
    show_personal: bool,
    as_json: bool,
    is_hex: bool,
) -> None:
    """Explain one LINE, or each line of standard input for "-"."""
    speech = dialect_of(dialect, charset)
    show: Show = shown_as_json if as_json or line == "-" else as_listing
    to_bytes = bytes_from_hex if is_hex else partial(_to_bytes, speech)
    explain = partial(
        _explain, speech, to_bytes, partial(show, show_personal=show_personal)
    )
    decode_inputs(line, explain, as_json=as_json, read=_as_it_came)


@sip2.command("encode")
@DIALECT
@CHARSET
@JSON
@click.argument("message_json", metavar="MESSAGE", default="-")
def encode(
    dialect: str, charset: str | None, message_json: str, *, as_json: bool
) -> None:
    """Make a line of a MESSAGE in JSON, or of each line of standard input for "-"."""
    decode_inputs(
        message_json, partial(_make, dialect_of(dialect, charset)), as_json=as_json
    )


sip2.add_command(call)


def _as_it_came(line: bytes) -> str:
    """Text from which the same bytes can be made again, in whatever charset they are."""
    return line.decode("ascii", errors="surrogateescape")


def _to_bytes(dialect: Dialect, text: str) -> bytes:
    """An argument is text, to be sent in the dialect's charset."""
    try:
        return text.encode("ascii", errors="surrogateescape")
    except UnicodeEncodeError:
        return dialect.encode(text)


def _explain(
    dialect: Dialect, to_bytes: Callable[[str], bytes], show: Show, text: str
) -> dict[str, Any]:
    message = wire.decode(to_bytes(text), dialect)
    found = show(message)
    if message.checksum is ChecksumStatus.MISMATCH:
        raise PartlyDecoded(f"message {message.message_id}: wrong check sum", found)
    return found


def _make(dialect: Dialect, text: str) -> dict[str, object]:
    line = wire.encode(from_json(text), dialect)
    return {"line": dialect.decode(line)[0], "hex": line.hex().upper()}
