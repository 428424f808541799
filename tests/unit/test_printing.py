from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame, PrintOutcome, Slip
from drivers.codecs import escpos_status
from drivers.printers import job as jobs
from drivers.printers.job import Stage
from drivers.printers.slip import slip_bytes, wrap

WELL = 0x12


def columns_of(row: str) -> int:
    return len(row.encode("gbk"))


def test_chinese_takes_two_columns() -> None:
    assert wrap("平凡的世界ABC", 10) == ["平凡的世界", "  ABC"]


def test_a_line_that_fits_is_left_alone() -> None:
    assert wrap("共2本", 32) == ["共2本"]


def test_a_character_without_a_font_is_marked() -> None:
    assert wrap("𠮷祥", 32) == ["〓祥"]


def test_a_title_can_not_command_the_printer() -> None:
    assert wrap("a\x1b@\x1dV\nb", 32) == ["a @ V b"]


@given(st.text(max_size=200), st.integers(16, 64))
def test_no_row_is_wider_than_the_paper(line: str, columns: int) -> None:
    rows = wrap(line, columns)

    assert all(columns_of(row) <= columns for row in rows)
    assert len("".join(rows).replace(" ", "")) == sum(
        not char.isspace() and char.isprintable() for char in line
    )


def test_a_slip_begins_with_a_reset_and_chinese_mode() -> None:
    content = slip_bytes(Slip("凭条", ()), columns=32, native_qr=True, cut=False)

    assert content.startswith(b"\x1b@")
    assert b"\x1c&" + "凭条\n".encode("gbk") in content


# --- the job ----------------------------------------------------------------------


def test_a_job_asks_sends_and_asks_again() -> None:
    job = jobs.begin(answers_status=True)
    assert job.stage is Stage.ASK_BEFORE

    job = jobs.answered(job, WELL, WELL)
    assert job.stage is Stage.SEND

    job = jobs.taken(job)
    assert job.stage is Stage.ASK_AFTER

    assert jobs.answered(job, WELL, WELL).outcome is PrintOutcome.PRINTED


@pytest.mark.parametrize(
    ("offline", "roll", "outcome"),
    [
        (0x12, 0x72, PrintOutcome.NO_PAPER),
        (0x32, 0x12, PrintOutcome.NO_PAPER),
        (0x16, 0x12, PrintOutcome.COVER_OPEN),
        (0x36, 0x72, PrintOutcome.NO_PAPER),
        (0x52, 0x12, PrintOutcome.BLOCKED),
    ],
)
def test_trouble_before_a_slip_ends_its_job(
    offline: int, roll: int, outcome: PrintOutcome
) -> None:
    job = jobs.answered(jobs.begin(answers_status=True), offline, roll)

    assert (job.stage, job.outcome) == (Stage.OVER, outcome)


def test_a_roll_that_is_nearly_out_still_prints() -> None:
    job = jobs.answered(jobs.begin(answers_status=True), WELL, 0x1E)

    assert job.stage is Stage.SEND


def test_a_job_without_answers_is_blocked() -> None:
    job = jobs.blocked(jobs.begin(answers_status=True))

    assert (job.stage, job.outcome) == (Stage.OVER, PrintOutcome.BLOCKED)


# --- status bytes -----------------------------------------------------------------


@given(st.integers(0, 255))
def test_only_bytes_with_the_fixed_bits_are_a_status(byte: int) -> None:
    if escpos_status.is_status(byte):
        escpos_status.parse_roll(byte)
        escpos_status.parse_offline(byte)
    else:
        with pytest.raises(BadFrame, match=f"{byte:02X}"):
            escpos_status.parse_roll(byte)


def test_frames_are_told_in_words() -> None:
    assert escpos_status.describe(bytes.fromhex("100404"))["asks"] == "roll"
    assert escpos_status.describe(b"\x72")["if_roll"] == {
        "nearly_out": False,
        "out": True,
    }


@given(st.binary(max_size=6).filter(lambda frame: len(frame) not in {1, 3}))
def test_garbage_is_no_status(frame: bytes) -> None:
    with pytest.raises(BadFrame, match=frame.hex().upper() or "no bytes"):
        escpos_status.describe(frame)
