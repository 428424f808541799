"""What a stick brings days later never takes back what is newer."""

from __future__ import annotations

import datetime as dt

import pytest

from kiosk.store.errors import BadRulesSignature, PageTooFarOn
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.protocol import (
    Change,
    FeedPage,
    ItemChanged,
    Outcome,
    RulesChanged,
    SignedRules,
)
from sync.stick.letters import Page
from tests.integration.mirror_world import acked, event, page, path, reader, writer
from tests.integration.store_samples import NOON, item, rules, verdict

__all__ = ["path", "reader", "writer"]

EARLIER, LATER = NOON - dt.timedelta(days=2), NOON + dt.timedelta(days=2)


def late(
    after: int, cursor: int, at: dt.datetime, *changes: Change, newest: int = 0
) -> Page:
    made = FeedPage(changes=changes, cursor=cursor, more=False, hub_time=at)
    return Page(after=after, newest=newest or cursor, page=made)


def test_older_answer_takes_back_neither_verdicts_nor_what_the_hub_holds(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.put_verdicts([verdict(event(seq)) for seq in (1, 2, 3)], acked(3), NOON)

    writer.put_late_verdicts([verdict(event(1), Outcome.REFUSED)], acked(1), EARLIER)

    assert reader.acked() == acked(3)
    assert reader.status().settled_seq == 3
    assert reader.verdicts(["e1-1"])["e1-1"].outcome is Outcome.ACCEPTED


def test_older_answer_ends_a_wait_and_fills_a_gap(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.put_verdicts([verdict(event(1), Outcome.DEFERRED)], acked(1), NOON)

    writer.put_late_verdicts([verdict(event(1)), verdict(event(2))], acked(2), EARLIER)

    assert reader.final(["e1-1", "e1-2"]) == {"e1-1", "e1-2"}
    assert reader.acked() == acked(2)


@pytest.mark.fault("O25")
def test_newer_answer_says_that_the_hub_was_restored(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.put_verdicts([verdict(event(seq)) for seq in (1, 2, 3)], acked(3), NOON)

    writer.put_late_verdicts([verdict(event(1))], acked(1), LATER)

    assert reader.acked() == acked(1)
    assert reader.final(["e1-1", "e1-2", "e1-3"]) == {"e1-1"}


def test_no_clock_is_set_by_a_stick(writer: MirrorWriter, reader: MirrorReader) -> None:
    writer.put_verdicts([], acked(1), NOON)
    known = reader.hub_time()

    writer.put_late_verdicts([], acked(1), LATER)
    writer.apply_late_page(late(0, 1, LATER))

    assert reader.hub_time() == known
    assert reader.status().synced_at == LATER


def test_older_page_changes_nothing(writer: MirrorWriter, reader: MirrorReader) -> None:
    writer.apply_page(page(5, ItemChanged(item("B1", "new"))))
    writer.mark_synced(NOON)
    old = late(0, 3, EARLIER, ItemChanged(item("B1", "old")))

    assert not writer.apply_late_page(old)

    found = reader.item("B1")
    assert found is not None
    assert found.title_id == "new"
    assert reader.status().cursor == 5
    assert reader.status().synced_at == NOON


def test_page_that_overlaps_is_applied(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(page(5))

    assert writer.apply_late_page(late(3, 8, LATER, ItemChanged(item("B8"))))

    assert reader.status().cursor == 8
    assert reader.item("B8") is not None


def test_page_beyond_the_cursor_is_refused(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(page(5))

    with pytest.raises(PageTooFarOn, match="after version 6"):
        writer.apply_late_page(late(6, 8, LATER))

    assert reader.status().cursor == 5


@pytest.mark.parametrize(("at", "cursor"), [(LATER, 3), (EARLIER, 9)])
def test_only_the_newest_word_can_send_the_mirror_back(
    writer: MirrorWriter, reader: MirrorReader, at: dt.datetime, cursor: int
) -> None:
    writer.apply_page(page(9, ItemChanged(item("B9"))))

    writer.apply_late_page(late(0, 3, at, ItemChanged(item("B3"))))

    assert reader.status().cursor == cursor
    assert (reader.item("B9") is None) is (cursor == 3)


def test_forged_rules_are_refused_with_their_page(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    forged = RulesChanged(SignedRules(rules=rules(), signature="00" * 64))

    with pytest.raises(BadRulesSignature):
        writer.apply_late_page(late(0, 3, LATER, forged))

    assert reader.status().cursor == 0
    assert reader.rules() is None
