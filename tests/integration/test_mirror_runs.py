"""Which history the mirror is of: runs of the feed, on the wire and on sticks."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from kiosk.store.errors import PageTooFarOn
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.protocol import FeedPage, FeedRun, ItemChanged, Verdict
from sync.stick.letters import Page
from tests.integration.mirror_world import acked, event, path, reader, writer
from tests.integration.store_samples import NOON, item, verdict

__all__ = ["path", "reader", "writer"]

OLD, NEW = "01d" * 4, "0e0" * 4
EARLIER, LATER = NOON - dt.timedelta(days=2), NOON + dt.timedelta(days=2)
#: The hub was put back to version 5 and began anew.
BOTH = (FeedRun(1, OLD), FeedRun(6, NEW))


def told(cursor: int, runs: tuple[FeedRun, ...], at: dt.datetime = NOON) -> FeedPage:
    run = max(
        (one for one in runs if one.first <= cursor), key=lambda one: one.first
    ).run
    changes = (ItemChanged(item(f"B{cursor}")),)
    return FeedPage(
        changes=changes, cursor=cursor, run=run, runs=runs, more=False, hub_time=at
    )


def judged(seq: int, version: int, run: str) -> Verdict:
    made = verdict(event(seq), feed_version=version)
    return msgspec.structs.replace(made, feed_run=run)


def test_the_mirror_says_where_it_goes_on_and_in_which_run(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(told(8, BOTH))

    assert (reader.status().cursor, reader.status().run) == (8, NEW)


@pytest.mark.fault("O25")
def test_verdict_of_a_history_that_the_mirror_does_not_know_is_not_shown(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    """The hub was restored, and judged before we noticed: the mirror is the old one."""
    writer.apply_page(told(9, (FeedRun(1, OLD),)))

    writer.put_verdicts([judged(1, 4, OLD), judged(2, 7, NEW)], acked(2), NOON)

    assert reader.shown(["e1-1", "e1-2"]) == {"e1-1"}
    assert reader.status().settled_seq == 1


@pytest.mark.fault("O25")
def test_complete_mirror_forgets_verdicts_that_a_restore_undid(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    verdicts = [judged(1, 4, OLD), judged(2, 7, OLD), judged(3, 9, OLD)]
    writer.put_verdicts(verdicts, acked(1), NOON)

    forgotten = writer.apply_page(told(8, BOTH))

    assert forgotten == 2
    assert reader.final(["e1-1", "e1-2", "e1-3"]) == {"e1-1"}


def test_mirror_without_a_new_run_forgets_no_verdict(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(told(4, (FeedRun(1, OLD),)))
    writer.put_verdicts([judged(1, 9, OLD)], acked(1), NOON)

    page = msgspec.structs.replace(told(6, (FeedRun(1, OLD),)), runs=())

    assert writer.apply_page(page) == 0
    assert reader.final(["e1-1"]) == {"e1-1"}


@pytest.mark.fault("O25")
def test_stick_of_a_restored_hub_begins_the_mirror_anew_though_its_number_is_higher(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(told(9, (FeedRun(1, OLD),)))

    writer.apply_late_page(Page(after=0, newest=12, page=told(12, BOTH, LATER)))

    assert (reader.status().cursor, reader.status().run) == (12, NEW)
    assert (reader.item("B9"), reader.item("B12") is None) == (None, False)


@pytest.mark.fault("O25")
def test_stick_of_a_restored_hub_that_begins_further_on_is_refused(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(told(9, (FeedRun(1, OLD),)))

    with pytest.raises(PageTooFarOn, match="put back"):
        writer.apply_late_page(Page(after=3, newest=12, page=told(12, BOTH, LATER)))

    assert reader.status().cursor == 9


@pytest.mark.fault("O25")
def test_stick_from_before_the_restore_changes_nothing_after_it(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(told(8, BOTH))

    old = Page(after=3, newest=20, page=told(20, (FeedRun(1, OLD),), EARLIER))

    assert not writer.apply_late_page(old)
    assert (reader.status().cursor, reader.item("B20")) == (8, None)
