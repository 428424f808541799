"""`tongjie queue retry`: what the hub did not take goes again because a person asks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kiosk.bell import Bell, agent_bell
from kiosk.cli import main
from kiosk.store.ledger import SqliteLedger
from sync.agent.retry import Asked, Retried, RetryInbox
from sync.protocol import Outcome
from tests.integration.agent_world import World, everything_arrived, here
from tests.integration.store_samples import KIOSK, record_facts
from tests.waiting import eventually

__all__ = ["here"]

ALL = Asked()


def ask(here: World, asked: Asked) -> Retried | None:
    """Ask, and let the agent have its next turn."""
    inbox = RetryInbox(here.folder)
    name = inbox.put(asked)
    here.agent.turn()
    return inbox.outcome(name)


def test_all_that_is_held_back_is_sent_at_once(here: World) -> None:
    events = here.ledger.record(4)
    here.hub.unreadable = {events[1].event_id, events[2].event_id}
    here.agent.turn()
    here.hub.unreadable.clear()
    here.agent.turn()
    assert here.link().held_back == 2

    assert ask(here, ALL) == Retried(tried=2, still_waiting=0)

    assert everything_arrived(here)
    assert here.link().held_back == 0


def test_a_deferred_event_is_sent_at_once_too(here: World) -> None:
    (event,) = here.ledger.record()
    here.hub.outcomes = {event.event_id: Outcome.DEFERRED}
    here.agent.turn()
    here.hub.outcomes = {}

    assert ask(here, ALL) == Retried(tried=1, still_waiting=0)

    assert here.mirror.verdicts[event.event_id].outcome is Outcome.ACCEPTED


def test_only_what_is_named_is_sent(here: World) -> None:
    events = here.ledger.record(3)
    here.hub.unreadable = {event.event_id for event in events[:2]}
    here.agent.turn()
    here.hub.unreadable.clear()

    assert ask(here, Asked((("e1", 2), ("e1", 3)))) == Retried(1, 0)

    assert here.hub.seqs("e1") == [2, 3]
    assert here.link().held_back == 1


def test_what_the_hub_still_can_not_take_is_held_back_again(here: World) -> None:
    (event,) = here.ledger.record()
    here.hub.unreadable = {event.event_id}
    here.agent.turn()
    tries = len(here.hub.arrivals)

    assert ask(here, ALL) == Retried(tried=1, still_waiting=1)

    here.agent.turn()
    assert len(here.hub.arrivals) - tries <= 1
    assert here.link().held_back == 1


def test_a_request_nobody_can_read_holds_nothing_up(here: World) -> None:
    inbox = RetryInbox(here.folder)
    inbox.place_for("x.json").write_bytes(b"{")
    here.ledger.record()

    assert here.agent.turn() is None

    assert everything_arrived(here)
    assert inbox.waiting() == ()


# The command ----------------------------------------------------------------------


def run(data: Path, *words: str) -> Result:
    return CliRunner().invoke(
        main, ["queue", "retry", "--data", str(data), "--json", *words]
    )


@contextmanager
def running(here: World) -> Iterator[None]:
    """The agent at work, as its process has it."""
    thread = threading.Thread(target=here.agent.run, name="agent")
    thread.start()
    try:
        eventually(agent_bell(here.folder).exists, "the agent listens")
        yield
    finally:
        here.stop.set()
        with closing(Bell(agent_bell(here.folder))) as bell:
            bell.ring()
        thread.join(20)


def test_the_command_reaches_a_running_agent(here: World) -> None:
    events = here.ledger.record(2)
    here.hub.unreadable = {events[0].event_id}
    with running(here):
        eventually(lambda: here.link().held_back == 1, "one is held back")
        here.hub.unreadable.clear()

        done = run(here.folder, "--all")

        assert done.exit_code == 0, done.output
        assert json.loads(done.stdout) == {"tried": 1, "still_waiting": 0}
    assert everything_arrived(here)


def test_the_command_says_when_it_was_in_vain(here: World) -> None:
    (event,) = here.ledger.record()
    here.hub.unreadable = {event.event_id}
    with running(here):
        eventually(lambda: here.link().held_back == 1, "one is held back")

        done = run(here.folder, "--all")

    assert done.exit_code == 1
    assert json.loads(done.stdout) == {"tried": 1, "still_waiting": 1}


def test_without_an_agent_it_says_so_and_leaves_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "--all", "--wait", "0.2")

    assert done.exit_code == 1
    assert "the agent does not answer" in done.output
    assert RetryInbox(tmp_path).waiting() == ()


def test_an_event_that_does_not_wait_is_named(tmp_path: Path) -> None:
    with closing(SqliteLedger(tmp_path / "ledger.db", KIOSK)) as ledger:
        (known,) = record_facts(ledger, 1, 1)

    done = run(tmp_path, known.event_id, "stranger")

    assert done.exit_code == 1
    assert "stranger: no event of this kiosk that waits" in done.output


@pytest.mark.parametrize("words", [(), ("--all", "event")])
def test_it_wants_either_names_or_all(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert run(tmp_path, *words).exit_code == 2
