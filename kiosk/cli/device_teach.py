"""`tongjie device teach`: how a card reader must be set for what the county has on file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import click
import msgspec

from drivers.codecs.card_number import NumberRule, candidates, teach

#: The rule's fields by the names of the reader's options.
_OPTIONS = {
    "typed": "typed",
    "typed_order": "byte_order",
    "report": "report",
    "report_order": "report_order",
    "strip_zeros": "strip_zeros",
    "last_digits": "last_digits",
}
_PLAIN = NumberRule()


class Lesson(msgspec.Struct, frozen=True):
    """What one card reader should be told; `others` are rules that fit as well."""

    options: Mapping[str, object]
    others: tuple[Mapping[str, object], ...] = ()


@click.command("teach")
@click.argument("examples", nargs=-1, required=True, metavar="TYPED[=NUMBER]...")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line.")
def teach_numbers(examples: Sequence[str], *, as_json: bool) -> None:
    """Find the options of a card reader from cards of which the number is known.

    TYPED is what the reader types, NUMBER what the county has on file; two or three
    cards settle it. With TYPED alone: every number that it may stand for.
    """
    if len(examples) == 1 and "=" not in examples[0]:
        _show_candidates(examples[0], as_json=as_json)
        return
    rules = teach(_pairs(examples))
    if not rules:
        raise click.ClickException("no rule gives these numbers: is a digit mistyped?")
    lesson = Lesson(options_of(rules[0]), tuple(options_of(one) for one in rules[1:]))
    if as_json:
        click.echo(msgspec.json.encode(lesson))
        return
    click.echo(_toml(lesson.options))
    if lesson.others:
        click.echo(f"# {len(lesson.others)} other rules fit too: show another card")


def options_of(rule: NumberRule) -> dict[str, object]:
    """The options of a reader by which it reports by this rule, defaults left out."""
    return {
        option: getattr(rule, field)
        for field, option in _OPTIONS.items()
        if getattr(rule, field) != getattr(_PLAIN, field)
    }


def _pairs(examples: Sequence[str]) -> dict[str, str]:
    pairs = {}
    for example in examples:
        typed, equals, number = example.partition("=")
        if not (typed and equals and number):
            raise click.UsageError(f"{example!r} is not TYPED=NUMBER")
        pairs[typed] = number.upper()
    return pairs


def _show_candidates(typed: str, *, as_json: bool) -> None:
    found = {number: options_of(rule) for number, rule in candidates(typed).items()}
    if as_json:
        click.echo(msgspec.json.encode(found))
        return
    for number, options in found.items():
        click.echo(f"{number}  {_toml(options)}")


def _toml(options: Mapping[str, object]) -> str:
    values = (f"{name} = {json.dumps(value)}" for name, value in options.items())
    return f"options = {{ {', '.join(values)} }}" if options else "options = {}"
