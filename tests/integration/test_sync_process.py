"""`tongjie sync` as a process, on real databases, against a real HTTP server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kiosk.bell import Bell, agent_bell
from kiosk.identity import Identity, save_identity
from kiosk.link import load_link
from kiosk.service.ports import Draft
from kiosk.store.ledger import SqliteLedger
from kiosk.store.ledger_reader import LedgerReader
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.agent.agent import Agent
from sync.agent.client import HubClient, Signer
from sync.agent.errors import HubUntrusted
from sync.agent.linkwatch import WatchedHub
from sync.keys import key_path, load_or_make_key, public_hex, sign_rules
from sync.protocol import Kind, Removed, RulesChanged, SignedRules
from tests.integration.scripted_hub import HUB_KEY, ScriptedHub
from tests.integration.store_samples import AT, rules
from tests.waiting import eventually

KIOSK = "K-1"
RULES = rules()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder of an enrolled device."""
    load_or_make_key(key_path(tmp_path))
    save_identity(tmp_path, Identity(KIOSK, "S-1", public_hex(HUB_KEY)))
    return tmp_path


@pytest.fixture
def hub(folder: Path) -> Iterator[ScriptedHub]:
    keys = {KIOSK: public_hex(load_or_make_key(key_path(folder)))}
    with ScriptedHub(keys) as made:
        yield made


@pytest.fixture
def ledger(folder: Path) -> Iterator[SqliteLedger]:
    with closing(SqliteLedger(folder / "ledger.db", KIOSK)) as made:
        yield made


def record(ledger: SqliteLedger, *event_ids: str) -> None:
    drafts = [Draft(event_id=name, kind=Kind.CHECKIN, item="B1") for name in event_ids]
    ledger.record(drafts, AT)


def config(folder: Path, hub: str) -> str:
    path = folder / "kiosk.toml"
    path.write_text(f'data = "{folder}"\n[sync]\nhub = "{hub}"\npoll_s = 30\n')
    return str(path)


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "kiosk", "sync", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )


def run(*arguments: str) -> tuple[int, str, str]:
    with start(*arguments) as process:
        output, errors = process.communicate(timeout=30)
    return process.returncode, output, errors


def verdicts(folder: Path, *event_ids: str) -> int:
    return len(MirrorReader(folder / "mirror.db").verdicts(event_ids))


def await_verdicts(folder: Path, *event_ids: str) -> None:
    eventually(
        lambda: verdicts(folder, *event_ids) == len(event_ids),
        f"verdicts on {', '.join(event_ids)}",
    )


@pytest.mark.slow
def test_one_turn_brings_both_sides_in_step(
    folder: Path, hub: ScriptedHub, ledger: SqliteLedger
) -> None:
    record(ledger, "a", "b")
    hub.changes = [Removed(what="item", key="x")]

    code, output, _ = run("--config", config(folder, hub.url), "--once", "--json")

    assert code == 0
    assert json.loads(output) == {"cursor": 1, "pending": 0}
    assert verdicts(folder, "a", "b") == 2


@pytest.mark.slow
def test_one_turn_without_a_hub_fails_with_a_reason(
    folder: Path, ledger: SqliteLedger
) -> None:
    record(ledger, "a")

    code, _, errors = run("--config", config(folder, "http://127.0.0.1:1"), "--once")

    assert code == 1
    assert "no connection to the hub" in errors


@pytest.mark.slow
def test_a_device_without_identity_is_told_to_enrol(tmp_path: Path) -> None:
    code, _, errors = run("--config", config(tmp_path, "https://hub.example"), "--once")

    assert code == 1
    assert "enrol" in errors


@pytest.mark.slow
def test_the_agent_hears_the_bell_and_ends_cleanly_on_sigterm(
    folder: Path, hub: ScriptedHub, ledger: SqliteLedger
) -> None:
    record(ledger, "a")
    with start("--config", config(folder, hub.url)) as process:
        await_verdicts(folder, "a")
        record(ledger, "b")
        bell = Bell(agent_bell(folder))
        bell.ring()
        await_verdicts(folder, "a", "b")
        online = load_link(folder).online

        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
        bell.close()

    assert online
    assert process.returncode == 0
    assert not agent_bell(folder).exists()


@pytest.mark.slow
def test_a_second_agent_is_refused(
    folder: Path, hub: ScriptedHub, ledger: SqliteLedger
) -> None:
    with closing(MirrorWriter(folder / "mirror.db", public_hex(HUB_KEY))):
        code, _, errors = run("--config", config(folder, hub.url), "--once")

    assert code == 1
    assert "another process" in errors
    assert ledger.head().seq == 0


@pytest.fixture
def agent(folder: Path, hub: ScriptedHub) -> Iterator[Agent]:
    client = HubClient(hub.url, Signer(load_or_make_key(key_path(folder)), KIOSK), 2)
    with closing(MirrorWriter(folder / "mirror.db", public_hex(HUB_KEY))) as mirror:
        made = Agent(
            WatchedHub(client, folder, 1.5),
            LedgerReader(folder / "ledger.db"),
            mirror,
            folder,
            poll_s=15,
            stop=threading.Event(),
        )
        yield made
        made.close()
    client.close()


def test_an_agent_that_starts_before_the_kiosk_waits_for_the_ledger(
    folder: Path, agent: Agent
) -> None:
    too_early = agent.turn()
    with closing(SqliteLedger(folder / "ledger.db", KIOSK)) as ledger:
        record(ledger, "a")
        error = agent.turn()

    assert too_early is not None
    assert error is None
    assert verdicts(folder, "a") == 1


def test_signed_rules_reach_the_mirror(
    folder: Path, hub: ScriptedHub, ledger: SqliteLedger, agent: Agent
) -> None:
    record(ledger, "a")
    hub.changes = [RulesChanged(sign_rules(HUB_KEY, RULES))]

    error = agent.turn()

    assert error is None
    assert MirrorReader(folder / "mirror.db").rules() == RULES


def test_forged_rules_are_not_used_and_hold_up_no_event(
    folder: Path, hub: ScriptedHub, ledger: SqliteLedger, agent: Agent
) -> None:
    record(ledger, "a")
    hub.changes = [RulesChanged(SignedRules(rules=RULES, signature="00" * 64))]

    error = agent.turn()

    assert isinstance(error, HubUntrusted)
    assert MirrorReader(folder / "mirror.db").rules() is None
    assert verdicts(folder, "a") == 1


def test_a_ledger_made_anew_goes_on_in_an_epoch_of_its_own(
    folder: Path, hub: ScriptedHub, ledger: SqliteLedger, agent: Agent
) -> None:
    record(ledger, "a", "b")
    agent.turn()
    ledger.close()
    for file in folder.glob("ledger.db*"):
        file.unlink()

    with closing(SqliteLedger(folder / "ledger.db", KIOSK)) as fresh:
        record(fresh, "c")
        error = agent.turn()

    assert error is None
    assert len(hub.events) == 3
    assert verdicts(folder, "a", "b", "c") == 3
