"""Requests to FEIG readers and their replies, by layout, in both directions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import BadFrame
from drivers.codecs.block_order import BlockOrder
from drivers.codecs.feig import replies, requests
from drivers.codecs.feig.replies import (
    Inventory,
    InventoryRecord,
    SystemInfo,
)
from drivers.codecs.feig.requests import (
    Addressing,
    EasRequest,
    EasSub,
    IsoRequest,
    Sub,
)

UID = "E00401500A1B2C3D"

REQUESTS = [
    (requests.inventory(), "0100"),
    (requests.inventory(more=True), "0180"),
    (IsoRequest(Sub.INVENTORY, mode=requests.MODE_NOTIFY, value=5), "014005"),
    (requests.addressed(Sub.STAY_QUIET, UID), f"0201{UID}"),
    (
        IsoRequest(Sub.LOCK_BLOCKS, UID, 0, Addressing.BY_UID, 3, 2),
        f"2201{UID}0302",
    ),
    (requests.read_blocks(UID, 0, 28), f"2301{UID}001C"),
    (
        IsoRequest(
            Sub.READ_BLOCKS, "", requests.MODE_SECURITY, Addressing.SELECTED, 1, 4
        ),
        "230A0104",
    ),
    (
        requests.write_blocks(UID, 5, 1, bytes.fromhex("A1B2C3D4")),
        f"2401{UID}050104A1B2C3D4",
    ),
    (
        requests.write_blocks(UID, 0, 2, bytes(range(16))),
        f"2401{UID}000208000102030405060708090A0B0C0D0E0F",
    ),
    (requests.addressed(Sub.SELECT, UID), f"2501{UID}"),
    (
        IsoRequest(Sub.SELECT, UID, requests.MODE_UID_LENGTH, Addressing.BY_UID),
        f"251108{UID}",
    ),
    (requests.addressed(Sub.RESET_TO_READY, UID), f"2601{UID}"),
    (requests.addressed(Sub.WRITE_AFI, UID, value=0xC2), f"2701{UID}C2"),
    (requests.addressed(Sub.LOCK_AFI, UID), f"2801{UID}"),
    (requests.addressed(Sub.WRITE_DSFID, UID, value=6), f"2901{UID}06"),
    (requests.addressed(Sub.LOCK_DSFID, UID), f"2A01{UID}"),
    (requests.addressed(Sub.SYSTEM_INFO, UID), f"2B01{UID}"),
    (
        IsoRequest(Sub.BLOCK_SECURITY, UID, 0, Addressing.BY_UID, 0, 28),
        f"2C01{UID}001C",
    ),
    (IsoRequest(Sub.SYSTEM_INFO), "2B00"),
]


@pytest.mark.parametrize(("request_", "data"), REQUESTS)
def test_request_to_a_tag_in_both_directions(request_: IsoRequest, data: str) -> None:
    encoded = request_.encode()

    assert encoded.hex().upper() == data
    assert requests.parse_iso_request(encoded) == request_


@pytest.mark.parametrize("sub", EasSub)
@pytest.mark.parametrize("uid", [UID, ""])
def test_eas_request_in_both_directions(sub: EasSub, uid: str) -> None:
    addressing = Addressing.BY_UID if uid else Addressing.ANY
    request = EasRequest(sub, uid, addressing)

    encoded = request.encode()

    assert encoded.hex().upper() == f"04{sub:02X}{addressing:02X}{uid}"
    assert requests.parse_eas_request(encoded) == request


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("", "subcommand needs 1"),
        ("99", "unknown subcommand 99"),
        ("01", "MODE needs 1"),
        ("2303", "addresses no tag"),
        ("2301E004", "UID needs 8 bytes at offset 2, 2 left"),
        (f"2301{UID}00", "number of blocks"),
        (f"2301{UID}000100", "1 bytes too many"),
        (f"2401{UID}000204112233", "blocks needs 8"),
        (f"2701{UID}", "value needs 1"),
    ],
)
def test_request_cut_off_is_refused_with_the_place(data: str, reason: str) -> None:
    with pytest.raises(BadFrame, match=reason):
        requests.parse_iso_request(bytes.fromhex(data))


def test_eas_request_of_another_maker_is_refused() -> None:
    with pytest.raises(BadFrame, match="02a2"):
        requests.parse_eas_request(bytes.fromhex("02A200"))


# --- replies ----------------------------------------------------------------------


def test_inventory_of_both_tag_types_in_both_directions() -> None:
    inventory = Inventory(
        (
            InventoryRecord(UID, 0x06),
            InventoryRecord("04112233445566", None, 0x04, b"\x00\x08"),
            InventoryRecord("04112233445566778899", None, 0x04, b"\x04\x08"),
        )
    )

    encoded = inventory.encode()

    assert encoded.hex().upper() == (
        f"030306{UID}04000804112233445566040408" + "04112233445566778899"
    )
    assert replies.parse_inventory(encoded) == inventory


def test_record_of_unknown_length_ends_an_inventory() -> None:
    data = bytes.fromhex(f"020300{UID}" + "84E2003412")

    inventory = replies.parse_inventory(data)

    assert [record.uid for record in inventory.records] == [UID]
    assert inventory.unread.hex().upper() == "84E2003412"


def test_tags_before_one_of_a_type_that_nobody_knows_are_read() -> None:
    inventory = replies.parse_inventory(bytes.fromhex(f"020306{UID}7F1122"))

    assert [record.uid for record in inventory.records] == [UID]
    assert inventory.unread.hex().upper() == "7F1122"


@pytest.mark.parametrize("data", ["", f"020300{UID}", f"010300{UID}00", "0177", "0103"])
def test_inventory_with_wrong_lengths_is_refused(data: str) -> None:
    with pytest.raises(BadFrame):
        replies.parse_inventory(bytes.fromhex(data))


def test_system_info_in_both_directions() -> None:
    info = SystemInfo(UID, 0x06, 0xC2, block_size=8, block_count=256, ic_ref=1)

    assert info.encode().hex().upper() == f"06{UID}C207FF01"
    assert replies.parse_system_info(info.encode()) == info


def test_blocks_are_turned_into_the_order_of_the_tag() -> None:
    data = bytes.fromhex("0204001C05009101141A99BE")

    blocks = replies.parse_blocks(data)

    assert blocks.memory(BlockOrder.REVERSED).hex() == "9100051cbe991a14"
    assert blocks.memory(BlockOrder.STRAIGHT).hex() == "1c050091141a99be"
    assert blocks.security == b"\x00\x01"
    assert blocks.encode() == data


@given(blocks=st.binary(max_size=128), size=st.integers(1, 32))
def test_turning_blocks_twice_changes_nothing(blocks: bytes, size: int) -> None:
    whole = blocks[: len(blocks) // size * size]

    turned = BlockOrder.REVERSED.turn(whole, size)

    assert BlockOrder.REVERSED.turn(turned, size) == whole


@pytest.mark.parametrize("data", ["02", "0204001C050091", "01040011223344FF"])
def test_blocks_with_wrong_lengths_are_refused(data: str) -> None:
    with pytest.raises(BadFrame):
        replies.parse_blocks(bytes.fromhex(data))
