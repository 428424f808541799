"""The CRCs against published check values and a bit-by-bit reference."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.codecs import crc
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("crc_checks")
PARAMETERS = {
    "MCRF4XX": (crc.MCRF4XX, 0xFFFF, True, 0x0000),
    "X25": (crc.X25, 0xFFFF, True, 0xFFFF),
    "GENIBUS": (crc.GENIBUS, 0xFFFF, False, 0xFFFF),
    "CCITT_FALSE": (crc.CCITT_FALSE, 0xFFFF, False, 0x0000),
    "XMODEM": (crc.XMODEM, 0x0000, False, 0x0000),
}


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_published_check_values_come_out(vector: dict[str, str]) -> None:
    algorithm = PARAMETERS[vector["algo"]][0]

    register = algorithm(bytes.fromhex(vector["data"]))

    assert f"{register:04X}" == vector["crc"]


@pytest.mark.parametrize("name", PARAMETERS)
@given(data=st.binary(max_size=64))
def test_table_agrees_with_the_bitwise_definition(name: str, data: bytes) -> None:
    algorithm, init, reflected, xor_out = PARAMETERS[name]

    expected = _bitwise(data, init=init, reflected=reflected) ^ xor_out

    assert algorithm(data) == expected


def _bitwise(data: bytes, *, init: int, reflected: bool) -> int:
    """Feed bit by bit into an unmirrored register; mirror it at the end if asked."""
    register = init
    for byte in data:
        bits = f"{byte:08b}"
        for bit in reversed(bits) if reflected else bits:
            carry = register >> 15 ^ int(bit)
            register = register << 1 & 0xFFFF ^ 0x1021 * carry
    return int(f"{register:016b}"[::-1], 2) if reflected else register
