"""A group of commands whose modules are imported only when they are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Lazy:
    """Where a command is, as "module:attribute", and its line in the list of all."""

    where: str
    line: str

    def load(self) -> click.Command:
        module, _, attribute = self.where.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


class LazyGroup(click.Group):
    """Imports a command only when it is called, and none to list them all."""

    def __init__(self, *, lazy: Mapping[str, Lazy], **attributes: Any) -> None:
        # `attributes` are whatever click.group hands to a group.
        super().__init__(**attributes)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return sorted(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        found = self.lazy.get(cmd_name)
        return found.load() if found else None

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the list without asking the commands themselves."""
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, self.lazy[name].line) for name in self.list_commands(ctx)]
            )
