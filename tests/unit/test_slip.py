"""The slip under hard conditions: long titles, no clock, no phone, hostile titles."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from drivers.api import Slip
from drivers.printers.slip import slip_bytes
from kiosk.domain.session import Book, BookClass, Line, Session, Visitor
from kiosk.domain.values import Patron, PatronState
from kiosk.presenter import Surroundings, present
from kiosk.slip import slip_lines
from kiosk.view import LineState, Message, Screen, SiteLine
from tests.ui_client import get
from tests.ui_desk import ScriptedDesk
from ui.app import create_app, streams_of
from ui.qr import LONGEST_BYTES, qr_text
from ui.wording import Wording

SITE = SiteLine("云岭县马坪村图书服务点", phone="0938-0000000")
DUE = Message("line.due", {"date": dt.date(2026, 8, 2)})
AT = dt.datetime(2026, 7, 3, 14, 20, tzinfo=dt.UTC)
HOSTILE = '<img src=x onerror="alert(1)"></svg><script>alert(2)</script>{phone}'
LONG = "新编农村常见病防治与乡村医生实用手册(第三版修订本)上下两册合订附录音" * 2


def visit(*titles: str, screen: Screen = Screen.DONE) -> Session:
    books = (
        Book(str(i), BookClass.OWN, str(i), title) for i, title in enumerate(titles)
    )
    reader = Visitor(Patron("P1", "ADULT", PatronState.VALID, "张*华"), 4)
    return Session(
        screen,
        visitor=reader if screen is Screen.DONE else None,
        lines=tuple(Line(book, LineState.OK, DUE) for book in books),
        receipt="0417-000238",
        recorded_at=AT,
    )


def words(
    session: Session,
    site: SiteLine = SITE,
    *,
    locale: str = "zh_Hans",
    offline: bool = False,
) -> list[str]:
    say = Wording().say
    return [say(locale, line) for line in slip_lines(session, site, offline=offline)]


def test_slip_of_a_reader_without_a_name_has_the_time_alone() -> None:
    session = visit("活着")
    stranger = Visitor(Patron("P1", "ADULT", PatronState.VALID, ""), 4)

    named, unnamed = words(session), words(replace(session, visitor=stranger))

    assert any("张*华  2026-07-03 14:20" in line for line in named)
    assert not any("张" in line for line in unnamed)
    assert any("2026-07-03 14:20" in line for line in unnamed)


@pytest.mark.parametrize("locale", ["zh_Hans", "en"])
def test_eight_long_titles_are_all_on_the_paper(locale: str) -> None:
    heading, *lines = words(visit(*[LONG] * 8), locale=locale)

    paper = slip_bytes(
        Slip(heading, tuple(lines)), columns=32, native_qr=True, cut=True
    )

    text = paper.decode("gbk", "ignore").replace("\n  ", "")
    assert text.count(LONG) == 8


def test_a_long_title_leaves_room_in_the_code_for_the_next_books() -> None:
    lines = words(visit(LONG, "平凡的世界", "活着"))

    text = qr_text(lines)

    assert len(text.encode()) <= LONGEST_BYTES
    assert "平凡的世界" in text
    assert "活着" in text
    assert all(line.endswith(" 8月2日（星期日）还") for line in text.splitlines()[3:6])


def test_books_that_find_no_room_in_the_code_are_told_by_an_ellipsis() -> None:
    text = qr_text(words(visit(*[LONG] * 8)))

    assert len(text.encode()) <= LONGEST_BYTES + len("\n…".encode())
    assert text.endswith("\n…")


def test_a_slip_without_clock_phone_or_hub_has_no_holes() -> None:
    session = replace(visit("活着"), recorded_at=None)

    lines = words(session, SiteLine("马坪村"), offline=True)

    assert lines == [
        "马坪村",
        "借书凭条   No. 0417-000238",
        "张*华",
        "1 活着  8月2日（星期日）还",
        "共1本",
        "[离线办理，联网后上报]",
    ]


def test_the_slip_of_returns_is_nobodys() -> None:
    text = "\n".join(words(visit("活着", screen=Screen.RETURN)))

    assert "张" not in text
    assert "还书凭条" in text


@pytest.mark.parametrize("as_qr", [True, False])
def test_a_title_is_never_part_of_the_page(*, as_qr: bool) -> None:
    around = Surroundings(SITE, can_print=not as_qr)
    view = present(visit(HOSTILE), around, revision=1, step="1-1", idle_s=None)
    app = create_app(ScriptedDesk(view))

    page = get(app.test_client()).text

    assert view.slip is not None
    assert view.slip.as_qr is as_qr
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "{phone}" in page
    streams_of(app).close()


def test_a_title_is_no_template_of_a_sentence() -> None:
    assert any("{phone}" in line for line in words(visit(HOSTILE)))
