from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from drivers.api import (
    CardSeen,
    CodeScanned,
)
from kiosk.domain.credentials import digest
from kiosk.domain.values import Credential, PatronState
from kiosk.service.ports import LedgerError
from kiosk.view import (
    Action,
    LineState,
    Message,
    Screen,
)
from sync.protocol import (
    CredentialChanged,
    PatronChanged,
)
from tests.integration.dispatcher_point import (
    PATIENCE_S,
    Point,
    states,
)
from tests.integration.kiosk_world import (
    CARD,
    COST,
    READER,
    World,
)


def test_a_touch_that_nobody_takes_gets_a_page_and_is_forgotten(world: World) -> None:
    point = Point(world)
    point.dispatcher._touch_timeout_s = 0.05

    answer = point.touch(Action.BORROW)

    assert not answer.accepted
    assert answer.view.notice == Message("E-GENERIC")
    point.start()
    point.dispatcher._touch_timeout_s = PATIENCE_S
    assert point.settle_down().screen is Screen.HOME
    point.stop()


def test_a_dispatcher_at_rest_is_not_busy(point: Point) -> None:
    point.settle_down()

    point.until(lambda _: point.dispatcher.busy_s == 0.0)


def test_a_session_whose_end_can_not_be_recorded_ends_all_the_same(
    point: Point, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LedgerError("the disk is full")

    point.borrow("B1")
    point.until(lambda view: states(view) == [LineState.OK])
    monkeypatch.setattr(type(world.daybook), "end_session", fail)

    assert point.touch(Action.HOME).view.screen is Screen.HOME


def test_a_code_may_stand_for_a_patron(point: Point, world: World) -> None:
    code = CredentialChanged(Credential(digest("QR-1", COST), READER.patron_ref))
    world.tell(code)

    point.says(CodeScanned("qr-1"), "scanner")

    assert point.on(Screen.BORROW).patron is not None


def test_a_patron_who_may_not_borrow_is_told_why(point: Point, world: World) -> None:
    world.tell(PatronChanged(replace(READER, state=PatronState.LOST)))

    point.card()

    assert point.view.notice == Message("E-CARD-LOST", {"reason": ""})


def test_before_the_first_rules_nobody_is_known(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    world = World(tmp_path / "empty", told=False)
    point = Point(world)
    point.start()

    point.says(CardSeen(CARD), "card")

    point.until(lambda view: view.notice == Message("E-CARD-UNKNOWN"))
    point.stop()
    world.close()
