"""What UHF readers on RS-232 and RS-485 must do, whose commands are numbered bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from drivers.api import CommandRefused
from drivers.emulators.pty import Answer
from tests.contract.pad_contract import IN_STOCK, ON_LOAN, read_all
from tests.contract.uhf_rig import ISO_USER_BANK, UhfEmulator, UhfRig, uhf_rig

PASSWORD = bytes.fromhex("A1B2C3D4")

#: Makes an open pad, of an emulator and what the driver's options are beside the usual.
MakeRig = Callable[..., UhfRig]


def make_rigs(
    driver: str,
    emulator: Callable[[], UhfEmulator],
    tmp_path: Path,
    usual: dict[str, float],
) -> Iterator[MakeRig]:
    """For a fixture: rigs that are closed after the test."""
    with ExitStack() as rigs:

        def make(
            reader: UhfEmulator | None = None,
            *,
            answer: Answer | None = None,
            **options: object,
        ) -> UhfRig:
            return rigs.enter_context(
                uhf_rig(
                    driver,
                    reader or emulator(),
                    tmp_path,
                    options={**usual, **options},
                    answer=answer,
                )
            )

        yield make


class UhfReaderContract:
    """A subclass gives its `make_rig`, its emulator, and bytes of its protocol."""

    #: "Write" as it stands in a frame, and where.
    write: bytes
    write_at: int
    #: Status of an access with a wrong password.
    wrong_password: int

    def emulator(self) -> UhfEmulator:
        raise NotImplementedError

    def test_a_user_bank_shorter_than_wanted_is_read_to_its_end(
        self, make_rig: MakeRig
    ) -> None:
        rig = make_rig()
        uid = rig.place(1)
        rig.tag(uid).user = ISO_USER_BANK[:22]

        assert read_all(rig, 1)[uid].memory == ISO_USER_BANK[:22]

    def test_more_words_than_a_frame_holds_are_written_and_read(
        self, make_rig: MakeRig
    ) -> None:
        rig = make_rig()
        uid = rig.place(1)
        rig.tag(uid).user = bytes(400)
        read_all(rig, 1)
        content = bytes(range(256)) + bytes(range(64))

        rig.pad.write_blocks(uid, 2, content)

        assert rig.tag(uid).user == bytes(4) + content + bytes(76)
        assert rig.pad.read_blocks(uid, 2, 160) == content

    def test_a_protected_tag_is_written_with_its_password_only(
        self, make_rig: MakeRig
    ) -> None:
        rig = make_rig(access_password=PASSWORD.hex())
        right, wrong = rig.place(1), rig.place(2)
        rig.tag(right).reserved = bytes(4) + PASSWORD
        rig.tag(wrong).reserved = bytes(4) + b"else"
        read_all(rig, 2)

        assert rig.pad.write_afi(right, ON_LOAN) == ON_LOAN
        with pytest.raises(CommandRefused) as refused:
            rig.pad.write_afi(wrong, ON_LOAN)

        assert refused.value.status == self.wrong_password
        assert rig.afi_on_tag(wrong) == IN_STOCK

    def test_a_write_whose_answer_gets_lost_is_read_back(
        self, make_rig: MakeRig
    ) -> None:
        reader, end = self.emulator(), self.write_at + 1

        def mumble(received: bytes) -> list[bytes]:
            replies = list(reader.answer(received))
            return [] if received[self.write_at : end] == self.write else replies

        rig = make_rig(reader, answer=mumble)
        uid = rig.place(1)
        read_all(rig, 1)

        assert rig.pad.write_afi(uid, ON_LOAN) == ON_LOAN

    def test_a_two_wire_line_on_which_requests_come_back_changes_nothing(
        self, make_rig: MakeRig
    ) -> None:
        reader = self.emulator()
        rig = make_rig(
            reader, answer=lambda received: [received, *reader.answer(received)]
        )
        uid = rig.place(1)
        read_all(rig, 1)

        assert rig.pad.write_afi(uid, ON_LOAN) == ON_LOAN
        assert rig.pad.read_afi(uid) == ON_LOAN
