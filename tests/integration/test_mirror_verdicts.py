"""Verdicts, and how far the hub has come."""

from __future__ import annotations

import datetime as dt

from kiosk.clock import HubTime
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.protocol import (
    Outcome,
)
from tests.integration.mirror_world import acked, event, page, path, reader, writer
from tests.integration.store_samples import (
    NOON,
    boot_at,
    verdict,
)

__all__ = ["path", "reader", "writer"]


def test_verdicts_are_found_by_event(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    given = [verdict(event(1)), verdict(event(2), Outcome.DEFERRED)]

    writer.put_verdicts(given, acked(2), NOON)

    assert reader.verdicts(["e1-1", "e1-2", "e1-3"]) == {
        "e1-1": given[0],
        "e1-2": given[1],
    }
    assert reader.final(["e1-1", "e1-2", "e1-3"]) == {"e1-1"}
    assert writer.final(["e1-1", "e1-2", "e1-3"]) == {"e1-1"}
    assert reader.acked() == writer.acked() == acked(2)
    assert reader.count_outcomes() == {Outcome.ACCEPTED: 1, Outcome.DEFERRED: 1}


def test_only_listed_events_have_a_verdict(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.put_verdicts([verdict(event(1)), verdict(event(3))], acked(3), NOON)

    assert reader.final(["e1-1", "e1-2", "e1-3"]) == {"e1-1", "e1-3"}
    assert reader.status().settled_seq == 1


def test_deferred_event_takes_its_later_verdict_and_keeps_it(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    refused = verdict(event(1), Outcome.REFUSED)
    writer.put_verdicts([verdict(event(1), Outcome.DEFERRED)], acked(1), NOON)
    assert reader.status().settled_seq == 0

    writer.put_verdicts([refused], acked(1), NOON)
    writer.put_verdicts([verdict(event(1), Outcome.DEFERRED)], acked(1), NOON)

    assert reader.verdicts(["e1-1"]) == {"e1-1": refused}
    assert reader.status().settled_seq == 1


def test_event_is_settled_once_the_cursor_has_reached_its_effect(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    given = [
        verdict(event(1), feed_version=2),
        verdict(event(2), feed_version=5),
        verdict(event(3), feed_version=3),
    ]
    writer.put_verdicts(given, acked(3), NOON)
    assert reader.status().settled_seq == 0

    writer.apply_page(page(4))
    assert reader.status().settled_seq == 1

    writer.apply_page(page(5))
    status = reader.status()
    assert (status.cursor, status.epoch, status.settled_seq) == (5, "e1", 3)


def test_settled_goes_on_where_it_stood(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    for seq in (1, 2, 4, 3, 5):
        writer.put_verdicts([verdict(event(seq))], None, NOON)

    assert reader.status().settled_seq == 5


def test_status_speaks_of_the_epoch_the_hub_met_last(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.put_verdicts([verdict(event(1)), verdict(event(2))], acked(2), NOON)
    writer.put_verdicts([verdict(event(1, "e2"))], acked(1, "e2"), NOON)
    writer.put_verdicts([verdict(event(3))], acked(3), NOON)

    status = reader.status()
    assert (status.epoch, status.settled_seq) == ("e2", 1)
    assert reader.acked() == acked(1, "e2")


def test_hub_that_holds_less_than_before_must_judge_again(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    """It was restored from a backup: its verdicts beyond that point are forgotten."""
    writer.put_verdicts([verdict(event(seq)) for seq in range(1, 6)], acked(5), NOON)

    writer.put_verdicts([verdict(event(6))], acked(2), NOON)

    ids = [f"e1-{seq}" for seq in range(1, 7)]
    assert reader.final(ids) == {"e1-1", "e1-2", "e1-6"}
    assert reader.status().settled_seq == 2
    assert writer.acked() == acked(2)


def test_synced_time_is_the_one_of_the_last_complete_pull(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    assert reader.status().synced_at is None
    writer.apply_page(page(1))
    assert reader.status().synced_at is None

    writer.mark_synced(NOON)
    writer.put_verdicts([], None, NOON + dt.timedelta(hours=1))

    assert reader.status().synced_at == NOON
    later = NOON + dt.timedelta(hours=1)
    assert reader.hub_time() == HubTime(later, boot_at())
