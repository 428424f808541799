from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kiosk.cli import main

SAMPLE = Path(__file__).parents[2] / "systemd" / "kiosk.toml"


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["config", *words])


def test_a_good_file_is_called_good_with_its_devices() -> None:
    plain = run("check", "--config", str(SAMPLE))
    as_json = run("check", "--config", str(SAMPLE), "--json")

    assert plain.exit_code == 0
    assert "pad, card, scanner" in plain.output
    assert json.loads(as_json.output)["devices"] == ["pad", "card", "scanner"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ui]\nprot = 1", "prot"),
        ("[lending]\nmax_books = 99", "max_books"),
        (
            '[[device]]\nname="p"\nrole="pad"\ndriver="feig"\noptions={}',
            "unknown driver 'feig'",
        ),
        (
            '[[device]]\nname="p"\nrole="pad"\ndriver="pn532"\noptions={prot="x"}',
            "prot",
        ),
    ],
)
def test_a_bad_file_is_refused_by_name_and_key(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text(text, "utf-8")

    refused = run("check", "--config", str(path))

    assert refused.exit_code == 1
    assert str(path) in refused.output
    assert words in refused.output


def test_what_counts_is_shown_defaults_included(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.toml"
    path.write_text("[ui]\nport = 9000", "utf-8")

    shown = json.loads(run("show", "--config", str(path), "--json").output)

    assert shown["ui"] == {
        "port": 9000,
        "locale": "zh_Hans",
        "idle_s": 60.0,
        "warning_s": 20.0,
    }
