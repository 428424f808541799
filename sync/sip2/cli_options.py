"""Options that all commands share that speak SIP2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import click

from sync.sip2.dialects import DIALECTS, Dialect

Option = Callable[[Callable[..., None]], Callable[..., None]]


def dialect_option(envvar: str | None = None) -> Option:
    return click.option(
        "--dialect",
        envvar=envvar,
        type=click.Choice(sorted(DIALECTS)),
        default="standard",
        show_default=True,
        help="Whose way of speaking.",
    )


def charset_option(envvar: str | None = None) -> Option:
    text = "Instead of the dialect's; auto guesses."
    return click.option("--charset", envvar=envvar, help=text)


DIALECT, CHARSET = dialect_option(), charset_option()
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
