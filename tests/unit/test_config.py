from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.config import BadConfig, Config, Role, load


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.toml"


def device(name: str = "pad", **changes: str) -> str:
    rows = {"name": f'"{name}"', "role": '"pad"', "driver": '"feig_obid"'} | changes
    return "[[device]]\n" + "".join(f"{key} = {text}\n" for key, text in rows.items())


def test_an_empty_file_means_the_defaults(file: Path) -> None:
    file.write_text("")

    assert load(file) == Config()


def test_everything_can_be_said(file: Path) -> None:
    file.write_text(
        'data = "/srv/kiosk"\n[ui]\nport = 0\nlocale = "en"\n'
        '[sync]\nhub = "https://hub.example"\n[lending]\nask_budget_s = 0\n'
        + device(options='{ port = "/dev/pad" }')
    )

    config = load(file)

    assert (config.folder, config.ui.port) == (Path("/srv/kiosk"), 0)
    assert config.lending.ask_budget_s == 0
    assert config.devices[0].role is Role.PAD
    assert config.devices[0].options == {"port": "/dev/pad"}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[ui]\nprot = 8080", "prot"),
        ("colour = 1", "colour"),
        ('[ui]\nport = "8080"', "$.ui.port"),
        ("[ui]\nport = 70000", "$.ui.port"),
        ("[ui]\nidle_s = 0", "$.ui.idle_s"),
        ("[ui]\nwarning_s = 5", "$.ui.warning_s"),
        ("[lending]\nask_budget_s = 11", "$.lending.ask_budget_s"),
        ("[lending]\nstable_rounds = 0", "$.lending.stable_rounds"),
        ("[lending]\nmax_books = 2.5", "$.lending.max_books"),
        ("ui = 3", "$.ui"),
        (device(role='"drawer"'), "$.device[0].role"),
        (device(name=""), "$.device[0].name"),
        ('[[device]]\nname = "pad"', "role"),
        (device("one") + device("pad") + device("pad"), "pad"),
    ],
)
def test_a_wrong_entry_is_named_with_its_file(file: Path, text: str, key: str) -> None:
    file.write_text(text)

    with pytest.raises(BadConfig) as refused:
        load(file)

    assert str(refused.value).startswith(f"{file}: ")
    assert key in str(refused.value)


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(BadConfig, match=r"kiosk\.toml: No such file"):
        load(file)


@pytest.mark.parametrize("content", [b"[ui\n", b"port = \xff\xfe", b"data = 1 2"])
def test_a_file_that_is_no_toml_is_named(file: Path, content: bytes) -> None:
    file.write_bytes(content)

    with pytest.raises(BadConfig, match=r"kiosk\.toml: "):
        load(file)


def test_a_folder_in_place_of_the_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="directory"):
        load(tmp_path)
