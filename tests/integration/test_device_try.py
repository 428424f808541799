"""`tongjie device test`, on emulated devices at real ports."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from gpiozero import Device as Pins
from gpiozero.pins.mock import MockFactory

from drivers.emulators.pty import Pty
from drivers.emulators.receipt_printer import ReceiptPrinterEmulator
from drivers.transports.serial_port import SerialPort
from kiosk.cli import device_try
from tests.emulated_devices import CARD, CODE, PERSONAL
from tests.integration.device_command import (
    BY_NAME,
    SECONDS,
    configure,
    configured,
    device,
    events,
)


def test_tags_are_told_once_and_masked(tmp_path: Path) -> None:
    with configured(BY_NAME["feig_obid"], tmp_path) as config:
        result = device("test", "it", "--config", str(config), *SECONDS, "--json")

    opened, *told = events(result)
    assert opened == {"event": "open", "device": "it", "driver": "feig_obid"}
    assert told == [
        {
            "event": "tags_on_pad",
            "count": 1,
            "tags": [{"uid": "…C3D", "afi": "07", "memory_bytes": 32}],
        }
    ]


def test_card_is_masked_even_when_all_is_to_be_shown(tmp_path: Path) -> None:
    with configured(BY_NAME["pn532"], tmp_path) as config:
        result = device("test", "it", "--config", str(config), *SECONDS, "--full")

    assert "card seen: card=…D25 kind=iso14443" in result.stdout
    assert CARD not in result.output


@pytest.mark.parametrize(("words", "code"), [([], "…207"), (["--full"], CODE)])
def test_code_is_shown_whole_only_when_asked(
    tmp_path: Path, words: list[str], code: str
) -> None:
    with configured(BY_NAME["gm65"], tmp_path) as config:
        result = device(
            "test", "it", "--config", str(config), *SECONDS, "--json", *words
        )

    scanned = {"event": "code_scanned", "code": code, "length": 13}
    assert {"event": "triggered"} in events(result)
    assert scanned in events(result)


def test_printer_prints_a_slip(tmp_path: Path) -> None:
    printer = ReceiptPrinterEmulator()
    pty = Pty(tmp_path / "port", printer.answer)
    pty.start()
    config = configure(tmp_path, "escpos", "printer", port=str(pty.path))

    result = device("test", "it", "--config", str(config), "--seconds", "0")
    pty.stop()

    assert result.exit_code == 0
    assert "test slip: outcome=printed" in result.stdout
    assert "本机打印正常".encode("gbk") in printer.printed


def test_printer_without_paper_fails_with_the_reason(tmp_path: Path) -> None:
    printer = ReceiptPrinterEmulator()
    printer.set_paper_out(out=True)
    pty = Pty(tmp_path / "port", printer.answer)
    pty.start()
    config = configure(tmp_path, "escpos", "printer", port=str(pty.path))

    result = device("test", "it", "--config", str(config), "--seconds", "0")
    pty.stop()

    assert result.exit_code == 1
    assert "it: the test slip was not printed: no paper" in result.stderr


def test_lights_are_shown_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_try, "LIGHT_S", 0.01)
    monkeypatch.setattr(Pins, "pin_factory", MockFactory())
    config = tmp_path / "kiosk.toml"
    config.write_text(
        '[[device]]\nname = "it"\nrole = "point"\ndriver = "gpio"\n'
        "options = { ready_light = { pin = 17 } }\n",
        "utf-8",
    )

    result = device("test", "it", "--config", str(config), "--seconds", "0", "--json")

    lit = [one["light"] for one in events(result) if one["event"] == "light"]
    assert lit == ["ready", "busy", "attention", "fault"]


def test_device_that_is_not_there_is_named_with_the_reason(tmp_path: Path) -> None:
    config = configure(tmp_path, "feig_obid", port=str(tmp_path / "nothing"))

    result = device("test", "it", "--config", str(config))

    assert result.exit_code == 1
    assert "it: " in result.stderr
    assert "nothing: No such file" in result.stderr
    assert "stop it" not in result.stderr


def test_port_in_use_says_how_to_stop_the_kiosk(tmp_path: Path) -> None:
    with configured(BY_NAME["feig_obid"], tmp_path) as config:
        kiosk = SerialPort(str(tmp_path / "port"))
        result = device("test", "it", "--config", str(config))
        kiosk.close()

    assert result.exit_code == 1
    assert "in use by another program" in result.stderr
    assert "systemctl stop tongjie-kiosk" in result.stderr


def test_device_that_vanishes_ends_the_test_with_the_reason(tmp_path: Path) -> None:
    pty = Pty(tmp_path / "port", lambda _received: [])
    pty.start()
    config = configure(tmp_path, "line_scanner", "scanner", port=str(pty.path))
    pulled = threading.Timer(0.2, pty.unplug)
    pulled.start()

    result = device("test", "it", "--config", str(config), "--seconds", "20")
    pulled.join()
    pty.stop()

    assert result.exit_code == 1
    assert "it: " in result.stderr
    assert "unplugged" in result.stderr


@pytest.mark.parametrize("command", ["test", "trace record --out x"])
def test_unknown_name_is_answered_with_those_there_are(
    tmp_path: Path, command: str
) -> None:
    config = configure(tmp_path, "feig_obid", port="/dev/pad")

    result = device(*command.split(), "pda", "--config", str(config))

    assert result.exit_code == 1
    assert "'pda'" in result.stderr
    assert "there are: it" in result.stderr


def test_bad_option_of_a_device_is_named(tmp_path: Path) -> None:
    config = configure(tmp_path, "feig_obid", prot="/dev/pad")

    result = device("test", "it", "--config", str(config))

    assert result.exit_code == 1
    assert "it: driver 'feig_obid'" in result.stderr


def test_missing_library_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_without(_self: object) -> None:
        raise ModuleNotFoundError("No module named 'evdev'", name="evdev")

    monkeypatch.setattr("drivers.cards.wedge.WedgeCardReader.open", open_without)
    config = configure(tmp_path, "wedge_card", "card", port="/dev/input/event99")

    result = device("test", "it", "--config", str(config))

    assert result.exit_code == 1
    assert "it: the Python package 'evdev' is not installed" in result.stderr


def test_personal_device_is_tested_without_a_word_of_its_card(tmp_path: Path) -> None:
    with configured(PERSONAL, tmp_path) as config:
        result = device("test", "it", "--config", str(config), *SECONDS, "--json")

    assert events(result) == [{"event": "open", "device": "it", "driver": "samv"}]
