from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kiosk.link import SILENT_AFTER_S, Link, Reach, link_path, load_link, save_link


@pytest.mark.parametrize(
    ("start", "exchanges", "online"),
    [
        (False, "", False),
        (False, "+", False),
        (False, "++", True),
        (False, "+-+", False),
        (False, "+-++", True),
        (True, "-", True),
        (True, "--", False),
        (True, "-+-", True),
        (True, "-+-+-+", True),
        (True, "--+", False),
        (True, "--++", True),
    ],
)
def test_one_blip_changes_nothing(*, start: bool, exchanges: str, online: bool) -> None:
    reach = Reach(online=start)

    for exchange in exchanges:
        reach = reach.after(prompt=exchange == "+")

    assert reach.online is online


@pytest.mark.parametrize(
    ("link", "now_s", "reachable"),
    [
        (Link(online=True, boot_id="b", at_s=100), 100, True),
        (Link(online=True, boot_id="b", at_s=100), 100 + SILENT_AFTER_S, True),
        (Link(online=True, boot_id="b", at_s=100), 101 + SILENT_AFTER_S, False),
        (Link(online=True, boot_id="b", at_s=100), 99, False),
        (Link(online=True, boot_id="earlier boot", at_s=100), 100, False),
        (Link(online=False, boot_id="b", at_s=100), 100, False),
        (Link(online=True, boot_id="b", at_s=100, revoked=True), 100, False),
    ],
)
def test_only_a_fresh_word_of_the_agent_counts(
    link: Link, now_s: float, *, reachable: bool
) -> None:
    assert link.reachable("b", now_s) is reachable


def test_the_kiosk_reads_what_the_agent_wrote(tmp_path: Path) -> None:
    link = Link(
        online=True, last_contact=dt.datetime(2026, 3, 1, tzinfo=dt.UTC), held_back=3
    )

    save_link(tmp_path, link)

    assert load_link(tmp_path) == link


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"online": "yes"}', b"\xff\x00", b'{"trouble": "\xff"}'],
)
def test_a_damaged_file_means_offline(tmp_path: Path, content: bytes) -> None:
    link_path(tmp_path).write_bytes(content)

    assert load_link(tmp_path) == Link()


def test_no_file_means_offline(tmp_path: Path) -> None:
    assert not load_link(tmp_path).online
