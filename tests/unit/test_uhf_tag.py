"""The emulated UHF tag keeps to EPC Gen2, so that a wrong driver fails on it."""

from __future__ import annotations

import pytest

from drivers.codecs.gen2 import Bank, TagError
from drivers.emulators.uhf_tag import TagRefused, UhfField, VirtualUhfTag

EPC = bytes.fromhex("E20010710000529B0940B402")


@pytest.fixture
def tag() -> VirtualUhfTag:
    return VirtualUhfTag(b"\x30\x00" + EPC, user=bytes(range(16)))


def test_the_crc_word_is_that_of_a_published_tag(tag: VirtualUhfTag) -> None:
    assert tag.read(Bank.EPC, 0, 2) == bytes.fromhex("EB983000")


def test_the_crc_word_follows_what_is_written(tag: VirtualUhfTag) -> None:
    tag.write(Bank.EPC, 1, b"\x34\x00" + bytes.fromhex("30751FEB705C5904E3D50D70"))

    assert tag.crc == 0x3A76
    assert tag.read(Bank.EPC, 0, 1) == b"\x3a\x76"


def test_the_epc_is_as_long_as_the_pc_word_says(tag: VirtualUhfTag) -> None:
    tag.write(Bank.EPC, 1, b"\x10\x00")

    assert tag.epc == EPC[:4]
    assert tag.read(Bank.EPC, 2, 6) == EPC


@pytest.mark.parametrize(
    ("bank", "content"),
    [(Bank.USER, bytes(range(16))), (Bank.RESERVED, bytes(8)), (Bank.TID, b"\xe2")],
)
def test_each_bank_is_read(tag: VirtualUhfTag, bank: Bank, content: bytes) -> None:
    assert tag.content(bank).startswith(content)
    assert tag.read(bank, 0, 1) == tag.content(bank)[:2]


@pytest.mark.parametrize(("word", "count"), [(8, 1), (0, 9), (7, 2)])
def test_a_bank_ends_where_it_ends(tag: VirtualUhfTag, word: int, count: int) -> None:
    for access in (
        lambda: tag.read(Bank.USER, word, count),
        lambda: tag.write(Bank.USER, word, bytes(count * 2)),
    ):
        with pytest.raises(TagRefused) as refusal:
            access()
        assert refusal.value.error is TagError.OVERRUN


def test_words_are_written_where_they_belong(tag: VirtualUhfTag) -> None:
    tag.write(Bank.USER, 1, b"\xaa\xbb\xcc\xdd")

    assert tag.user == b"\x00\x01\xaa\xbb\xcc\xdd" + bytes(range(6, 16))


def test_a_locked_bank_keeps_what_it_has(tag: VirtualUhfTag) -> None:
    tag.locked.add(Bank.EPC)

    with pytest.raises(TagRefused) as refusal:
        tag.write(Bank.EPC, 1, b"\x30\x07")

    assert refusal.value.error is TagError.LOCKED
    assert tag.pc == 0x3000


@pytest.mark.parametrize(("bank", "word"), [(Bank.EPC, 0), (Bank.TID, 0)])
def test_what_is_the_chips_own_is_not_written(
    tag: VirtualUhfTag, bank: Bank, word: int
) -> None:
    with pytest.raises(TagRefused):
        tag.write(bank, word, b"\0\0")


def test_a_pc_word_that_announces_more_than_there_is_is_refused(
    tag: VirtualUhfTag,
) -> None:
    with pytest.raises(TagRefused):
        tag.write(Bank.EPC, 1, b"\xf8\x00")
    with pytest.raises(ValueError, match="F800 announces more"):
        VirtualUhfTag(b"\xf8\x00" + EPC)


def test_a_password_opens_only_if_it_is_the_tags(tag: VirtualUhfTag) -> None:
    assert tag.opens_with(b"\0\0\0\0")
    assert tag.opens_with(b"1234")

    tag.write(Bank.RESERVED, 2, b"1234")

    assert tag.opens_with(b"1234")
    assert not tag.opens_with(b"\0\0\0\0")


@pytest.mark.parametrize(
    ("pointer_bits", "bits", "mask", "found"),
    [
        (0x20, 96, EPC, True),
        (0x20, 12, b"\xe2\x0f", True),
        (0x24, 8, b"\x20", True),
        (0x20, 0, b"", True),
        (0x20, 96, EPC[:-1] + b"\0", False),
        (0x20, 12, b"\xe2\x1f", False),
        (0x20, 255, EPC.ljust(32, b"\0"), False),
    ],
)
def test_a_mask_finds_a_tag_by_its_bits(
    tag: VirtualUhfTag, pointer_bits: int, bits: int, mask: bytes, *, found: bool
) -> None:
    assert tag.answers_to(Bank.EPC, pointer_bits, bits, mask) is found


def test_a_field_holds_what_was_placed_and_not_lifted(tag: VirtualUhfTag) -> None:
    field, twin = UhfField(), VirtualUhfTag(b"\x30\x00" + EPC)
    field.place(tag)
    field.place(twin)

    field.lift(tag)
    field.lift(tag)

    assert field.tags[0] is twin
    assert len(field.tags) == 1
