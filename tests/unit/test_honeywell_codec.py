"""Commands of Honeywell scanners, and their verdicts among codes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.honeywell import (
    TRIGGER,
    UNTRIGGER,
    Verdict,
    describe,
    menu_command,
    menu_line,
)
from drivers.codecs.lines import BadBarcode, LineAssembler


def test_commands_are_syn_letter_and_return() -> None:
    assert (TRIGGER, UNTRIGGER) == (b"\x16\x54\x0d", b"\x16\x55\x0d")
    assert menu_command("PAPHHF!") == b"\x16\x4d\x0dPAPHHF!"


@pytest.mark.parametrize(
    "command", ["", ".", "PAPHHF", "PAP\rHF.", "A.B.", "A;B!", "设置."]
)
def test_what_is_no_menu_command_is_refused(command: str) -> None:
    with pytest.raises(BadFrame, match="menu command"):
        menu_command(command)


@pytest.mark.parametrize(
    ("frame", "name"),
    [
        (TRIGGER, "trigger"),
        (UNTRIGGER, "untrigger"),
        (menu_command("232BAD9."), "menu"),
    ],
)
def test_command_is_described(frame: bytes, name: str) -> None:
    assert describe(frame)["name"] == name


def test_menu_command_says_whether_it_lasts() -> None:
    assert describe(menu_command("PAPHHF!"))["kept"] == "until power off"
    assert describe(menu_command("PAPHHF."))["kept"] == "for good"


@pytest.mark.parametrize("frame", ["", "16", "1654", "16540D0D", "16580D", "164D0D41"])
def test_other_commands_are_refused(frame: str) -> None:
    with pytest.raises(BadFrame):
        describe(bytes.fromhex(frame))


@pytest.mark.parametrize("verdict", Verdict)
def test_verdict_stands_between_command_and_its_end(verdict: Verdict) -> None:
    line = menu_line(LineAssembler())

    found = line.feed(b"PAPHHF" + bytes((verdict,)) + b".A0001\r")

    assert found == ["PAPHHF", verdict, "A0001"]


def test_verdict_without_end_spoils_what_it_stands_in() -> None:
    line = menu_line(LineAssembler())

    found = line.feed(b"A00\x0601\rA0002\r")

    assert isinstance(found[0], BadBarcode)
    assert found[1:] == ["A0002"]


@given(st.binary(max_size=100), st.integers(1, 20))
def test_pieces_give_the_same_as_the_whole(data: bytes, size: int) -> None:
    whole, pieces = menu_line(LineAssembler()), menu_line(LineAssembler())
    found: list[object] = []
    for at in range(0, len(data), size):
        found += pieces.feed(data[at : at + size])
    found += pieces.flush()

    assert [*map(str, found)] == [*map(str, whole.feed(data) + whole.flush())]
