from __future__ import annotations

import pytest

from drivers.api import BadFrame
from drivers.codecs.iso15693 import (
    IsoError,
    SystemInformation,
    nxp_eas_request,
    parse_system_information,
    refusal_in,
)
from tests.unit.vectors import vectors_of


def test_the_answer_of_a_tag_in_stock_is_read() -> None:
    vector = next(
        v for v in vectors_of("iso28560_3") if v.get("kind") == "iso15693-sysinfo"
    )

    found = parse_system_information(bytes.fromhex(vector["hex"]))

    assert found.uid == vector["expect"]["uid"]
    assert f"{found.dsfid:02X}" == vector["expect"]["dsfid"]
    assert f"{found.afi:02X}" == vector["expect"]["afi"]


def test_all_fields_come_in_their_order() -> None:
    reply = bytes.fromhex("000F3D2C1B0A504001E006C21B0301")

    assert parse_system_information(reply) == SystemInformation(
        uid="E00140500A1B2C3D",
        dsfid=0x06,
        afi=0xC2,
        block_count=28,
        block_size=4,
        ic_ref=1,
    )


@pytest.mark.parametrize(
    "reply", ["", "00", "0F", "03554433221100", "0355443322110004E000", "F3" * 11]
)
def test_half_an_answer_is_refused_with_its_bytes(reply: str) -> None:
    with pytest.raises(BadFrame, match="system information"):
        parse_system_information(bytes.fromhex(reply))


@pytest.mark.parametrize(("armed", "code"), [(True, "A2"), (False, "A3")])
def test_eas_is_switched_by_an_addressed_command_of_the_maker(
    *, armed: bool, code: str
) -> None:
    request = nxp_eas_request("E00401500A1B2C3D", armed=armed)

    assert request.hex().upper() == f"22{code}04" + "3D2C1B0A500104E0"


def test_an_answer_says_whether_the_tag_refused() -> None:
    assert refusal_in(b"\x00") is None
    assert refusal_in(b"\x01\x12") == IsoError.LOCKED
    for cut in (b"", b"\x01"):
        with pytest.raises(BadFrame, match="ISO 15693 answer"):
            refusal_in(cut)


def test_reserved_bits_of_the_block_size_do_not_count() -> None:
    reply = bytes.fromhex("00043D2C1B0A500104E01BE3")

    assert parse_system_information(reply).block_size == 4
