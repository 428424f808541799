"""The emulated 3M / Bibliotheca pad is no yes-man: it refuses what a real one would."""

from __future__ import annotations

import pytest

from drivers.codecs.bibliotheca.frames import Frame, decode
from drivers.codecs.bibliotheca.replies import BlockStyle, parse_blocks
from drivers.emulators.bibliotheca import BibliothecaEmulator
from drivers.emulators.tag import VirtualTag

UID = "E004015000000001"


@pytest.fixture
def reader() -> BibliothecaEmulator:
    emulator = BibliothecaEmulator()
    emulator.place(VirtualTag(UID, locked={1}))
    return emulator


def ask(reader: BibliothecaEmulator, body: str) -> str:
    (reply,) = reader.answer(Frame(bytes.fromhex(body)).encode())
    return decode(reply).body.hex().upper()


def test_a_broken_frame_is_not_answered(reader: BibliothecaEmulator) -> None:
    assert list(reader.answer(bytes.fromhex("D60005FE0005FA41"))) == []
    assert len(list(reader.answer(bytes.fromhex("D60005FE0005FA40")))) == 1


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ("55", "5502"),
        ("FE00", "FE32"),
        ("FE0080", "FE31"),
        ("0A" + "E004015000000009", "0A06"),
        (f"02{UID}0020", f"0211{UID}"),
        (f"02{UID}000180", f"0231{UID}"),
        (f"04{UID}000200" + "00" * 8, f"0412{UID}01"),
        (f"03{UID}", f"0306{UID}00"),
    ],
    ids=[
        "unknown command",
        "byte missing",
        "bad inventory option",
        "nobody there",
        "no such block",
        "bad read option",
        "locked block",
        "EAS is off",
    ],
)
def test_what_cannot_be_done_is_refused(
    reader: BibliothecaEmulator, body: str, answer: str
) -> None:
    assert ask(reader, body) == answer


def test_a_tag_told_to_be_quiet_misses_the_next_inventory(
    reader: BibliothecaEmulator,
) -> None:
    ask(reader, f"01{UID}")

    assert ask(reader, "FE0005") == "FE00000500"
    assert ask(reader, "FE0005") == f"FE00000501{UID}"


def test_locks_are_told_in_the_old_style(reader: BibliothecaEmulator) -> None:
    blocks = parse_blocks(bytes.fromhex(ask(reader, f"02{UID}0002"))[10:])

    assert (blocks.style, blocks.locks) == (BlockStyle.OLD, b"\x00\x01")
