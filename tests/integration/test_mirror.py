from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.clock import HubTime
from kiosk.domain.values import Credential, Site, Title
from kiosk.service.ports import MirrorStatus
from kiosk.store.errors import BadRulesSignature
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.keys import sign_rules
from sync.protocol import (
    AckedThrough,
    Change,
    Clock,
    CredentialChanged,
    Event,
    FeedPage,
    ItemChanged,
    Kind,
    LoanChanged,
    Outcome,
    PatronChanged,
    Removed,
    RulesChanged,
    SignedRules,
    SiteChanged,
    TitleChanged,
)
from tests.integration.store_samples import (
    HUB_KEY,
    HUB_PUBLIC,
    NOON,
    boot_at,
    item,
    loan,
    patron,
    rules,
    verdict,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mirror.db"


@pytest.fixture
def writer(path: Path) -> Iterator[MirrorWriter]:
    with closing(MirrorWriter(path, HUB_PUBLIC, boot_at)) as opened:
        yield opened


@pytest.fixture
def reader(path: Path) -> MirrorReader:
    return MirrorReader(path)


def page(cursor: int, *changes: Change) -> FeedPage:
    return FeedPage(changes=changes, cursor=cursor, more=False, hub_time=NOON)


def event(seq: int, epoch: str = "e1") -> Event:
    return Event(
        event_id=f"{epoch}-{seq}",
        kiosk_id="K-1",
        epoch=epoch,
        seq=seq,
        kind=Kind.CHECKIN,
        occurred_at=NOON,
        boot_id="b",
        monotonic_ns=seq,
        clock=Clock.SYNCED,
    )


def acked(seq: int, epoch: str = "e1") -> AckedThrough:
    return AckedThrough(epoch=epoch, seq=seq, hash=f"{seq:064x}")


def test_every_kind_of_value_comes_back_as_it_was_sent(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    title = Title("T1", "红楼梦", author="曹雪芹")
    site = Site("S1", "东街社区服务点", "东街", "village")

    writer.apply_page(
        page(
            7,
            PatronChanged(patron()),
            CredentialChanged(Credential("ab" * 16, "P1")),
            TitleChanged(title),
            ItemChanged(item()),
            LoanChanged(loan()),
            SiteChanged(site),
            RulesChanged(sign_rules(HUB_KEY, rules())),
        )
    )

    assert reader.patron("P1") == patron()
    assert reader.patron_by_digest("ab" * 16) == patron()
    assert reader.title("T1") == title
    assert reader.item("B1") == item()
    assert reader.loan_of("B1") == loan()
    assert reader.loans_of("P1") == (loan(),)
    assert reader.site("S1") == site
    assert reader.rules() == rules()
    assert reader.status().cursor == 7


def test_a_copy_is_found_by_the_tag_it_is_known_by_until_that_changes(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    old, new = "E00700000000000A", "E00700000000000B"
    writer.apply_page(page(1, ItemChanged(replace(item(), tag_uid=old))))
    assert reader.item_of_tag(old) == replace(item(), tag_uid=old)

    writer.apply_page(page(2, ItemChanged(replace(item(), tag_uid=new))))
    assert reader.item_of_tag(old) is None
    assert reader.item_of_tag(new) is not None

    writer.apply_page(page(3, Removed("item", "B1")))
    assert reader.item_of_tag(new) is None


def test_a_mirror_of_the_first_version_learns_tags(path: Path) -> None:
    MirrorWriter(path, HUB_PUBLIC, boot_at).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript("DROP TABLE item_tag; PRAGMA user_version = 1;")

    with closing(MirrorWriter(path, HUB_PUBLIC, boot_at)) as writer:
        writer.apply_page(page(1, ItemChanged(replace(item(), tag_uid="E0A1"))))

    assert MirrorReader(path).item_of_tag("E0A1") is not None


def test_unknown_keys_give_nothing(writer: MirrorWriter, reader: MirrorReader) -> None:
    writer.apply_page(page(1, CredentialChanged(Credential("cd" * 16, "nobody"))))

    assert reader.patron("P9") is None
    assert reader.patron_by_digest("ab" * 16) is None
    assert reader.patron_by_digest("cd" * 16) is None
    assert reader.item("B9") is None
    assert reader.loan_of("B9") is None
    assert reader.loans_of("P9") == ()
    assert reader.verdicts(["e"]) == {}


def test_later_change_replaces_an_earlier_one(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    writer.apply_page(page(1, PatronChanged(patron(name="李*"))))
    writer.apply_page(page(2, PatronChanged(patron(name="王*"))))

    found = reader.patron("P1")
    assert found is not None
    assert found.name == "王*"


def test_page_applied_twice_changes_nothing(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    first = page(1, LoanChanged(loan()))
    writer.apply_page(first)
    writer.apply_page(page(2, Removed("loan", "L1")))

    writer.apply_page(first)

    assert reader.loan_of("B1") is None
    assert writer.cursor() == 2


@pytest.mark.parametrize(
    ("what", "key"),
    [("loan", "L9"), ("rules", "1"), ("notice", "N1"), ("verdict", "e1-1")],
)
def test_removing_what_is_not_kept_changes_nothing(
    writer: MirrorWriter, reader: MirrorReader, what: str, key: str
) -> None:
    signed = sign_rules(HUB_KEY, rules())
    writer.apply_page(page(1, LoanChanged(loan()), RulesChanged(signed)))

    writer.apply_page(page(2, Removed(what, key)))

    assert reader.loan_of("B1") == loan()
    assert reader.rules() == rules()
    assert writer.cursor() == 2


def test_between_two_loans_of_an_item_the_latest_counts(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    newer = loan("L2", patron_ref="P2", day=9)

    writer.apply_page(page(1, LoanChanged(newer), LoanChanged(loan("L1", day=1))))

    assert reader.loan_of("B1") == newer


def test_several_items_and_their_loans_come_by_barcode(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    newer = loan("L2", "B1", patron_ref="P2", day=9)
    writer.apply_page(
        page(
            1,
            ItemChanged(item("B1")),
            ItemChanged(item("B2")),
            LoanChanged(newer),
            LoanChanged(loan("L1", "B1", day=1)),
        )
    )

    assert reader.items(["B2", "B9", "B1"]) == {"B1": item("B1"), "B2": item("B2")}
    assert reader.loans_of_items(["B1", "B2"]) == {"B1": newer}
    assert (reader.items([]), reader.loans_of_items([])) == ({}, {})


def test_loans_of_a_patron_come_oldest_first(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    young, old = loan("L1", "B1", day=9), loan("L2", "B2", day=2)

    writer.apply_page(page(1, LoanChanged(young), LoanChanged(old)))

    assert reader.loans_of("P1") == (old, young)


def test_newest_rules_count(writer: MirrorWriter, reader: MirrorReader) -> None:
    for cursor, version in enumerate([2, 3, 1], start=1):
        signed = sign_rules(HUB_KEY, rules(version))
        writer.apply_page(page(cursor, RulesChanged(signed)))

    assert reader.rules() == rules(3)


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "zz",
        "00" * 64,
        sign_rules(HUB_KEY, rules(6)).signature,
    ],
)
def test_page_with_rules_the_hub_did_not_sign_is_refused_whole(
    writer: MirrorWriter, reader: MirrorReader, signature: str
) -> None:
    writer.apply_page(page(1, RulesChanged(sign_rules(HUB_KEY, rules(4)))))
    forged = SignedRules(rules=rules(5), signature=signature)

    with pytest.raises(BadRulesSignature, match="rules version 5"):
        writer.apply_page(page(2, PatronChanged(patron()), RulesChanged(forged)))

    assert reader.rules() == rules(4)
    assert reader.patron("P1") is None
    assert writer.cursor() == 1


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
    assert reader.status() == MirrorStatus(5, None, "e1", 3)


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


def test_emptied_mirror_keeps_rules_and_verdicts(
    writer: MirrorWriter, reader: MirrorReader
) -> None:
    signed = sign_rules(HUB_KEY, rules())
    writer.apply_page(page(3, PatronChanged(patron()), RulesChanged(signed)))
    writer.put_verdicts([verdict(event(1), feed_version=3)], acked(1), NOON)
    assert reader.status().settled_seq == 1

    writer.empty()

    assert reader.status() == MirrorStatus(0, None, "e1", 0)
    assert reader.patron("P1") is None
    assert reader.rules() == rules()
    assert reader.final(["e1-1"]) == {"e1-1"}


def test_reopened_mirror_goes_on_at_its_cursor(path: Path) -> None:
    with closing(MirrorWriter(path, HUB_PUBLIC)) as writer:
        writer.apply_page(page(9, PatronChanged(patron())))

    with closing(MirrorWriter(path, HUB_PUBLIC)) as again:
        assert again.cursor() == 9


def damage_header(path: Path) -> None:
    path.write_bytes(b"\xa5" * 100 + path.read_bytes()[100:])


def damage_page(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + bytes(4096) + content[8192:])


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:10_000])


def drop_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("DROP TABLE feed")


@pytest.mark.parametrize("damage", [damage_header, damage_page, truncate, drop_table])
def test_damaged_mirror_is_set_aside_and_begun_anew(
    path: Path, damage: Callable[[Path], None]
) -> None:
    with closing(MirrorWriter(path, HUB_PUBLIC)) as writer:
        writer.apply_page(page(9, PatronChanged(patron())))
    damage(path)
    reader = MirrorReader(path)
    assert reader.status().cursor in (0, 9)

    with closing(MirrorWriter(path, HUB_PUBLIC)) as again:
        assert again.cursor() == 0
        assert path.with_name("mirror.damaged-1.db").exists()
        again.apply_page(page(2, PatronChanged(patron("P2"))))

    assert reader.patron("P2") == patron("P2")
    assert reader.patron("P1") is None


def test_reader_of_a_missing_mirror_knows_nothing(reader: MirrorReader) -> None:
    assert reader.rules() is None
    assert reader.item("B1") is None
    assert reader.patron_by_digest("ab") is None
    assert reader.loans_of("P1") == ()
    assert reader.verdicts(["e"]) == {}
    assert reader.acked() is None
    assert reader.hub_time() is None
    assert reader.status() == MirrorStatus(0, None)


def test_reader_of_a_broken_mirror_knows_nothing(
    path: Path, reader: MirrorReader
) -> None:
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)

    assert reader.item("B1") is None
    assert reader.status() == MirrorStatus(0, None)


def test_reader_of_a_mirror_still_without_tables_knows_nothing(
    path: Path, reader: MirrorReader
) -> None:
    path.write_bytes(b"")

    assert reader.item("B1") is None
    assert reader.status() == MirrorStatus(0, None)


def test_reader_follows_a_mirror_that_was_replaced(
    path: Path, reader: MirrorReader
) -> None:
    with closing(MirrorWriter(path, HUB_PUBLIC)) as writer:
        writer.apply_page(page(1, PatronChanged(patron("P1"))))
    assert reader.patron("P1") == patron("P1")
    path.unlink()

    with closing(MirrorWriter(path, HUB_PUBLIC)) as writer:
        writer.apply_page(page(1, PatronChanged(patron("P2"))))

        assert reader.patron("P1") is None
        assert reader.patron("P2") == patron("P2")
