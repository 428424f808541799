"""Kiosk → stick → hub → stick → kiosk, with real ledgers, hub and mirrors."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from sqlalchemy import update

from kiosk.domain.values import Item, ItemState
from sync.hub.county import catalogue
from sync.hub.intake.ingest import Sender, ingest
from sync.hub.intake.wire import read_batch
from sync.hub.store import schema
from sync.protocol import Outcome
from tests.integration.hub_world import _body
from tests.integration.stick_world import Point, Town, lines, town

__all__ = ["town"]


def round_trip(town: Town, point: Point) -> Path:
    """Carry the point's report to the hub and the answer back; return the answer."""
    report = point.exports(town.stick)
    answer = Path(town.imports(report)[-1]["file"])
    report.unlink()
    point.imports(answer)
    return answer


def test_what_waits_is_judged_and_the_mirror_filled(town: Town) -> None:
    point, reader = town.point(), town.county.refs["R1"]
    lent, back = point.lends("YL0001", reader), point.takes_back("YL0002")
    assert point.pending() == 2

    report = point.exports(town.stick)
    imported, answered = town.imports(town.stick)
    (applied,) = point.imports(town.stick)

    assert (imported["new"], imported["known"], imported["problems"]) == (2, 0, [])
    assert answered["cursor"] == town.county.version()
    assert applied["verdicts"] == 2
    assert report.name.startswith(point.kiosk_id)
    assert set(point.verdicts()) == {lent.event_id, back.event_id}
    assert point.pending() == 0
    assert town.county.open_loans() == {"YL0001": "R1"}
    assert point.mirror().loan_of("YL0001") is not None
    assert point.mirror().rules() is not None
    assert not list((point.folder / "stick-in").iterdir())


def test_the_second_answer_brings_only_what_changed(town: Town) -> None:
    point = town.point()
    round_trip(town, point)
    news = Item("YL9999", "t1", "BOOK", ItemState.LENDABLE, "CN-1", "A", "A")
    with town.hub.database.writing() as conn:
        catalogue.put_items(conn, [news])

    report = point.exports(town.stick)
    _, answered = town.imports(report)
    point.imports(Path(answered["file"]))

    assert answered["after"] > 0
    assert answered["cursor"] == answered["after"] + 1
    assert point.mirror().item("YL9999") is not None


def test_more_than_one_batch_goes_along(town: Town) -> None:
    point = town.point()
    point.busy(205)

    round_trip(town, point)

    assert point.pending() == 0
    assert len(town.events()) == 205


def test_events_recorded_in_the_meantime_still_wait(town: Town) -> None:
    point = town.point()
    point.takes_back("YL0001")
    report = point.exports(town.stick)
    point.takes_back("YL0002")

    answer = Path(town.imports(report)[-1]["file"])
    point.imports(answer)

    assert point.pending() == 1


def test_export_alone_settles_nothing_and_may_be_repeated(town: Town) -> None:
    point = town.point()
    point.takes_back("YL0001")

    first, second = point.exports(town.stick), point.exports(town.stick)

    assert first == second
    assert point.pending() == 1
    assert [path.name for path in town.stick.iterdir()] == [first.name]


@pytest.mark.fault("O17")
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_reports_in_any_order_and_again_make_one_county(
    town: Town, order: tuple[int, ...]
) -> None:
    point, reader = town.point(), town.county.refs["R1"]
    sticks = [town.folder / f"stick-{number}" for number in range(3)]
    for stick, deed in zip(sticks, ("lend", "return", "lend"), strict=True):
        stick.mkdir()
        if deed == "lend":
            point.lends("YL0003", reader)
        else:
            point.takes_back("YL0003")
        point.exports(stick)

    for number in (*order, *order, order[0]):
        town.imports(sticks[number])

    assert town.county.open_loans() == {"YL0003": "R1"}
    assert len(town.events()) == 3
    assert len(town.county.loans()) == 2
    assert town.county.cases() == {}


def test_stick_and_network_bring_the_same_events_once(town: Town) -> None:
    point, reader = town.point(), town.county.refs["R2"]
    for item in ("YL0004", "YL0005"):
        point.lends(item, reader)
    report = point.exports(town.stick)
    with town.hub.database.writing() as conn:
        sent = read_batch(_body(point.recorded[:1]))
        by_network = ingest(
            conn, Sender(point.kiosk_id, "A"), sent, dt.datetime.now(dt.UTC)
        )

    imported, answered = town.imports(report)
    point.imports(Path(answered["file"]))

    assert (imported["new"], imported["known"]) == (1, 1)
    assert len(town.county.loans()) == 2
    verdicts = point.verdicts()
    assert verdicts[point.recorded[0].event_id] == by_network.verdicts[0]


def test_an_old_answer_takes_nothing_back(town: Town) -> None:
    point, reader = town.point(), town.county.refs["R1"]
    point.lends("YL0001", reader)
    old = round_trip(town, point)
    point.takes_back("YL0001")
    new = round_trip(town, point)
    before = (point.mirror().status(), point.mirror().acked(), point.verdicts())

    again = point.imports(old)
    point.imports(new)

    assert again[0]["pages"] == 0
    assert before == (point.mirror().status(), point.mirror().acked(), point.verdicts())
    assert point.mirror().loan_of("YL0001") is None


def test_an_answer_that_goes_on_from_elsewhere_is_refused_by_name(town: Town) -> None:
    point = town.point()
    round_trip(town, point)
    with town.hub.database.writing() as conn:
        news = Item("YL9999", "t1", "BOOK", ItemState.LENDABLE, "CN-1", "A", "A")
        catalogue.put_items(conn, [news])
    report = point.exports(town.stick)
    later = Path(town.imports(report)[-1]["file"])
    for path in point.folder.glob("mirror.db*"):
        path.unlink()

    refused = point.run("import", str(later))

    assert refused.exit_code == 1
    assert "begins after version" in refused.output
    assert point.mirror().item("YL9999") is None


def test_another_kiosks_answer_is_left_alone_and_refused_when_named(
    town: Town,
) -> None:
    ours, theirs = town.point("ours"), town.point("theirs")
    ours.takes_back("YL0001")
    theirs.takes_back("YL0002")
    ours.exports(town.stick)
    theirs.exports(town.stick)
    told = town.imports(town.stick)
    answers = {one["kiosk_id"]: Path(one["file"]) for one in told if "cursor" in one}

    applied = ours.imports(town.stick)
    refused = ours.run("import", str(answers[theirs.kiosk_id]))

    assert [one["file"] for one in applied] == [answers[ours.kiosk_id].name]
    assert refused.exit_code == 1
    assert f"is for '{theirs.kiosk_id}'" in refused.output


def test_nothing_on_the_stick_can_be_read(town: Town) -> None:
    point, reader = town.point(), town.county.refs["R1"]
    event = point.lends("YL0001", reader)
    point.exports(town.stick)
    town.imports(town.stick)

    files = [path for path in town.stick.iterdir() if path.is_file()]
    content = b"".join(path.read_bytes() + path.name.encode() for path in files)
    secrets = ("YL0001", reader, event.event_id, "CHECKOUT", "围城")

    assert len(files) == 2
    assert not [secret for secret in secrets if secret.encode() in content]
    # The same search finds them where they are in the clear.
    plain = b"".join(path.read_bytes() for path in point.folder.glob("*.db*"))
    assert all(word.encode() in plain for word in secrets[:3])


def test_hub_restored_from_a_backup_gets_everything_again(town: Town) -> None:
    """A kiosk that never met a network hears of it by its next stick."""
    point = town.point()
    point.takes_back("YL0001")
    town.hub.database.engine.dispose()
    shutil.copy(town.folder / "hub.db", town.folder / "backup.db")
    round_trip(town, point)
    point.takes_back("YL0002")

    town.hub.database.engine.dispose()
    for path in town.folder.glob("hub.db-*"):
        path.unlink()
    shutil.copy(town.folder / "backup.db", town.folder / "hub.db")
    report = point.exports(town.stick)
    imported = town.imports(report)
    point.imports(Path(imported[-1]["file"]))
    second = round_trip(town, point)

    assert imported[0]["missing"][0]["first"] == 1
    assert point.pending() == 0
    assert len(town.events()) == 2
    assert point.mirror().status().cursor == town.county.version(), second


def test_revoked_kiosks_facts_go_to_staff_and_it_learns_nothing(town: Town) -> None:
    point = town.point()
    event = point.takes_back("YL0001")
    with town.hub.database.writing() as conn:
        conn.execute(
            update(schema.devices)
            .where(schema.devices.c.kiosk_id == point.kiosk_id)
            .values(state="revoked")
        )

    _, answered = town.imports(point.exports(town.stick))
    point.imports(Path(answered["file"]))

    assert "revoked_device" in town.county.cases()
    assert point.verdicts()[event.event_id].outcome is Outcome.NEEDS_STAFF
    assert answered["pages"] == 0
    assert point.mirror().rules() is None


def test_stick_of_an_unknown_device_is_named(town: Town) -> None:
    point = town.point()
    point.takes_back("YL0001")
    report = point.exports(town.stick)
    with town.hub.database.writing() as conn:
        conn.execute(schema.enrol_codes.delete())
        conn.execute(
            schema.devices.delete().where(schema.devices.c.kiosk_id == point.kiosk_id)
        )

    refused = town.run("import", str(report))

    assert refused.exit_code == 1
    assert point.kiosk_id in lines(refused)[0]["problems"][0]
    assert not town.events()


def test_the_mirrors_age_counts_from_the_sticks_time(town: Town) -> None:
    point = town.point()
    answer = round_trip(town, point)

    status = point.mirror().status()

    assert status.synced_at is not None
    assert f"{status.synced_at:%Y%m%dT%H%M%S}" in answer.name
    assert point.mirror().hub_time() is None  # no clock is set by it


def test_whole_county_for_a_kiosk_without_a_report(town: Town) -> None:
    point = town.point()
    event = point.takes_back("YL0001")
    town.imports(point.exports(town.stick), answer=False)
    empty = town.folder / "empty"
    empty.mkdir()

    done = town.run("export", str(empty), "--kiosk", point.kiosk_id)
    point.imports(empty)

    assert done.exit_code == 0
    assert event.event_id in point.verdicts()
    assert point.mirror().rules() is not None


def test_folder_on_the_kiosks_own_card_is_not_taken_for_a_stick(town: Town) -> None:
    point = town.point()
    point.takes_back("YL0001")

    refused = point.run("export", str(town.stick))
    missing = point.run("export", str(town.stick / "no"), "--same-disk")

    assert refused.exit_code == missing.exit_code == 1
    assert "is the stick mounted?" in refused.output
    assert "not a folder" in missing.output
    assert not list(town.stick.iterdir())
