"""New content for written tags whose model has everything at its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.tagdata import iso28560_3, iso28560_4, rfid501
from drivers.tagdata.elements import OWNER, PII, TYPE_OF_USAGE
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.iso28560_3 import BasicBlock
from drivers.tagdata.iso28560_3_extensions import encode_extension
from drivers.tagdata.rebuild import WrittenTag, overwrite
from drivers.tagdata.rfid501 import Record

BOOK = BasicBlock("1000000136", "DK718500")


def locks(count: int, *locked: int) -> list[bool]:
    return [block in locked for block in range(count)]


def test_a_danish_tag_is_written_anew_and_old_data_is_cleared() -> None:
    old = iso28560_3.compose(BOOK, [encode_extension(4, {"title": "Faust"})])
    tag = WrittenTag(old.ljust(112, b"\xa5"), locks(28))

    new = overwrite(tag, iso28560_3.compose(BasicBlock("2", "DE705")))

    assert iso28560_3.parse(new).basic == BasicBlock("2", "DE705")
    assert not any(new[32:])
    assert len(new) == 112


def test_an_extension_is_added_behind_a_locked_basic_block() -> None:
    old = iso28560_3.compose(BOOK).ljust(112, b"\0")
    tag = WrittenTag(old, locks(28, *range(8)))
    title = encode_extension(4, {"title": "Faust"})

    new = overwrite(tag, iso28560_3.compose(BOOK, [title]))

    assert new[:32] == old[:32]
    assert [one.fields for one in iso28560_3.parse(new).extensions] == [
        {"title": "Faust"}
    ]


def test_a_locked_block_with_other_content_is_named() -> None:
    tag = WrittenTag(iso28560_3.compose(BOOK).ljust(112, b"\0"), locks(28, 1, 2))

    with pytest.raises(
        BadTagData, match="byte 4: block 1 is locked and holds 30303030"
    ):
        overwrite(tag, iso28560_3.compose(BasicBlock("1111111111", "DK718500")))


def test_locked_residue_behind_the_content_is_named() -> None:
    tag = WrittenTag(iso28560_3.compose(BOOK).ljust(112, b"\x55"), locks(28, 20))

    with pytest.raises(
        BadTagData, match=r"byte 80: block 20 .* 55555555, not 00000000"
    ):
        overwrite(tag, iso28560_3.compose(BOOK))


def test_content_that_is_too_long_is_refused() -> None:
    tag = WrittenTag(bytes(32), locks(8))

    with pytest.raises(BadTagData, match="34 bytes don't fit into a memory of 32"):
        overwrite(tag, iso28560_3.compose(BasicBlock("1", "CN440100-1-GT")))


def test_an_old_3m_tag_is_written_over_another_model() -> None:
    tag = WrittenTag(b"\xff" * 64, locks(16))

    new = overwrite(tag, rfid501.to_bytes(Record("200901010123")))

    assert rfid501.parse(new).item == "200901010123"
    assert not any(new[28:])


def test_the_banks_of_a_uhf_tag_are_written_word_by_word() -> None:
    book = {PII: "0104532", OWNER: "CN-440100-1", TYPE_OF_USAGE: "10"}
    old, new = iso28560_4.make(book), iso28560_4.make(book | {TYPE_OF_USAGE: "20"})
    bank = WrittenTag(old.epc_bank, [True] * 8, block_size=2)
    user = WrittenTag(old.user.ljust(32, b"\xa5"), locks(16), block_size=2)

    assert overwrite(bank, new.epc_bank) == old.epc_bank
    assert overwrite(user, new.user) == new.user.ljust(32, b"\0")


def test_a_locked_epc_keeps_its_item() -> None:
    old, new = (iso28560_4.make({PII: item}) for item in ("0104532", "0104533"))
    bank = WrittenTag(old.epc_bank, [True] * 8, block_size=2)

    with pytest.raises(BadTagData, match="block 3 is locked"):
        overwrite(bank, new.epc_bank)


@given(
    st.binary(min_size=64, max_size=64),
    st.lists(st.booleans(), max_size=20),
    st.binary(max_size=70),
)
def test_locked_blocks_never_change(
    memory: bytes, locked: list[bool], content: bytes
) -> None:
    tag = WrittenTag(memory, locked)
    try:
        new = overwrite(tag, content)
    except BadTagData:
        return

    assert new == content.ljust(64, b"\0")
    for block, is_locked in enumerate(locked):
        at = block * 4
        assert not is_locked or new[at : at + 4] == memory[at : at + 4]
