"""Options that the commands of `tongjie sip2` share."""

from __future__ import annotations

from dataclasses import replace

import click

from sync.sip2.dialects import DIALECTS, Dialect

DIALECT = click.option(
    "--dialect",
    type=click.Choice(sorted(DIALECTS)),
    default="standard",
    show_default=True,
    help="Whose way of speaking.",
)
CHARSET = click.option("--charset", help="Instead of the dialect's; auto guesses.")
PERSONAL = click.option(
    "--show-personal", is_flag=True, help="Show names, card numbers and passwords."
)
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def dialect_of(name: str, charset: str | None) -> Dialect:
    dialect = DIALECTS[name]
    if charset is None:
        return dialect
    try:
        return replace(dialect, charset=charset)
    except ValueError as err:
        raise click.BadParameter(str(err), param_hint="--charset") from err
