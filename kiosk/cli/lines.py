"""What all decoders share: one argument, or `-` for one input a line; the exit code."""

from __future__ import annotations

import json
import string
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import click

Decode = Callable[[str], Mapping[str, object]]


class PartlyDecoded(ValueError):
    """An input is bad, yet `found` could be read; it stands beside the error."""

    def __init__(self, reason: str, found: Mapping[str, object]) -> None:
        super().__init__(reason)
        self.found = found


def _utf8(line: bytes) -> str:
    """Bytes that are no UTF-8 make a bad line, they do not end the whole run."""
    return line.decode("utf-8", errors="backslashreplace")


def decode_inputs(
    argument: str,
    decode: Decode,
    *,
    as_json: bool,
    read: Callable[[bytes], str] = _utf8,
) -> None:
    """Print what `decode` makes of the argument, or of each line of stdin for `-`.

    `decode` says by a ValueError what is wrong with an input. Every line of stdin, an
    empty one too, gets one line of JSON; a bad one `{"error": …}`. Returns when all was
    good; else ends the command with exit code 1.
    """
    if argument == "-":
        _decode_lines(decode, read)
    else:
        _decode_one(argument, decode, as_json=as_json)


def bytes_from_hex(text: str) -> bytes:
    """Read hex digits of either case; white space is allowed anywhere.

    Raises ValueError that names the first wrong character or the odd count.
    """
    digits = "".join(text.split())
    if not digits:
        raise ValueError("no hex digits given")
    for place, digit in enumerate(digits, start=1):
        if digit not in string.hexdigits:
            raise ValueError(f"{digit!a} at place {place} is no hex digit")
    if len(digits) % 2:
        raise ValueError(f"{len(digits)} hex digits: half a byte is missing")
    return bytes.fromhex(digits)


def print_answer(answer: Mapping[str, object], *, as_json: bool) -> None:
    """One line of JSON, or a listing for people."""
    if as_json:
        click.echo(_json(answer))
    else:
        _print_listing(answer)


def _decode_lines(decode: Decode, read: Callable[[bytes], str]) -> None:
    all_good = True
    for raw in sys.stdin.buffer:
        line = read(raw).strip()
        try:
            answer = decode(line)
        except ValueError as err:
            answer = _refusal(err)
            all_good = False
        click.echo(_json(answer))
    if not all_good:
        raise click.exceptions.Exit(1)


def _decode_one(argument: str, decode: Decode, *, as_json: bool) -> None:
    try:
        answer = decode(argument)
    except ValueError as err:
        if as_json:
            click.echo(_json(_refusal(err)))
            raise click.exceptions.Exit(1) from err
        if isinstance(err, PartlyDecoded):
            _print_listing(err.found)
        raise click.ClickException(str(err)) from err
    print_answer(answer, as_json=as_json)


def _refusal(err: ValueError) -> dict[str, object]:
    found = err.found if isinstance(err, PartlyDecoded) else {}
    return {"error": str(err), **found}


def _print_listing(answer: Mapping[str, object]) -> None:
    for line in _listing(answer):
        click.echo(line)


def _json(answer: Mapping[str, object]) -> str:
    return json.dumps(answer, ensure_ascii=False)


def _listing(content: Mapping[str, object], indent: str = "") -> Iterator[str]:
    for key, value in content.items():
        match value:
            case Mapping():
                yield f"{indent}{key}:"
                yield from _listing(value, f"{indent}  ")
            case list() | tuple():
                yield from _items(key, value, indent)
            case _:
                yield f"{indent}{key}: {value}"


def _items(key: str, values: Sequence[object], indent: str) -> Iterator[str]:
    """Plain values on one line; each mapping as a block of its own, numbered from 1."""
    if not any(isinstance(value, Mapping) for value in values):
        yield f"{indent}{key}: {', '.join(map(str, values)) or 'none'}"
        return
    for number, value in enumerate(values, start=1):
        yield from _listing({f"{key} {number}": value}, indent)
