from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from kiosk.identity import (
    BadIdentity,
    Identity,
    identity_path,
    load_identity,
    save_identity,
)
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.agent.cli import sync
from sync.agent.enrol import AlreadyEnrolled, enrol
from sync.agent.errors import HubRefused, HubUnreachable
from sync.exchange import BadAddress
from sync.keys import BadKey, box_hex, key_path, load_key, public_hex
from sync.protocol import PatronChanged
from tests.integration.mirror_world import page
from tests.integration.scripted_hub import HUB_KEY, Reply, ScriptedHub
from tests.integration.store_samples import patron

CODE = "ABCD-EFGH"
TIMEOUT_S = 0.5


@pytest.fixture
def hub() -> Iterator[ScriptedHub]:
    with ScriptedHub({}) as made:
        made.codes[CODE] = None
        yield made


def test_a_good_code_gives_an_identity(hub: ScriptedHub, tmp_path: Path) -> None:
    identity = enrol(hub.url, CODE, tmp_path, TIMEOUT_S)

    assert identity == Identity("K-1", "S-1", public_hex(HUB_KEY), box_hex(HUB_KEY))
    assert load_identity(tmp_path) == identity
    assert hub.keys["K-1"] == public_hex(load_key(key_path(tmp_path)))


def test_the_key_is_readable_by_its_owner_only(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    enrol(hub.url, CODE, tmp_path, TIMEOUT_S)

    assert stat.S_IMODE(key_path(tmp_path).stat().st_mode) == 0o600


def test_a_lost_answer_is_mended_by_trying_again(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    hub.lose_answers = 1

    with pytest.raises(HubUnreachable):
        enrol(hub.url, CODE, tmp_path, TIMEOUT_S)
    key = key_path(tmp_path).read_bytes()
    identity = enrol(hub.url, CODE, tmp_path, TIMEOUT_S)

    assert identity.kiosk_id == "K-1"
    assert key_path(tmp_path).read_bytes() == key


def test_a_second_device_cannot_use_the_same_code(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    enrol(hub.url, CODE, first, TIMEOUT_S)

    with pytest.raises(HubRefused) as caught:
        enrol(hub.url, CODE, second, TIMEOUT_S)

    assert caught.value.error == "bad_code"
    assert load_identity(second) is None


def test_an_enrolled_device_keeps_its_identity(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    enrol(hub.url, CODE, tmp_path, TIMEOUT_S)
    hub.codes["OTHER"] = None

    with pytest.raises(AlreadyEnrolled):
        enrol(hub.url, "OTHER", tmp_path, TIMEOUT_S)


@pytest.mark.fault("O47")
@pytest.mark.parametrize(("site_before", "kept"), [("S-0", 0), ("S-1", 7)])
def test_a_mirror_is_told_anew_only_where_the_device_comes_to_another_site(
    hub: ScriptedHub, tmp_path: Path, site_before: str, kept: int
) -> None:
    identity = enrol(hub.url, CODE, tmp_path, TIMEOUT_S)
    save_identity(tmp_path, replace(identity, site_id=site_before))
    with closing(MirrorWriter(tmp_path / "mirror.db", identity.hub_key)) as mirror:
        mirror.apply_page(page(7, PatronChanged(patron())))

    again = enrol(hub.url, CODE, tmp_path, TIMEOUT_S, again=True)

    found = MirrorReader(tmp_path / "mirror.db")
    assert again.site_id == "S-1"
    assert found.status().cursor == kept
    assert (found.patron("P1") is None) == (kept == 0)


def test_a_damaged_identity_is_replaced_when_asked_to(
    hub: ScriptedHub, tmp_path: Path
) -> None:
    enrolled = enrol(hub.url, CODE, tmp_path, TIMEOUT_S)
    with closing(MirrorWriter(tmp_path / "mirror.db", enrolled.hub_key)) as mirror:
        mirror.apply_page(page(7, PatronChanged(patron())))
    identity_path(tmp_path).write_text("{")

    with pytest.raises(BadIdentity, match=r"identity\.json.*--again"):
        enrol(hub.url, CODE, tmp_path, TIMEOUT_S)
    assert enrol(hub.url, CODE, tmp_path, TIMEOUT_S, again=True) == enrolled

    # It may have been another site's: nobody knows, so nothing is kept.
    assert MirrorReader(tmp_path / "mirror.db").patron("P1") is None


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b'{"kiosk_id":"K","site_id":"S","hub_key":"00","hub_time":"2026-03-01T00:00:00Z"}',
        b'{"kiosk_id":"","site_id":"S","hub_key":"'
        + b"0" * 64
        + b'","hub_time":"2026-03-01T00:00:00Z"}',
    ],
)
def test_an_unusable_answer_leaves_the_device_not_enrolled(
    hub: ScriptedHub, tmp_path: Path, body: bytes
) -> None:
    hub.faults.append(Reply(body=body))

    with pytest.raises(HubUnreachable):
        enrol(hub.url, CODE, tmp_path, TIMEOUT_S)

    assert load_identity(tmp_path) is None


@pytest.mark.parametrize("content", [b"", b"garbage", b"-----BEGIN PRIVATE KEY-----"])
def test_a_damaged_key_file_is_named_and_kept(
    hub: ScriptedHub, tmp_path: Path, content: bytes
) -> None:
    key_path(tmp_path).write_bytes(content)

    with pytest.raises(BadKey, match=r"device\.key"):
        enrol(hub.url, CODE, tmp_path, TIMEOUT_S)

    assert key_path(tmp_path).read_bytes() == content


@pytest.mark.parametrize(
    "address",
    ["", "hub", "ftp://hub.example", "http://hub.example", "https://", "https://h?q=1"],
)
def test_an_address_without_tls_is_refused(address: str, tmp_path: Path) -> None:
    with pytest.raises(BadAddress):
        enrol(address, CODE, tmp_path, TIMEOUT_S)


def command(*arguments: str) -> Result:
    return CliRunner().invoke(sync, arguments)


def test_the_command_prints_the_identity(hub: ScriptedHub, tmp_path: Path) -> None:
    result = command(
        "enrol", "--hub", hub.url, "--code", CODE, "--data", str(tmp_path), "--json"
    )

    assert result.exit_code == 0
    assert json.loads(result.output)["kiosk_id"] == "K-1"


def test_the_command_says_why_it_failed(hub: ScriptedHub, tmp_path: Path) -> None:
    result = command(
        "enrol", "--hub", hub.url, "--code", "WRONG", "--data", str(tmp_path)
    )

    assert result.exit_code == 1
    assert "bad_code" in result.output


def test_the_command_without_a_code_is_a_usage_error(tmp_path: Path) -> None:
    result = command("enrol", "--hub", "https://hub.example", "--data", str(tmp_path))

    assert result.exit_code == 2
