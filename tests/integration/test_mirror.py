"""What the mirror keeps of the feed, and how it is asked."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from kiosk.domain.values import Credential, Site, Title
from kiosk.store.errors import BadRulesSignature
from kiosk.store.mirror import MirrorReader
from kiosk.store.mirror_writer import MirrorWriter
from sync.keys import sign_rules
from sync.protocol import (
    CredentialChanged,
    ItemChanged,
    LoanChanged,
    PatronChanged,
    Removed,
    RulesChanged,
    SignedRules,
    SiteChanged,
    TitleChanged,
)
from tests.integration.mirror_world import page, path, reader, writer
from tests.integration.store_samples import (
    HUB_KEY,
    HUB_PUBLIC,
    boot_at,
    item,
    loan,
    patron,
    rules,
)

__all__ = ["path", "reader", "writer"]


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
        raw.executescript("DROP TABLE feed_run; ALTER TABLE feed DROP COLUMN run;")
        raw.executescript("ALTER TABLE verdict DROP COLUMN feed_run;")

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
