"""The lists of commands: complete, true, and quick to print."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from kiosk.cli import main
from kiosk.lazy_commands import Lazy, LazyGroup
from sync.hub.cli import hub

#: What takes long to import, on a Pi above all.
HEAVY = {"alembic", "cryptography", "flask", "msgspec", "sqlalchemy"}

LISTED = [
    pytest.param(lazy, id=f"{group.name}-{name}")
    for group in (main, hub)
    if isinstance(group, LazyGroup)
    for name, lazy in group.lazy.items()
]


@pytest.mark.parametrize("lazy", LISTED)
def test_line_in_the_list_is_what_the_command_says_of_itself(lazy: Lazy) -> None:
    said = lazy.load().get_short_help_str(limit=200)

    assert lazy.line == said


@pytest.mark.parametrize("words", [["--help"], ["hub", "--help"]])
def test_listing_commands_imports_none_of_them(words: list[str]) -> None:
    program = (
        "import sys; from kiosk.cli import main; "
        f"main({words!r}, standalone_mode=False); "
        f"sys.exit(' '.join({HEAVY!r} & sys.modules.keys()))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert "Commands:" in done.stdout
    assert done.stderr.strip() == ""


def test_unknown_command_is_a_wrong_usage() -> None:
    result = CliRunner().invoke(main, ["lend"])

    assert result.exit_code == click.UsageError.exit_code
    assert "lend" in result.output
