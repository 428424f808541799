"""The command line `tongjie`: each command's module is imported when it is called."""

from __future__ import annotations

from importlib import import_module

import click

#: Command → "module:attribute".
COMMANDS = {
    "demo": "kiosk.cli.demo:demo",
    "frame": "kiosk.cli.frame:frame",
    "hub": "sync.hub.cli:hub",
    "queue": "kiosk.cli.queue:queue",
    "run": "kiosk.cli.run:run",
    "sync": "sync.agent.cli:sync",
    "tag": "kiosk.cli.tag:tag",
}


class LazyGroup(click.Group):
    """Imports a command only when it is called, so a decoder needs no web server."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  (click's signature)
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tongjie")
def main() -> None:
    """Self-service lending points of a county library."""
