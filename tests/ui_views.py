"""One view for every state the screen can be in, by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace

from kiosk.view import (
    AccountLines,
    BookLine,
    LineState,
    LoanLine,
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


_HOME = first_view()
_IDENTIFY = replace(_HOME, screen=Screen.IDENTIFY, headline=Message("id.prompt"))
_EMPTY = replace(
    _HOME,
    screen=Screen.BORROW,
    patron=PATRON,
    may_look=True,
    headline=Message("borrow.put", {"max": 8}),
)
_STACK = replace(
    _EMPTY,
    books=shelf(3),
    count=3,
    can_confirm=True,
    headline=Message("borrow.count", {"n": 3}),
)
_WORKING = replace(
    _STACK,
    screen=Screen.WORKING,
    books=(*_due(1), *shelf(3, LineState.WORKING)[1:]),
    headline=Message("borrow.working"),
)
_DONE = replace(
    _WORKING,
    screen=Screen.DONE,
    books=_due(3),
    headline=_borrowed(3),
    receipt="0417-000238",
)
_MIXED = replace(
    _DONE,
    books=_mixed(),
    put_back=("平凡的世界（第一部）",),
    headline=Message("borrow.partial", {"ok": 3, "bad": 1}),
)
_BACK = replace(_HOME, screen=Screen.RETURN, headline=Message("return.put"))
_RETURNED = replace(
    _BACK,
    books=_taken_back(),
    headline=Message("return.done", {"n": 3}),
    receipt="0417-000239",
)
_OFFLINE = (Message("bar.offline"),)


def _home_states() -> Mapping[str, View]:
    return {
        "home": _HOME,
        "home-bare": replace(_HOME, site=replace(_HOME.site, phone="", opens="")),
        "home-books": replace(_HOME, headline=Message("home.books", {"n": 2})),
        "home-notice": replace(_HOME, notice=Message("E-CLOSED"), banners=_OFFLINE),
        "home-idle": replace(_HOME, notice=Message("E-GENERIC"), idle_s=20),
        "home-storage-short": replace(
            _HOME, notice=Message("E-STORAGE"), banners=(Message("bar.storage_short"),)
        ),
        "home-ledger-down": replace(
            _HOME,
            notice=Message("E-LEDGER-DOWN"),
            banners=(Message("E-LEDGER-DOWN"),),
            in_service=False,
        ),
        "home-not-enrolled": replace(
            _HOME,
            site=replace(_HOME.site, name="", phone="", opens=""),
            notice=Message("E-NOT-ENROLLED"),
            banners=(Message("E-NOT-ENROLLED"),),
            in_service=False,
        ),
        "identify": _IDENTIFY,
        "identify-unknown": replace(
            _IDENTIFY, notice=Message("E-CARD-UNKNOWN"), banners=_OFFLINE
        ),
    }


def _borrow_states() -> Mapping[str, View]:
    one, eight = (Message("borrow.count", {"n": n}) for n in (1, 8))
    blank = BookLine("E004", "", "", LineState.REFUSED, Message("E-TAG-BLANK"))
    counting = Message("borrow.counting")
    return {
        "borrow-empty": _EMPTY,
        "borrow-unnamed": replace(_EMPTY, patron=replace(PATRON, name="")),
        "borrow-one": replace(_STACK, books=shelf(1), count=1, headline=one),
        "borrow": _STACK,
        "borrow-full": replace(_STACK, books=shelf(8), count=8, headline=eight),
        "borrow-unstable": replace(_STACK, can_confirm=False, headline=counting),
        "borrow-blank": replace(_STACK, books=(*shelf(2), blank)),
        "borrow-overdue": replace(
            _EMPTY,
            patron=replace(PATRON, remaining=0),
            notice=Message("E-OVERDUE", {"n": 2}),
        ),
        "borrow-idle": replace(_STACK, idle_s=17, banners=_OFFLINE),
        "working": _WORKING,
    }


def _done_states() -> Mapping[str, View]:
    refused = shelf(1, LineState.REFUSED, Message("E-ITEM-REF"))
    alone = Message("borrow.done_offline", {"n": 8, "date": DUE})
    return {
        "done": _DONE,
        "done-mixed": _MIXED,
        "done-refused": replace(
            _DONE, books=refused, headline=Message("borrow.none"), receipt=None
        ),
        "done-offline": replace(_DONE, books=_due(8), banners=_OFFLINE, headline=alone),
        "done-date-follows": replace(
            _DONE,
            books=shelf(3, LineState.OK, Message("line.date_follows")),
            banners=_OFFLINE,
            headline=Message("borrow.done_date_follows", {"n": 3}),
        ),
        **_slip_states(),
    }


def _slip_states() -> Mapping[str, View]:
    printed = replace(SLIP, message=Message("slip.printed"))
    return {
        "done-slip": replace(_DONE, slip=ON_PAPER),
        "done-slip-printed": replace(_DONE, slip=printed),
        "done-slip-qr": replace(
            _DONE,
            slip=AS_QR,
            notice=Message("E-PRINTER"),
            books=_due(8),
            headline=_borrowed(8),
        ),
        "done-slip-put-back": replace(_MIXED, slip=AS_QR),
        "return-slip-qr": replace(_RETURNED, slip=AS_QR),
    }


def _return_states() -> Mapping[str, View]:
    lifted = shelf(5, LineState.PUT_BACK, Message("return.ok"))[4:]
    return {
        "return-empty": _BACK,
        "return": _RETURNED,
        "return-put-back": replace(
            _RETURNED,
            books=(*_taken_back(), *lifted),
            put_back=("绘本：小羊找妈妈",),
            headline=Message("return.done", {"n": 5}),
            receipt="0417-000240",
            banners=(Message("bar.offline_limit", {"n": 9}), Message("E-PRINTER")),
        ),
    }


_READY = Message("hold.ready", {"title": "红楼梦", "date": DUE})


def _account_states() -> Mapping[str, View]:
    account = _account()
    pending = Message("acct.pending", {"title": "平凡的世界（第一部）"})
    return {
        "account": account,
        "account-ready": replace(
            account,
            ready=(_READY,),
            account=AccountLines((_renewable(),), (pending,), renewable=1),
        ),
        "account-many": replace(
            account,
            headline=Message("acct.loans", {"n": 8}),
            account=AccountLines(
                (_late(), *(_renewable(f"YL{n}") for n in range(10, 16)), _kept()),
                renewable=6,
            ),
        ),
        "account-empty": replace(
            account, headline=Message("acct.empty"), account=AccountLines(())
        ),
    }


def _renewal_states() -> Mapping[str, View]:
    account = _account()
    renewed = replace(
        _renewable(),
        state=LineState.OK,
        message=Message("renew.done", {"date": DUE}),
        can_renew=False,
    )
    noted = replace(renewed, message=Message("E-OFFLINE-RENEW"))
    return {
        "account-renewed": replace(
            account,
            headline=Message("renew.finished", {"n": 1}),
            account=AccountLines((_late(), renewed, _kept())),
        ),
        "account-noted": replace(
            account,
            headline=Message("renew.noted"),
            banners=_OFFLINE,
            account=AccountLines((noted,)),
        ),
    }


def _card_states() -> Mapping[str, View]:
    """What a card alone leads to, and help."""
    far = Message(
        "hold.ready_elsewhere", {"title": "活着", "site": "县馆", "date": DUE}
    )
    return {
        "borrow-ready": replace(_EMPTY, ready=(_READY, far)),
        "borrow-lost-card": replace(
            _EMPTY,
            patron=PatronLine("", 0),
            may_look=False,
            notice=Message("E-CARD-LOST"),
        ),
        "help": replace(_HOME, screen=Screen.HELP, headline=Message("help.title")),
    }


def _account() -> View:
    return replace(
        _EMPTY,
        screen=Screen.ACCOUNT,
        headline=Message("acct.loans", {"n": 3}),
        account=AccountLines((_late(), _renewable(), _kept()), renewable=1),
    )


def _renewable(key: str = "YL2") -> LoanLine:
    due = Message("acct.due", {"date": DUE})
    title = _SHELF[6][0]
    state = LineState.WAITING
    return LoanLine(
        key, title, "", due, overdue=False, state=state, can_renew=True, ticked=True
    )


def _late() -> LoanLine:
    over, why = Message("acct.overdue", {"n": 12}), Message("E-RENEW-LATE")
    state = LineState.WAITING
    return LoanLine("YL1", "活着", "余华", over, overdue=True, state=state, message=why)


def _kept() -> LoanLine:
    due, why = Message("acct.due", {"date": DUE}), Message("E-RENEW-MAX", {"n": 1})
    state = LineState.WAITING
    return LoanLine("YL3", "", "", due, overdue=False, state=state, message=why)


STATES: Mapping[str, View] = {
    **_home_states(),
    **_borrow_states(),
    **_done_states(),
    **_return_states(),
    **_account_states(),
    **_renewal_states(),
    **_card_states(),
}
