"""`tongjie device trace`: written down from a real port, and played again."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.emulators.pty import Pty
from drivers.transports.trace import parse_trace
from tests.contract.test_traces import TRACES
from tests.emulated_devices import KINDS, Kind
from tests.integration.device_command import (
    BY_NAME,
    SECONDS,
    configure,
    configured,
    device,
)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.driver)
def test_what_was_recorded_tells_the_same_when_it_is_replayed(
    tmp_path: Path, kind: Kind
) -> None:
    out = tmp_path / "it.trace"
    with configured(kind, tmp_path) as config:
        recorded = device(
            *("trace", "record", "it", "--config", str(config)),
            *("--out", str(out), *SECONDS),
        )

    replayed = device("trace", "replay", str(out), "--driver", kind.driver)

    assert recorded.exit_code == replayed.exit_code == 0, replayed.output
    assert replayed.stdout.splitlines() == recorded.stdout.splitlines()[:-1]
    assert recorded.stdout.splitlines()[-1] == f"written to {out}"


def test_frames_are_explained_in_remarks(tmp_path: Path) -> None:
    out = tmp_path / "it.trace"
    with configured(BY_NAME["feig_obid"], tmp_path) as config:
        device(
            *("trace", "record", "it", "--config", str(config)),
            *("--out", str(out), "--seconds", "0"),
        )

    first, *rest = out.read_text("ascii").splitlines()
    lines = parse_trace(rest)
    assert first.startswith("# feig_obid")
    assert out.stat().st_mode & 0o777 == 0o600
    assert [line.direction for line in lines] == [">", "<"]
    assert all(line.remark for line in lines)


def test_trace_of_a_device_that_fails_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "it.trace"
    pty = Pty(tmp_path / "port", lambda _received: [b"\x05\x05"])
    pty.start()
    config = configure(tmp_path, "r2000", port=str(pty.path), reply_timeout_s=0.1)

    result = device("trace", "record", "it", "--config", str(config), "--out", str(out))
    pty.stop()

    assert result.exit_code == 1
    assert "it: " in result.stderr
    assert "< 05 05" in out.read_text("ascii")


def test_existing_file_is_never_written_over(tmp_path: Path) -> None:
    out = tmp_path / "it.trace"
    out.write_text("precious", "ascii")
    config = configure(tmp_path, "feig_obid", port="/dev/pad")

    result = device("trace", "record", "it", "--config", str(config), "--out", str(out))

    assert result.exit_code == 1
    assert "it.trace: File exists" in result.stderr
    assert out.read_text("ascii") == "precious"


@pytest.mark.parametrize(
    ("driver", "why"),
    [("samv", "personal"), ("wedge_card", "key presses"), ("camera", "pictures")],
)
def test_what_has_no_trace_is_refused_with_the_reason(
    tmp_path: Path, driver: str, why: str
) -> None:
    out = tmp_path / "it.trace"
    config = configure(tmp_path, driver, "card", port="/dev/x")

    recorded = device(
        "trace", "record", "it", "--config", str(config), "--out", str(out)
    )
    replayed = device(
        "trace", "replay", str(TRACES / "pn532.trace"), "--driver", driver
    )

    for result in (recorded, replayed):
        assert result.exit_code == 1
        assert why in result.stderr
        assert driver in result.stderr
    assert not out.exists()


def test_replay_with_other_options_says_what_differs() -> None:
    result = device(
        *("trace", "replay", str(TRACES / "r2000.trace"), "--driver", "r2000"),
        *("--options", "address=1", "--options", "region=etsi"),
    )

    assert result.exit_code == 1
    assert "r2000.trace" in result.stderr
    assert "sent A0 03 01 72 EA, the trace has A0 03 FF 72 EC" in result.stderr


def test_replay_that_waits_for_another_question_ends(tmp_path: Path) -> None:
    path = tmp_path / "odd.trace"
    path.write_text("< 39 37 38 37 30 32 0D\n> 16 54 0D\n< 31 32 33 34 0D\n", "ascii")

    result = device("trace", "replay", str(path), "--driver", "line_scanner", "--full")

    assert result.exit_code == 1
    assert "code=978702" in result.stdout
    assert "never asks" in result.stderr


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (["nonsense"], "'nonsense' is not KEY=VALUE", 2),
        (["=1"], "'=1' is not KEY=VALUE", 2),
        (["colour=red"], "colour", 1),
        (["address=many"], "address", 1),
    ],
)
def test_wrong_option_is_named(options: list[str], words: str, code: int) -> None:
    given = [word for one in options for word in ("--options", one)]

    result = device(
        "trace", "replay", str(TRACES / "r2000.trace"), "--driver", "r2000", *given
    )

    assert result.exit_code == code
    assert words in result.stderr


def test_unknown_driver_is_answered_with_those_there_are() -> None:
    result = device("trace", "replay", str(TRACES / "r2000.trace"), "--driver", "r2")

    assert result.exit_code == 1
    assert "unknown driver 'r2'; known:" in result.stderr
