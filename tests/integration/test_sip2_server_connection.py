"""Logins, damaged lines, charsets, and peers that mean no good."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest
from click.testing import CliRunner, Result

from kiosk.domain.values import Title
from sync.hub.county import catalogue
from sync.hub.sip2_server.accounts import set_disabled
from sync.hub.sip2_server.commands import sip2
from sync.hub.sip2_server.conversation import TRIES
from sync.hub.sip2_server.server import Limits
from sync.hub.sip2_server.wording import wording
from sync.sip2.dialects import Dialect
from sync.sip2.trailer import ChecksumStatus, seal
from sync.sip2.wire import LIMIT_BYTES
from tests.integration import test_sip2_any_server as any_server
from tests.integration.hub_world import ITEMS, NOON
from tests.integration.sip2_machine_world import (
    PASSWORD,
    ROOT,
    SOON_S,
    Served,
    at,
    checkin,
    checkout,
    raw,
    served,
    small_county,
)

STATUS = "9900802.00"
BOOK = ITEMS[0]
MANY = 6


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all: what is lent here is returned."""
    folder = tmp_path_factory.mktemp("hub")
    limits = Limits(hush_s=0.0, connections=MANY, idle_s=SOON_S, login_s=SOON_S)
    with small_county(folder) as county, served(county, limits) as made:
        yield made


def test_nothing_is_told_before_a_login(place: Served) -> None:
    with raw(place.port) as machine:
        assert machine.say(STATUS.encode()) == b"96"
        assert machine.log_in() == b"941"
        assert machine.ask(STATUS).message_id == "98"


def test_who_has_not_logged_in_is_cut_off_after_some_tries(place: Served) -> None:
    with raw(place.port) as machine:
        said = [machine.say(STATUS.encode()) for _ in range(TRIES + 1)]
    assert said == [b"96"] * TRIES + [b""]


def test_wrong_passwords_are_cut_off_after_some_tries(place: Served) -> None:
    with raw(place.port) as machine:
        said = [machine.log_in(password="guess") for _ in range(TRIES)]
        assert machine.log_in() == b""
    assert said == [b"940"] * TRIES


def test_a_disabled_account_is_out_from_the_next_request_on(place: Served) -> None:
    place.add(name="old")
    with raw(place.port) as machine, raw(place.port) as later:
        assert machine.log_in("old") == b"941"
        database = place.county.hub.database
        with database.writing() as conn:
            set_disabled(conn, ROOT, "old", NOON, disabled=True)

        assert machine.say(STATUS.encode()) == b""
        assert later.log_in("old") == b"940"


def test_status_says_what_is_spoken_and_what_is_not(place: Served) -> None:
    with raw(place.port) as machine:
        machine.log_in()
        told = machine.ask(STATUS)
        old = machine.ask("9900801.00")

    assert told.fixed["online_status"] + told.fixed["offline_ok"] == "YY"
    assert told.fixed["timeout_period"] == "100"
    assert told.value("BX") == "YYYNYYYYYNYNNYYY"
    assert told.value("AM") == "云岭县"
    assert old.fixed["online_status"] == "N"


def test_answers_are_sealed_and_numbered_if_the_request_is(place: Served) -> None:
    with raw(place.port) as machine:
        machine.log_in()
        sealed, plain = machine.ask(STATUS, 6), machine.ask(STATUS)

    assert (sealed.checksum, sealed.sequence) == (ChecksumStatus.VALID, "6")
    assert (plain.checksum, plain.sequence) == (ChecksumStatus.ABSENT, None)


@pytest.mark.parametrize(
    "line",
    [
        seal(STATUS.encode(), "1")[:-1] + b"1",
        b"77unknown",
        b"1",
        b"121NNY" + b" " * 18,
        b"\xff\xfe\xfd",
        b"GET / HTTP/1.1",
        b"17" + b"x" * (LIMIT_BYTES + 10),
    ],
    ids=["sum", "unknown", "short", "an answer", "no text", "http", "too long"],
)
def test_a_line_that_makes_no_sense_is_asked_for_again(
    place: Served, line: bytes
) -> None:
    with raw(place.port) as machine:
        machine.log_in()

        assert machine.say(line)[:2] == b"96"
        assert machine.ask(STATUS).message_id == "98"


def test_the_last_answer_is_said_again_when_asked_for(place: Served) -> None:
    with raw(place.port) as machine:
        assert machine.say(b"97") == b"96"
        machine.log_in()
        first = machine.say(seal(STATUS.encode(), "4"))

        assert machine.say(seal(b"97", None)) == first


def test_every_request_that_is_known_is_answered_in_kind(place: Served) -> None:
    when, who = at(), "AO|AAR3|AC|"
    pairs = {
        f"23019{when}{who}AD|": "24",
        f"25{when}{who}": "26",
        f"35{when}{who}": "36",
        f"37{when}0100CNYBV1.00|{who}": "38",
        f"63019{when}          {who}": "64",
        f"65{when}{who}": "66",
        f"17{when}AO|AB{BOOK}|": "18",
        f"19{when}AO|AB{BOOK}|CHx|": "20",
        f"01N{when}AO|ALx|AAR3|AC|": "24",
        f"15*{when}AO|AAR3|AB{BOOK}|": "16",
    }
    with raw(place.port) as machine:
        machine.log_in()
        said = {text: machine.ask(text).message_id for text in pairs}
    assert said == pairs


@pytest.mark.parametrize("charset", ["gb18030", "gbk", "cp850"])
def test_titles_come_as_the_machine_can_read_them(place: Served, charset: str) -> None:
    place.add(name=charset, charset=charset, ends_with_lf=True)
    with place.county.hub.database.writing() as conn:
        catalogue.put_titles(conn, [Title("t1", "東周列國志")])

    with raw(place.port, Dialect(charset=charset)) as machine:
        machine.log_in(charset)
        told = machine.ask(f"17{at()}AO|AB{BOOK}|", 1)

    assert told.checksum is ChecksumStatus.VALID
    shown = "?????" if charset == "cp850" else "東周列國志"
    assert told.value("AJ") == shown


def test_what_a_machine_sends_never_breaks_our_line(place: Served) -> None:
    with raw(place.port) as machine:
        machine.log_in()
        told = machine.ask(checkin("\x0b\x1fYL\t9", at()), 1)

    assert (told.message_id, told.checksum) == ("10", ChecksumStatus.VALID)


def test_too_many_machines_are_turned_away_and_others_go_on(place: Served) -> None:
    with raw(place.port) as first, ExitStack() as crowd:
        first.log_in()
        held = [crowd.enter_context(raw(place.port)) for _ in range(MANY + 2)]
        turned_away = [machine for machine in held if machine.log_in() == b""]

        assert len(turned_away) >= 3
        assert first.ask(STATUS).message_id == "98"


def test_a_peer_that_never_reads_holds_up_nobody(place: Served) -> None:
    """Its answers fill the way to it; the others' loans are written all the same."""
    with raw(place.port) as slow, raw(place.port) as other:
        slow.log_in()
        flood = f"63019{at()}          AO|AAR1|\r".encode() * 2000

        def pour() -> None:
            with suppress(OSError):  # it ends when the way is closed
                while True:
                    slow.socket.sendall(flood)

        pouring = threading.Thread(target=pour)
        pouring.start()
        other.log_in()
        lent = other.ask(checkout("R2", BOOK, at()), 1)
        back = other.ask(checkin(BOOK, at()), 2)
        slow.socket.shutdown(socket.SHUT_RDWR)
        pouring.join(SOON_S)

    assert (lent.fixed["ok"], back.fixed["ok"]) == ("1", "1")
    assert not pouring.is_alive()


def test_logs_tell_of_no_reader(
    place: Served,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with raw(place.port) as machine:
        machine.log_in()
        for _ in range(2):
            machine.ask(checkin(BOOK, at()), 5)
        machine.say(b"XXAAR1|AD4711|AE" + "张建华".encode())
        machine.log_in(password="guess")

    said = capsys.readouterr().out + caplog.text  # wherever it goes by now
    assert "asked again" in said
    assert "login refused" in said
    assert not re.search(r"R1|4711|张|guess", said)


def test_the_checks_for_any_server_hold_for_this_one(
    place: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGJIE_SIP2_ITEM", ITEMS[3])
    with place.client() as client:
        any_server.test_status_is_told(client)
        any_server.test_unknown_item_is_not_on_loan(client)
        any_server.test_pin_is_checked(client, ("R1", "0417"))
        any_server.test_item_is_lent_found_by_the_probe_and_returned(
            client, ("R1", "0417")
        )


def test_accounts_are_made_listed_changed_and_closed(place: Served) -> None:
    url = place.county.hub.database.engine.url.render_as_string(hide_password=False)

    def run(*words: str, said: str = PASSWORD) -> Result:
        return CliRunner().invoke(sip2, [*words, "--database", url], input=said)

    add = ("add", "desk1", "--password-file", "-")
    assert run(*add, "--site", "nowhere").exit_code == 1
    assert run(*add, "--site", "A", "--charset", "utf-16").exit_code == 1
    assert run(*add, "--site", "A", said="weak").exit_code == 1
    assert run(*add, "--site", "A").exit_code == 0
    assert "already" in run(*add, "--site", "A").output
    assert "desk1\tA\tutf-8\tactive" in run("list").output
    changed = run("passwd", "desk1", "--password-file", "-", said="nine boats of tea")
    with raw(place.port) as machine:
        assert changed.exit_code == 0
        assert machine.log_in("desk1") == b"940"
        assert machine.log_in("desk1", "nine boats of tea") == b"941"
    assert run("disable", "desk1").exit_code == 0
    assert '"disabled":true' in run("list", "--json").output
    assert run("disable", "desk1", "--undo").exit_code == 0
    assert run("disable", "nobody").exit_code == 1


def test_both_languages_say_the_same_things() -> None:
    assert wording("zh_Hans").keys() == wording("en").keys()


def test_a_process_serves_until_it_is_told_to_end(place: Served) -> None:
    url = place.county.hub.database.engine.url.render_as_string(hide_password=False)
    environment = os.environ | {"TONGJIE_HUB_DATABASE": url}
    command = [sys.executable, "-m", "kiosk", "hub", "sip2"]
    made = subprocess.run(
        [*command, "add", "cli", "--site", "A", "--password-file", "-"],
        input=PASSWORD,
        text=True,
        env=environment,
        check=False,
        capture_output=True,
    )
    assert made.returncode == 0, made.stderr
    with subprocess.Popen(
        [*command, "serve", "--listen", "127.0.0.1:0", "--json"],
        stdout=subprocess.PIPE,
        env=environment,
    ) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["address"]
        with raw(int(address.rpartition(":")[2])) as machine:
            assert machine.log_in("cli") == b"941"
            process.send_signal(signal.SIGTERM)
            assert process.wait(SOON_S) == 0
            assert machine.hear() == b""
    refused = subprocess.run(
        [*command, "serve", "--listen", "0.0.0.0:0"],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert "no address of an own network" in refused.stderr
