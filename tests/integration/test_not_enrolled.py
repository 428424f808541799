"""A kiosk and its agent whose identity is missing or damaged: they say so, and wait."""

from __future__ import annotations

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from kiosk.identity import identity_path
from kiosk.store.ledger import SqliteLedger
from sync.keys import key_path, load_or_make_key
from tests.demo import Touchscreen
from tests.integration.store_samples import KIOSK
from tests.integration.test_daemon import PATIENCE_S, Place
from tests.integration.test_ledger_readonly import screen, started
from tests.waiting import eventually

NEW, DAMAGED = "E-NOT-ENROLLED", "E-IDENTITY"
pytestmark = pytest.mark.slow


def says(url: str, words: str) -> bool:
    try:
        return words in screen(url)
    except OSError:
        return False


def damage(place: Place) -> None:
    identity_path(place.folder).write_text("{")


def test_a_kiosk_that_is_not_enrolled_says_so_until_it_is(tmp_path: Path) -> None:
    place = Place(tmp_path, ExitStack())
    with started(place) as (process, url):
        eventually(lambda: says(url, NEW), "its state on the screen")
        assert not Touchscreen(url).touch("borrow")

        place.enrol()
        eventually(lambda: place.health().ready, "the kiosk at work")

        assert not says(url, NEW)
        assert process.poll() is None


def test_a_damaged_identity_is_on_the_screen_and_in_the_log(tmp_path: Path) -> None:
    place = Place(tmp_path, ExitStack())
    damage(place)
    with started(place) as (process, url):
        eventually(lambda: says(url, DAMAGED), "its state on the screen")
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert "identity.json" in errors
    assert "enrol --again" in errors
    assert "Traceback" not in errors
    assert not (place.folder / "ledger.db").exists()


def test_what_is_in_the_way_may_change(tmp_path: Path) -> None:
    place = Place(tmp_path, ExitStack())
    (place.folder / "ledger.lock").mkdir()
    with started(place) as (_, url):
        eventually(lambda: says(url, NEW), "no identity yet")
        place.enrol()
        eventually(lambda: says(url, "E-LEDGER-DOWN"), "no ledger either")


def test_an_agent_waits_for_its_identity_and_its_key(tmp_path: Path) -> None:
    place = Place(tmp_path, ExitStack())
    SqliteLedger(place.folder / "ledger.db", KIOSK).close()
    with subprocess.Popen(
        [sys.executable, "-m", "kiosk", "sync", "--config", str(place.config)],
        stderr=subprocess.PIPE,
        text=True,
    ) as agent:
        assert agent.stderr is not None
        assert "not enrolled yet" in agent.stderr.readline()
        place.enrol()
        assert "device.key" in agent.stderr.readline()

        load_or_make_key(key_path(place.folder))
        bell = place.folder / "agent.bell"
        eventually(bell.exists, "the agent at work")
        agent.terminate()
        agent.communicate(timeout=PATIENCE_S)

    assert agent.returncode == 0
