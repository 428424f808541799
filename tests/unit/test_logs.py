from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator

import pytest
import structlog

from kiosk import logs

CARD = "10000012345"
UID = "04A1B2C3"


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root, hook = logging.getLogger(), threading.excepthook
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], threading.excepthook = handlers, hook
    root.setLevel(level)


def configured() -> structlog.stdlib.BoundLogger:
    """Called in the test itself: a fixture would have another standard error."""
    logs.configure()
    log: structlog.stdlib.BoundLogger = structlog.get_logger("kiosk.test")
    return log


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    written = capsys.readouterr().err.splitlines()
    assert len(written) == 1, written
    content: dict[str, object] = json.loads(written[0])
    return content


def test_an_event_is_one_json_line_with_time_and_level(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = configured()

    log.warning("device lost", device="pad", failures=3, up=False)

    said = line(capsys)
    assert str(said.pop("timestamp")).endswith("Z")
    assert said == {
        "event": "device lost",
        "level": "warning",
        "device": "pad",
        "failures": 3,
        "up": False,
    }


@pytest.mark.parametrize(
    "key", ["card", "credential", "name", "patron", "patron_ref", "pin"]
)
def test_personal_keys_are_blanked_whatever_they_hold(
    capsys: pytest.CaptureFixture[str],
    key: str,
) -> None:
    log = configured()

    log.info("seen", **{key: "x"}, more={key: ["x"]})

    said = line(capsys)
    assert (said[key], said["more"]) == (logs.MASK, {key: logs.MASK})


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        f"card {CARD} unknown",
        f"卡号{CARD}不存在",
        f"[{CARD}]",
        f"frame for {UID} broken",
        "uid=04a1b2c3",
        "got 04 A1 B2 C3",
    ],
)
def test_numbers_of_cards_are_shortened_wherever_they_stand(
    capsys: pytest.CaptureFixture[str],
    text: str,
) -> None:
    log = configured()

    log.error(text, reason=text, seen=[text], more={"of": (text,)})

    said = capsys.readouterr().err
    for number in (CARD, UID, "04a1b2c3", "04 A1 B2 C3"):
        assert number not in said
    assert logs.MASK in json.loads(said)["reason"]


def test_an_exception_as_a_value_is_masked_like_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = configured()

    log.error("failed", reason=ValueError(f"no patron {CARD}"))

    assert line(capsys)["reason"] == "no patron …45"


def test_the_trace_of_an_exception_is_masked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = configured()

    with pytest.raises(KeyError) as caught:
        dict[str, str]().pop(CARD)
    log.error("failed", exc_info=caught.value)

    said = capsys.readouterr().err
    assert CARD not in said
    assert "KeyError" in said


def test_libraries_speak_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    configured()

    logging.getLogger("waitress").warning("odd request for %s", CARD)

    said = line(capsys)
    assert (said["event"], said["level"]) == ("odd request for …45", "warning")


def test_a_thread_that_dies_says_why_without_naming_anybody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise RuntimeError(CARD)

    configured()

    thread = threading.Thread(target=fail, name="dispatcher")
    thread.start()
    thread.join()

    said = line(capsys)
    assert (said["event"], said["thread"]) == ("thread died", "dispatcher")
    assert CARD not in str(said)
    assert "RuntimeError" in str(said["exception"])


@pytest.mark.parametrize(
    "text",
    [
        "device lost",
        "/dev/serial/by-id/usb-reader",
        "127.0.0.1:8080 refused",
        "version 26.11.0",
        "status 0x95",
        "2026-11-23",
    ],
)
def test_ordinary_words_stay_as_they_are(
    capsys: pytest.CaptureFixture[str],
    text: str,
) -> None:
    log = configured()

    log.info(text, epoch="0123456789abcdef")

    said = line(capsys)
    assert (said["event"], said["epoch"]) == (text, "0123456789abcdef")
