"""The FEIG pad driver against readers that answer what no reader should."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.api import CommandRefused, DeviceLost, TagsOnPad
from drivers.codecs.feig.frames import Decoder, Frame
from drivers.emulators.pty import Pty
from drivers.pads.feig import FeigPad
from drivers.pads.pad import NO_ANSWER

UID = "E004015000000001"
OTHER_UID = "E004015000000002"
INVENTORY, SYSTEM_INFO, READ = "01", "2B", "23"
ONE_TAG = f"00010306{UID}"
INFO = f"0006{UID}07031B01"

Script = dict[str, str]
OpenPad = Callable[[Script], FeigPad]


def _scripted(script: Script) -> Callable[[bytes], Iterator[bytes]]:
    """A reader whose reply to a B0 subcommand is a fixed body, status first."""
    decoder = Decoder()

    def answer(received: bytes) -> Iterator[bytes]:
        decoder.receive_data(received)
        while request := decoder.next_frame():
            sub = request.body[:1].hex().upper()
            body = script.get(sub, "01") if request.cmd == 0xB0 else "00"
            yield Frame(0, request.cmd, bytes.fromhex(body)).encode()

    return answer


@pytest.fixture
def open_pad(tmp_path: Path) -> Iterator[OpenPad]:
    opened: list[tuple[FeigPad, Pty]] = []

    def make(script: Script) -> FeigPad:
        pty = Pty(tmp_path / "pad", _scripted(script))
        pty.start()
        pad = FeigPad(FeigPad.Options(port=str(pty.path), reply_timeout_s=1))
        opened.append((pad, pty))
        pad.open()
        return pad

    yield make
    for pad, pty in opened:
        pad.close()
        pty.stop()


@pytest.mark.parametrize(
    "inventory",
    ["83", "0B", "77", f"00020306{UID}", "00", f"0001{UID}"],
    ids=["radio", "collision", "unknown status", "cut off", "empty", "odd type"],
)
def test_round_that_makes_no_sense_is_no_round(
    open_pad: OpenPad, inventory: str
) -> None:
    pad = open_pad({INVENTORY: inventory})

    assert next(pad.events()) is None


def test_reader_that_refuses_round_after_round_is_lost(open_pad: OpenPad) -> None:
    events = open_pad({INVENTORY: "10"}).events()

    rounds = [next(events) for _ in range(19)]

    assert set(rounds) == {None}
    with pytest.raises(DeviceLost, match=r"EEPROM failure \(10\); 20 rounds"):
        next(events)


def test_reader_that_always_has_more_does_not_hang(open_pad: OpenPad) -> None:
    pad = open_pad({INVENTORY: f"94010306{UID}", SYSTEM_INFO: INFO})

    seen = next(pad.events())

    assert isinstance(seen, TagsOnPad)
    assert [tag.uid for tag in seen.tags] == [UID]


@pytest.mark.parametrize(
    "script",
    [
        {SYSTEM_INFO: f"0006{OTHER_UID}07031B01"},
        {SYSTEM_INFO: "0006"},
        {SYSTEM_INFO: INFO, READ: "00010400112233"},
        {SYSTEM_INFO: INFO, READ: "0001040011223344"},
        {SYSTEM_INFO: INFO, READ: "77"},
    ],
    ids=["another tag", "cut info", "cut block", "fewer blocks", "unknown status"],
)
def test_reply_that_makes_no_sense_leaves_the_tag_unread(
    open_pad: OpenPad, script: Script
) -> None:
    pad = open_pad({INVENTORY: ONE_TAG} | script)

    seen = next(pad.events())

    assert seen is not None
    assert [(tag.uid, tag.memory) for tag in seen.tags] == [(UID, b"")]


def test_afi_of_another_tag_is_not_taken(open_pad: OpenPad) -> None:
    pad = open_pad({SYSTEM_INFO: f"0006{OTHER_UID}07031B01"})

    with pytest.raises(CommandRefused, match=f"answer from {OTHER_UID}") as refused:
        pad.read_afi(UID)

    assert refused.value.status == NO_ANSWER


def test_cards_that_are_no_library_tags_are_left_out(open_pad: OpenPad) -> None:
    pad = open_pad({INVENTORY: "000104000804112233445566"})

    assert next(pad.events()) == TagsOnPad(())
