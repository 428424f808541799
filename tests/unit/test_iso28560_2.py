"""ISO 28560-2 memories: real tags in both directions, damaged ones, layout, rewriting."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.tagdata import elements
from drivers.tagdata.compaction import Scheme
from drivers.tagdata.elements import Element, make, make_content_parameter
from drivers.tagdata.errors import BadTagData
from drivers.tagdata.iso28560_2 import parse, salvage, to_bytes
from drivers.tagdata.layout import compose, image
from drivers.tagdata.rebuild import WrittenTag, rebuild
from tests.unit.vectors import vectors_of

VECTORS = vectors_of("iso28560_2")
GOOD = [pytest.param(vector, id=vector["id"]) for vector in VECTORS if vector["valid"]]
BAD = [
    pytest.param(vector, id=vector["id"]) for vector in VECTORS if not vector["valid"]
]
ANNEX_D = next(vector for vector in VECTORS if vector["id"] == "annex-d")
ANNEX_D_VALUES = {1: "123456789012", 4: "1203", 6: "QA268.L55", 3: "US-InU-Mu"}
CONTENT_PARAMETERS = [
    pytest.param(vector, id=vector["id"])
    for vector in vectors_of("iso15962_compaction")
    if vector["scheme"] == "content-parameter"
]

BARCODES = st.text("0123456789ABCXYZabc-. ", min_size=1, max_size=20)
OTHER_VALUES = st.dictionaries(
    st.sampled_from([3, 4, 6, 9, 13, 15, 16, 17, 23, 26, 270]),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80),
    max_size=8,
)


def report(element: Element) -> dict[str, object]:
    text = element.text
    return {
        "oid": element.oid,
        "name": element.name,
        "compaction": element.compaction,
        "pad": element.pad,
        "data": element.data.hex().upper(),
        "text": list(text) if isinstance(text, tuple) else text,
    }


def short(found: tuple[Element, ...]) -> dict[int, object]:
    return {element.oid: element.text for element in found}


def locks(pattern: str) -> list[bool]:
    return [flag == "l" for flag in pattern]


@pytest.mark.parametrize("vector", GOOD)
def test_real_tag_is_read_element_by_element(vector: dict[str, Any]) -> None:
    found = parse(bytes.fromhex(vector["hex"]))

    assert [report(element) for element in found] == vector["elements"]


@pytest.mark.parametrize("vector", GOOD)
def test_elements_are_written_as_they_were_read(vector: dict[str, Any]) -> None:
    memory = bytes.fromhex(vector["hex"])

    written = b"".join(map(to_bytes, parse(memory)))

    assert memory.startswith(written)
    assert memory[len(written) : len(written) + 1] in (b"", b"\0")


@pytest.mark.parametrize("vector", BAD)
def test_broken_tag_is_refused_with_place_and_reason(vector: dict[str, Any]) -> None:
    with pytest.raises(BadTagData, match=r"byte 0, OID 1: .+"):
        parse(bytes.fromhex(vector["hex"]))


def test_pad_byte_that_was_never_written_costs_nothing_but_a_remark() -> None:
    vector = next(vector for vector in VECTORS if "expect_lenient" in vector)

    reading = salvage(bytes.fromhex(vector["hex"]))

    found = {element.name: report(element)["text"] for element in reading.elements}
    assert found | vector["expect_lenient"] == found
    assert reading.problem is not None


def test_identifier_comes_out_of_a_tag_that_breaks_off_later() -> None:
    memory = bytes.fromhex("9100051CBE991A140201D01404")

    reading = salvage(memory)

    assert short(reading.elements) == {1: "123456789012", 2: (3, 4, 6)}
    assert "byte 11, OID 4" in str(reading.problem)


def test_element_that_makes_no_sense_is_left_out_and_the_rest_goes_on() -> None:
    memory = bytes.fromhex("11030AA8AE 2602ABCD 3702104000")

    reading = salvage(memory)

    assert short(reading.elements) == {1: "698542", 7: "BA"}
    assert reading.problem is not None
    assert (reading.problem.offset, reading.problem.oid) == (5, 6)


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        ("11", "length of 1 bytes"),
        ("1F", "long OID"),
        ("9100", "length"),
        ("91FF0101", "pad of 255 bytes"),
        ("9102010A0001", "2 pad bytes announced"),
        ("10010A", "precursor 10 names no element"),
        ("118080808001", "more than 4 bytes"),
        ("21011A", "1A"),
    ],
)
def test_every_kind_of_damage_is_named(memory: str, reason: str) -> None:
    with pytest.raises(BadTagData, match=reason):
        parse(bytes.fromhex(memory))


def test_length_beyond_127_takes_two_bytes() -> None:
    title = make(17, "书" * 50)

    row = to_bytes(title)

    assert row[:4] == bytes.fromhex("7F028116")
    assert parse(row) == (title,)


def test_element_of_no_known_number_keeps_its_number() -> None:
    found = parse(bytes.fromhex("6FFF0141"))

    assert [(element.oid, element.name) for element in found] == [(270, "270")]


@pytest.mark.parametrize("vector", CONTENT_PARAMETERS)
def test_content_parameter_lists_oids_both_ways(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["hex"])

    assert make_content_parameter(vector["oids"]).data == data
    read = elements.meaning(2, Scheme.APPLICATION, data)
    assert list(read) == vector["oids"]


@pytest.mark.parametrize(
    ("compaction", "data", "members"),
    [
        (Scheme.INTEGER, "04B3", (12, 3)),
        (Scheme.NUMERIC, "0301", (3, 1)),
        (Scheme.INTEGER, "012D", (3, 1)),  # 301: the leading zero is lost
        (Scheme.INTEGER, "0B", (1, 1)),
        (Scheme.OCTET, "0C03", (12, 3)),
        (Scheme.OCTET, "000C0003", (12, 3)),
        (Scheme.OCTET, "31323033", (12, 3)),
        (Scheme.OCTET, "0004", None),
        (Scheme.OCTET, "", None),
        (Scheme.NUMERIC, "99" * 3000, None),
    ],
)
def test_set_information_is_read_in_decimal_or_binary(
    compaction: Scheme, data: str, members: tuple[int, int] | None
) -> None:
    raw = bytes.fromhex(data)
    element = Element(4, compaction, raw, elements.meaning(4, compaction, raw))

    assert elements.set_members(element) == members


def test_set_information_is_written_in_decimal() -> None:
    assert elements.set_text(12, 3) == "1203"
    assert elements.set_text(3, 1) == "0301"
    assert elements.set_text(120, 7) == "120007"
    with pytest.raises(BadTagData, match="part 3 of 2"):
        elements.set_text(2, 3)


def test_usage_is_a_byte_however_it_is_compacted() -> None:
    octet = Element(5, Scheme.OCTET, b"\x12", "12")
    decimal = Element(5, Scheme.NUMERIC, b"\x80", "80")
    nonsense = Element(5, Scheme.BIT7, b"", "zz")

    found = [elements.usage_byte(element) for element in (octet, decimal, nonsense)]

    assert found == [0x12, 0x80, None]


@pytest.mark.parametrize(
    ("oid", "text"), [(5, "1"), (5, "1 "), (5, "zz"), (2, "D0"), (0, "1"), (271, "1")]
)
def test_value_that_has_no_place_is_refused(oid: int, text: str) -> None:
    with pytest.raises(BadTagData):
        make(oid, text)


def test_owner_that_is_no_isil_is_still_written() -> None:
    owner = make(3, "馆 1")

    assert owner.compaction is Scheme.UTF8
    assert parse(to_bytes(owner)) == (owner,)


def test_annex_d_comes_out_with_its_lockable_blocks() -> None:
    memory = compose(ANNEX_D_VALUES, lock={1, 3})

    assert memory.hex().upper() == ANNEX_D["hex"]


def test_identifier_alone_has_no_content_parameter() -> None:
    assert compose({1: "123456789012"}).hex().upper() == "9100051CBE991A14"


def test_tag_without_identifier_is_not_made() -> None:
    with pytest.raises(BadTagData, match="OID 1"):
        compose({3: "CN-1"})


@given(BARCODES, OTHER_VALUES, st.sampled_from([1, 4, 8]))
def test_what_is_composed_reads_back(
    item: str, others: dict[int, str], block_size: int
) -> None:
    values = {1: item, **others}

    memory = image(compose(values, block_size=block_size), 4096)

    found = short(parse(memory))
    assert found.pop(2, ()) == tuple(sorted(others))
    assert found == values


@given(BARCODES, OTHER_VALUES, st.sets(st.sampled_from([1, 3, 6, 17, 26])))
def test_lockable_elements_have_whole_blocks(
    item: str, others: dict[int, str], lock: set[int]
) -> None:
    memory = compose({1: item, **others}, lock=lock)

    for place in salvage(memory).placed:
        if place.element.oid in lock:
            assert (place.start % 4, place.end % 4) == (0, 0)


@given(st.binary(max_size=120))
def test_salvage_agrees_with_strict_reading_on_any_bytes(memory: bytes) -> None:
    reading = salvage(memory)

    if reading.problem is None:
        assert reading.elements == parse(memory)
    else:
        with pytest.raises(BadTagData):
            parse(memory)


def test_memory_too_small_is_named() -> None:
    with pytest.raises(BadTagData, match="36 bytes don't fit into a memory of 32"):
        image(compose(ANNEX_D_VALUES, lock={1, 3}), 32)


def test_rewriting_keeps_locked_blocks_and_clears_the_rest() -> None:
    memory = image(bytes.fromhex(ANNEX_D["hex"]), 40) + b"residue!"
    tag = WrittenTag(memory, locks(ANNEX_D["lock_map"]))

    new = rebuild(tag, {1: "123456789012", 6: "B1", 17: "书"})

    assert new[:8] + new[24:36] == memory[:8] + memory[24:36]
    assert short(parse(new)) == {
        1: "123456789012",
        2: (3, 6, 17),
        3: "US-InU-Mu",
        6: "B1",
        17: "书",
    }
    assert new[36:] == bytes(12)


def test_what_does_not_fit_before_a_locked_element_goes_behind_it() -> None:
    memory = image(bytes.fromhex(ANNEX_D["hex"]), 112)
    tag = WrittenTag(memory, locks(ANNEX_D["lock_map"]))
    title = "a title of more than sixteen bytes"

    new = rebuild(tag, {1: "123456789012", 17: title})

    assert [element.oid for element in parse(new)] == [1, 2, 3, 17]


def test_blank_tag_is_rebuilt_like_a_new_one() -> None:
    tag = WrittenTag(bytes(112), [])

    assert rebuild(tag, ANNEX_D_VALUES) == image(compose(ANNEX_D_VALUES), 112)


def test_locked_element_with_another_value_is_refused() -> None:
    tag = WrittenTag(image(bytes.fromhex(ANNEX_D["hex"]), 64), locks("ll"))

    with pytest.raises(BadTagData, match="OID 1: is locked and says '123456789012'"):
        rebuild(tag, {1: "7"})


def test_gap_that_nothing_fills_is_refused() -> None:
    locked_title_far_behind = compose({1: "10", 17: "x" * 300, 6: "A"}, lock={1, 6})
    memory = image(locked_title_far_behind, 400)
    last = salvage(memory).placed[-1]
    flags = [block == last.start // 4 for block in range(100)]

    with pytest.raises(BadTagData, match="before a locked one"):
        rebuild(WrittenTag(memory, flags), {1: "10", 6: "A"})


def test_row_ends_before_a_locked_block_of_another_make() -> None:
    memory = bytes(16) + b"VENDOR!!" + bytes(8)
    tag = WrittenTag(memory, locks("....ll.."))

    new = rebuild(tag, {1: "123456789012"})

    assert short(parse(new)) == {1: "123456789012"}
    assert new[16:24] == b"VENDOR!!"
    with pytest.raises(BadTagData, match="don't fit into the 15 from 0 on"):
        rebuild(tag, {1: "123456789012", 6: "QA268.L55"})


def test_locked_block_that_can_not_be_read_is_refused() -> None:
    memory = image(bytes.fromhex("2604ABCDEF0011030AA8AE"), 32)
    tag = WrittenTag(memory, locks("l.l"))

    with pytest.raises(BadTagData, match="a locked block can't be read"):
        rebuild(tag, {1: "698542", 17: "t"})
