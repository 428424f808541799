from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kiosk.durable import write_durably
from kiosk.identity import (
    BadIdentity,
    Identity,
    identity_path,
    load_identity,
    save_identity,
)

IDENTITY = Identity("K-17", "0417", "ab" * 32)


def test_before_enrolment_there_is_none(tmp_path: Path) -> None:
    assert load_identity(tmp_path) is None


def test_what_was_saved_is_loaded_again(tmp_path: Path) -> None:
    save_identity(tmp_path, IDENTITY)

    assert load_identity(tmp_path) == IDENTITY


def test_a_later_enrolment_replaces_the_earlier_and_leaves_nothing_beside(
    tmp_path: Path,
) -> None:
    save_identity(tmp_path, IDENTITY)
    moved = Identity("K-17", "0420", "ab" * 32)

    save_identity(tmp_path, moved)

    assert load_identity(tmp_path) == moved
    assert list(tmp_path.iterdir()) == [identity_path(tmp_path)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"kiosk_id": "K-17"',
        b'{"kiosk_id": "K-17", "site_id": "0417"}',
        b'{"kiosk_id": 17, "site_id": "0417", "hub_key": "ab"}',
        b'{"kiosk_id": "K", "site_id": "S", "hub_key": "ab", "more": 1}',
        b"\xff\xfe\x00",
        b'{"kiosk_id": "\xff", "site_id": "S", "hub_key": "ab"}',
    ],
)
def test_a_damaged_file_is_named_and_not_taken_for_none(
    tmp_path: Path, content: bytes
) -> None:
    identity_path(tmp_path).write_bytes(content)

    with pytest.raises(BadIdentity, match=r"identity\.json"):
        load_identity(tmp_path)


def test_a_write_that_was_cut_off_leaves_the_old_file(tmp_path: Path) -> None:
    save_identity(tmp_path, IDENTITY)
    identity_path(tmp_path).with_name("identity.json.new").write_bytes(b'{"kio')

    assert load_identity(tmp_path) == IDENTITY


def test_a_secret_is_for_its_owner_alone(tmp_path: Path) -> None:
    write_durably(tmp_path / "key", b"secret", mode=0o600)

    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert (tmp_path / "key").read_bytes() == b"secret"
