"""One view for every state the screen can be in, by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from kiosk.view import (
    BookLine,
    LineState,
    Message,
    PatronLine,
    Screen,
    Slip,
    View,
)
from tests.ui_desk import first_view

DUE = dt.date(2025, 8, 3)
PATRON = PatronLine(name="张*华", remaining=3)

_SHELF = (
    ("活着", "余华"),
    ("平凡的世界（第一部）", "路遥"),
    ("苹果树冬季修剪问答", ""),
    ("百年孤独", "加西亚·马尔克斯"),
    ("绘本：小羊找妈妈", "云岭县文化馆"),
    ("红楼梦", "曹雪芹"),
    ("农村常用法律一百问：土地、婚姻、赡养、借贷与邻里纠纷", "云岭县司法局"),
    ("西游记", "吴承恩"),
)


def shelf(
    count: int, state: LineState = LineState.WAITING, message: Message | None = None
) -> tuple[BookLine, ...]:
    """Return the first books of the shelf, all in one state."""
    return tuple(
        BookLine(f"YL010417{number:04d}", title, author, state, message)
        for number, (title, author) in enumerate(_SHELF[:count])
    )


def _due(count: int) -> tuple[BookLine, ...]:
    return shelf(count, LineState.OK, Message("line.due", {"date": DUE}))


def _mixed() -> tuple[BookLine, ...]:
    lines = _due(4)
    other = Message("E-ITEM-OTHERLOAN")
    return (
        lines[0],
        replace(lines[1], state=LineState.PUT_BACK),
        replace(lines[2], state=LineState.REFUSED, message=other),
        replace(lines[3], title="", author=""),
    )


def _taken_back() -> tuple[BookLine, ...]:
    ok, working = LineState.OK, LineState.WORKING
    lines = shelf(4, ok, Message("return.ok"))
    return (
        lines[0],
        replace(lines[1], message=Message("return.late", {"n": 3})),
        replace(
            lines[2], message=Message("return.other_site", {"owner": "河湾镇分馆"})
        ),
        replace(lines[3], state=working, message=None),
    )


def _borrowed(number: int) -> Message:
    return Message("borrow.done", {"n": number, "date": DUE})


SLIP = Slip(
    (
        Message("slip.site", {"site": "马坪村图书服务点"}),
        Message("slip.lent", {"no": "0417-000238"}),
        Message("slip.who", {"who": "张*华  2025-07-03 14:20"}),
        *(
            Message("slip.item_due", {"i": i, "title": title, "date": DUE})
            for i, (title, _) in enumerate(_SHELF, 1)
        ),
        Message("slip.total", {"n": len(_SHELF)}),
        Message("slip.phone", {"phone": "0938-0000000"}),
    )
)
ON_PAPER = replace(SLIP, can_print=True)
AS_QR = replace(SLIP, as_qr=True)


def _states() -> Mapping[str, View]:
    home = first_view()
    identify = replace(home, screen=Screen.IDENTIFY, headline=Message("id.prompt"))
    empty = replace(
        home,
        screen=Screen.BORROW,
        patron=PATRON,
        headline=Message("borrow.put", {"max": 8}),
    )
    stack = replace(
        empty,
        books=shelf(3),
        count=3,
        can_confirm=True,
        headline=Message("borrow.count", {"n": 3}),
    )
    working = replace(
        stack,
        screen=Screen.WORKING,
        books=(*_due(1), *shelf(3, LineState.WORKING)[1:]),
        headline=Message("borrow.working"),
    )
    done = replace(
        working,
        screen=Screen.DONE,
        books=_due(3),
        headline=_borrowed(3),
        receipt="0417-000238",
    )
    back = replace(home, screen=Screen.RETURN, headline=Message("return.put"))
    full = Message("borrow.count", {"n": 8})
    offline = (Message("bar.offline"),)
    partial = Message("borrow.partial", {"ok": 3, "bad": 1})
    return {
        "home": home,
        "home-bare": replace(home, site=replace(home.site, phone="", opens="")),
        "home-books": replace(home, headline=Message("home.books", {"n": 2})),
        "home-notice": replace(home, notice=Message("E-CLOSED"), banners=offline),
        "home-idle": replace(home, notice=Message("E-GENERIC"), idle_s=20),
        "identify": identify,
        "identify-unknown": replace(
            identify, notice=Message("E-CARD-UNKNOWN"), banners=offline
        ),
        "borrow-empty": empty,
        "borrow-one": replace(
            stack, books=shelf(1), count=1, headline=Message("borrow.count", {"n": 1})
        ),
        "borrow": stack,
        "borrow-full": replace(stack, books=shelf(8), count=8, headline=full),
        "borrow-unstable": replace(
            stack, can_confirm=False, headline=Message("borrow.counting")
        ),
        "borrow-blank": replace(
            stack,
            books=(
                *shelf(2),
                BookLine("E004", "", "", LineState.REFUSED, Message("E-TAG-BLANK")),
            ),
        ),
        "borrow-overdue": replace(
            empty,
            patron=replace(PATRON, remaining=0),
            notice=Message("E-OVERDUE", {"n": 2}),
        ),
        "borrow-idle": replace(stack, idle_s=17, banners=offline),
        "working": working,
        "done": done,
        "done-slip": replace(done, slip=ON_PAPER),
        "done-slip-printed": replace(
            done, slip=replace(SLIP, message=Message("slip.printed"))
        ),
        "done-slip-qr": replace(
            done,
            slip=AS_QR,
            notice=Message("E-PRINTER"),
            books=_due(8),
            headline=_borrowed(8),
        ),
        "done-slip-put-back": replace(
            done,
            books=_mixed(),
            put_back=("平凡的世界（第一部）",),
            headline=partial,
            slip=AS_QR,
        ),
        "return-slip-qr": replace(
            back,
            books=_taken_back(),
            headline=Message("return.done", {"n": 3}),
            receipt="0417-000239",
            slip=AS_QR,
        ),
        "done-mixed": replace(
            done, books=_mixed(), put_back=("平凡的世界（第一部）",), headline=partial
        ),
        "done-refused": replace(
            done,
            books=shelf(1, LineState.REFUSED, Message("E-ITEM-REF")),
            headline=Message("borrow.none"),
            receipt=None,
        ),
        "done-offline": replace(
            done,
            books=_due(8),
            banners=offline,
            headline=Message("borrow.done_offline", {"n": 8, "date": DUE}),
        ),
        "return-empty": back,
        "return": replace(
            back,
            books=_taken_back(),
            headline=Message("return.done", {"n": 3}),
            receipt="0417-000239",
        ),
        "return-put-back": replace(
            back,
            books=(
                *_taken_back(),
                *shelf(5, LineState.PUT_BACK, Message("return.ok"))[4:],
            ),
            put_back=("绘本：小羊找妈妈",),
            headline=Message("return.done", {"n": 5}),
            receipt="0417-000240",
            banners=(Message("bar.offline_limit", {"n": 9}), Message("E-PRINTER")),
        ),
    }


STATES = _states()
