"""A running agent takes in what a stick brought, with a network and without one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.bell import agent_bell
from kiosk.link import load_link
from sync.agent.stick_inbox import StickInbox
from tests.integration.stick_world import Point, Town, lines, town
from tests.waiting import eventually

__all__ = ["town"]

#: A port on which nobody listens.
NOBODY = "http://127.0.0.1:9"
WAIT_S = "60"


@contextmanager
def agent(point: Point, hub: str) -> Iterator[subprocess.Popen[str]]:
    """`tongjie sync` as a process that listens to its bell."""
    config = point.folder / "kiosk.toml"
    config.write_text(f'data = "{point.folder}"\n[sync]\nhub = "{hub}"\npoll_s = 1\n')
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", "sync", "--config", str(config)],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    try:
        eventually(agent_bell(point.folder).exists, "the agent listens")
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def answered(town: Town, point: Point) -> Path:
    """An answer to something that happened at this point."""
    point.takes_back("YL0001")
    report = point.exports(town.stick)
    return Path(town.imports(report)[-1]["file"])


@pytest.mark.slow
@pytest.mark.parametrize("hub", ["", NOBODY], ids=["no network", "network down"])
def test_running_agent_applies_what_a_command_brings(town: Town, hub: str) -> None:
    point = town.point()
    answer = answered(town, point)

    with agent(point, hub) as process:
        done = point.run("import", str(answer), "--wait", WAIT_S)

        assert done.exit_code == 0, done.output
        assert lines(done)[0]["verdicts"] == 1
        assert point.pending() == 0
        link = load_link(point.folder)
        assert (link.online, link.diverged) == (False, ())

    assert process.returncode == 0


@pytest.mark.slow
def test_agent_without_a_network_applies_what_it_finds_at_its_start(
    town: Town,
) -> None:
    point = town.point()
    StickInbox(point.folder).put(answered(town, point))

    with agent(point, ""):
        eventually(lambda: point.pending() == 0, "the agent applies what waits")

    assert not StickInbox(point.folder).waiting()


@pytest.mark.slow
def test_rolled_back_card_is_found_by_the_answer_of_a_stick(town: Town) -> None:
    point = town.point()
    point.takes_back("YL0001")
    ledger = point.folder / "ledger.db"
    old = ledger.read_bytes()
    point.imports(answered(town, point))
    ledger.write_bytes(old)

    with agent(point, ""):
        eventually(lambda: load_link(point.folder).diverged, "the kiosk is told")

    assert load_link(point.folder).diverged == (point.recorded[0].epoch,)


def test_damaged_answer_is_named_and_the_good_part_counts(town: Town) -> None:
    point = town.point()
    answer = answered(town, point)
    raw = answer.read_bytes()
    answer.write_bytes(raw[: len(raw) - 30])

    done = point.run("import", str(answer))

    assert done.exit_code == 1
    (applied,) = lines(done)
    assert applied["verdicts"] == 1
    assert applied["pages"] == 0
    assert any("cut off" in problem for problem in applied["problems"])
    assert point.pending() == 0
    assert point.mirror().status().cursor == 0


def test_damaged_report_is_named_and_the_good_part_counts(town: Town) -> None:
    point = town.point()
    point.takes_back("YL0001")
    report = point.exports(town.stick)
    torn = report.with_name(report.name + ".part")
    torn.write_bytes(report.read_bytes() + b"TJSTICK1 and then the stick was pulled")
    report.unlink()

    done = town.run("import", str(town.stick), "--answer")

    assert done.exit_code == 1
    imported, answer = lines(done)
    assert imported["new"] == 1
    assert len(imported["problems"]) == 1
    assert torn.name == imported["file"]
    assert point.imports(Path(answer["file"]))[0]["verdicts"] == 1


def test_card_without_room_says_so_and_keeps_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    point = town.point()
    answer = answered(town, point)
    monkeypatch.setattr("sync.agent.stick_inbox.RESERVE_BYTES", 1 << 60)

    refused = point.run("import", str(answer))

    assert refused.exit_code == 1
    assert "no room on the kiosk's own card" in refused.output
    assert not StickInbox(point.folder).waiting()


def test_stick_without_anything_for_us_says_so(town: Town) -> None:
    point = town.point()

    nothing_here = point.run("import", str(town.stick))
    nothing_there = town.run("import", str(town.stick))

    assert nothing_here.exit_code == nothing_there.exit_code == 1
    assert point.kiosk_id in nothing_here.output
    assert "no report" in nothing_there.output
