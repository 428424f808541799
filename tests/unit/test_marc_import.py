"""CNMARC files as libraries hand them over, assembled here byte by byte."""

from __future__ import annotations

import pytest

from kiosk.domain.values import Title
from sync.hub.importers.mapped import Holding, MappedRecord, NoTitle
from sync.hub.importers.mapping import map_record
from sync.hub.importers.marc import Encoding, MarcRecord, read_records
from sync.hub.importers.report import Rejected

FIELD_END = b"\x1e"
RECORD_END = b"\x1d"

HUO_ZHE = [
    ("001", "YL00000001"),
    ("010", "  |a978-7-5063-6543-7|dCNY20.00"),
    ("100", "  |a20120801d2012    em y0chiy0120    ea"),
    ("200", "1 |a活着|Ahuo zhe|f余华著"),
    ("210", "  |a北京|c作家出版社|d2012.8"),
    ("690", "  |aI247.57|v5"),
    ("701", " 0|a余华|4著"),
]


def record(fields: list[tuple[str, str]], encoding: str = "utf-8") -> bytes:
    """Assemble a record; "|" stands for the mark before a subfield's code."""
    directory, content = b"", b""
    for tag, text in fields:
        field = text.replace("|", "\x1f").encode(encoding) + FIELD_END
        directory += f"{tag}{len(field):04d}{len(content):05d}".encode()
        content += field
    base = 24 + len(directory) + 1
    length = base + len(content) + 1
    leader = f"{length:05d}nam0 22{base:05d}   450 ".encode()
    return leader + directory + FIELD_END + content + RECORD_END


def with_length(content: bytes, length: int) -> bytes:
    return f"{length:05d}".encode() + content[5:]


def replaced(tag: str, text: str) -> list[tuple[str, str]]:
    return [(t, text if t == tag else old) for t, old in HUO_ZHE]


def without(tag: str) -> list[tuple[str, str]]:
    return [(t, text) for t, text in HUO_ZHE if t != tag]


def only(content: bytes, encoding: Encoding = Encoding.AUTO) -> MappedRecord:
    (found,) = read_records(content, encoding)
    assert isinstance(found, MarcRecord), found
    return map_record(found)


def titles(content: bytes) -> list[str]:
    """Titles of the good records and "number: reason" of the others."""
    return [
        f"{found.number}: {found.reason}"
        if isinstance(found, Rejected)
        else map_record(found).title.title
        for found in read_records(content)
    ]


def test_every_field_of_the_catalogue_is_taken_from_its_place() -> None:
    mapped = only(record(HUO_ZHE))

    assert mapped == MappedRecord(
        Title(
            title_id="YL00000001",
            title="活着",
            author="余华",
            publisher="作家出版社",
            year="2012",
            isbn="9787506365437",
            clc="I247.57",
        )
    )


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "gb18030"])
@pytest.mark.parametrize("given", ["auto", "itself"])
def test_encoding_is_detected_or_given(encoding: str, given: str) -> None:
    content = record(HUO_ZHE, encoding)

    mapped = only(content, Encoding(encoding if given == "itself" else given))

    assert (mapped.title.title, mapped.title.publisher) == ("活着", "作家出版社")


@pytest.mark.parametrize("rare", ["喆", "䶮", "㐂", "𠮷"])
def test_rare_characters_of_gb18030_are_read(rare: str) -> None:
    content = record(replaced("701", f" 0|a陶{rare}"), "gb18030")

    assert only(content).title.author == f"陶{rare}"


def test_files_of_two_encodings_joined_are_read_record_by_record() -> None:
    other = replaced("001", "YL00000002")

    content = record(HUO_ZHE, "utf-8") + record(other, "gbk")

    assert titles(content) == ["活着", "活着"]


def test_a_damaged_character_rejects_its_record_and_names_the_subfield() -> None:
    damaged = record(HUO_ZHE).replace("作家".encode(), b"\xe4\xbdA\xe5\xae\xb6")

    found = list(read_records(damaged + record(HUO_ZHE)))

    assert found[0] == Rejected(
        number=1, offset=0, reason="210$c: byte E4BD at 0 is not utf-8"
    )
    assert isinstance(found[1], MarcRecord)


def test_bytes_that_are_not_the_given_encoding_are_rejected() -> None:
    content = record(replaced("701", " 0|a陶䶮"), "gb18030")

    (found,) = read_records(content, Encoding.GBK)

    assert isinstance(found, Rejected)
    assert "701$a" in found.reason
    assert "gbk" in found.reason


@pytest.mark.parametrize("wrong", [0, 30, 99999])
def test_wrong_record_length_rejects_the_record_and_the_next_is_read(
    wrong: int,
) -> None:
    good = record(HUO_ZHE)
    bad = with_length(record(HUO_ZHE), wrong)

    found = list(read_records(good + bad + good))

    assert found[1] == Rejected(
        number=2,
        offset=len(good),
        reason=f"the leader says {wrong} bytes, the record has {len(bad)}",
    )
    assert [isinstance(each, MarcRecord) for each in found] == [True, False, True]


def test_length_that_is_no_number_is_rejected() -> None:
    content = b"00x23" + record(HUO_ZHE)[5:]

    assert titles(content + record(HUO_ZHE)) == [
        "1: record length in the leader is b'00x23', not a number",
        "活着",
    ]


@pytest.mark.parametrize(
    ("column", "text", "reason"),
    [
        (0, b"2\xb00", "the tag"),
        (3, b"00x7", "length of field 200 is b'00x7', not a number"),
        (7, b"0x100", "start of field 200 is b'0x100', not a number"),
        (3, b"9999", "the directory puts field 200 where no field ends"),
        (3, b"0000", "the directory puts field 200 where no field ends"),
        (7, b"00000", "the directory puts field 200 where no field ends"),
    ],
)
def test_damaged_directory_rejects_the_record_and_the_next_is_read(
    column: int, text: bytes, reason: str
) -> None:
    good = record(HUO_ZHE)
    place = good.index(b"200", 24 + 3 * 12) + column
    bad = good[:place] + text + good[place + len(text) :]

    found = titles(bad + good)

    assert found[0].startswith(f"1: {reason}")
    assert found[1:] == ["活着"]


def test_field_that_swallows_its_neighbour_is_rejected() -> None:
    good = record([("001", "7"), ("200", "1 |a甲"), ("300", "  |a乙")])
    place = good.index(b"200", 36)
    first, second = good[place + 3 : place + 7], good[place + 15 : place + 19]
    both = f"{int(first) + int(second):04d}".encode()
    bad = good[: place + 3] + both + good[place + 7 :]

    assert titles(bad + good) == [
        "1: the directory stretches field 200 over another field",
        "甲",
    ]


def test_base_address_beyond_the_record_is_rejected() -> None:
    good = record(HUO_ZHE)
    bad = good[:12] + b"99999" + good[17:]

    assert titles(bad + good) == [
        "1: no directory ends at the base address 99999",
        "活着",
    ]


def test_lost_end_mark_costs_one_record_only() -> None:
    good = record(HUO_ZHE)
    cut = record(replaced("001", "YL00000002"))[:-1]

    found = list(read_records(good + cut + good))

    assert [isinstance(each, MarcRecord) for each in found] == [True, False, True]
    assert found[1] == Rejected(
        number=2,
        offset=len(good),
        reason="the mark 1D at the end of the record is missing",
    )


def test_file_cut_in_the_middle_keeps_what_was_whole() -> None:
    good = record(HUO_ZHE)

    found = titles(good + good[:100])

    assert found[0] == "活着"
    assert found[1].startswith("2: ")


def test_noise_between_records_is_one_rejection() -> None:
    good = record(HUO_ZHE)

    found = titles(good + b"not a record\x1d" + good)

    assert found[::2] == ["活着", "活着"]
    assert found[1].startswith("2: ")


@pytest.mark.parametrize("gap", [b"\r\n", b"\n\n", b" ", b"\x1a", b"\x00\x00"])
def test_line_ends_between_records_are_skipped(gap: bytes) -> None:
    assert titles(record(HUO_ZHE) + gap + record(HUO_ZHE) + gap) == ["活着", "活着"]


def test_byte_order_mark_before_the_first_record_is_skipped() -> None:
    assert titles(b"\xef\xbb\xbf" + record(HUO_ZHE)) == ["活着"]


def test_empty_file_has_no_records() -> None:
    assert titles(b"") == []


def test_second_title_field_is_tolerated() -> None:
    fields = [*HUO_ZHE, ("200", "1 |a活着：另一题名|f余华")]

    assert only(record(fields)).title.title == "活着"


def test_first_title_field_that_is_empty_gives_way_to_the_second() -> None:
    fields = [("200", "1 |f余华"), *HUO_ZHE]

    assert only(record(fields)).title.title == "活着"


def test_part_of_a_set_is_named_in_its_title() -> None:
    fields = replaced("200", "1 |a平凡的世界|h第一部|i黄原|f路遥著")

    assert only(record(fields)).title.title == "平凡的世界 第一部 黄原"


def test_record_without_a_title_is_refused() -> None:
    (found,) = read_records(record(without("200")))
    assert isinstance(found, MarcRecord)

    with pytest.raises(NoTitle, match=r"200 \$a"):
        map_record(found)


@pytest.mark.parametrize(
    "written",
    [
        "750636543X",
        "7-5063-6543-x",
        "978-7-5063-6543-7 (精装)",
        "９７８７５０６３６５４３７",
    ],
)
def test_book_number_gets_one_spelling(written: str) -> None:
    fields = replaced("010", f"  |a{written}|dCNY20.00")

    assert only(record(fields)).title.isbn == "9787506365437"


def test_wrong_book_number_is_left_out_with_a_remark() -> None:
    mapped = only(record(replaced("010", "  |a7-5063-6543-1")))

    assert mapped.title.isbn == ""
    assert "7-5063-6543-1" in mapped.remarks[0]


def test_second_book_number_counts_when_the_first_is_wrong() -> None:
    fields = [("010", "  |a10019·1872"), *HUO_ZHE]

    assert only(record(fields)).title.isbn == "9787506365437"


def test_record_without_book_number_and_class_is_taken() -> None:
    fields = [field for field in HUO_ZHE if field[0] not in {"010", "690"}]

    title = only(record(fields)).title

    assert (title.title, title.isbn, title.clc) == ("活着", "", "")


def test_year_comes_from_the_coded_field_when_the_imprint_has_none() -> None:
    assert only(record(replaced("210", "  |c作家出版社"))).title.year == "2012"


def test_author_comes_from_the_title_field_when_no_person_is_named() -> None:
    assert only(record(without("701"))).title.author == "余华著"


def test_several_authors_are_named_together() -> None:
    fields = [*HUO_ZHE, ("701", " 0|a路遥")]

    assert only(record(fields)).title.author == "余华、路遥"


def test_record_without_an_id_gets_the_same_one_each_time() -> None:
    anonymous = record([f for f in HUO_ZHE if f[0] not in {"001", "010"}])

    assert only(anonymous).title.title_id == only(anonymous).title.title_id != ""


def test_holdings_list_every_barcode() -> None:
    fields = [*HUO_ZHE, ("905", "  |aYLT|bYL0104170238;yl0104170239|bYL0104170240|f3")]

    assert only(record(fields)).holdings == (
        Holding("YLT", ("YL0104170238", "YL0104170239", "YL0104170240")),
    )


def test_subfield_code_that_is_no_letter_is_rejected() -> None:
    content = record(HUO_ZHE).replace(b"\x1fA", b"\x1f\xe6")

    (found,) = read_records(content)

    assert isinstance(found, Rejected)
    assert "subfield code E6" in found.reason


def test_record_that_says_utf_8_and_is_gbk_is_read_as_what_it_is() -> None:
    content = record(HUO_ZHE, "gbk")
    declared = content[:9] + b"a" + content[10:]

    assert titles(declared) == titles(record(HUO_ZHE))


def test_record_in_marc_8_is_rejected_instead_of_misread() -> None:
    escaped = replaced("200", "1 |aA\x1b$1B")

    (found,) = titles(record(escaped))

    assert "MARC-8" in found


def test_repeated_fields_are_all_heard() -> None:
    fields = [
        *HUO_ZHE,
        ("701", " 0|a张三"),
        ("905", "  |aA|bYL1"),
        ("905", "  |aB|bYL2"),
    ]

    mapped = only(record(fields))

    assert mapped.title.author == "余华、张三"
    assert [holding.library for holding in mapped.holdings] == ["A", "B"]
