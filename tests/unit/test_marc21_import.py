"""MARC21 records, with the Chinese form of a field beside its Latin one or without."""

from __future__ import annotations

import pytest
from pymarc import Field, Indicators, Record, Subfield

from kiosk.domain.values import Title
from sync.hub.importers.mapped import Format, Holding, MappedRecord, NoTitle
from sync.hub.importers.mapping import map_record
from sync.hub.importers.marc import MarcRecord, read_records

RECORD = (
    ("001", "", "ocm0001"),
    ("008", "", "120801s2012    cc            000 1 chi d"),
    ("020", "  ", "$a978-7-5063-6543-7 (paperback)"),
    ("084", "  ", "$aI247.57$2clc"),
    ("100", "1 ", "$a余华,"),
    ("245", "10", "$a活着 /$c余华著."),
    ("264", " 1", "$a北京 :$b作家出版社,$c2012."),
)


def made(*fields: tuple[str, str, str]) -> bytes:
    return bytes(Record(fields=[_field(*each) for each in fields]).as_marc())


def _field(tag: str, indicators: str, content: str) -> Field:
    if not indicators:
        return Field(tag, data=content)
    parts = [Subfield(part[0], part[1:]) for part in content.split("$")[1:]]
    return Field(tag, Indicators(*indicators), parts)


def mapped(*fields: tuple[str, str, str], form: Format = Format.AUTO) -> MappedRecord:
    (found,) = read_records(made(*fields))
    assert isinstance(found, MarcRecord), found
    return map_record(found, form)


def without(tag: str) -> tuple[tuple[str, str, str], ...]:
    return tuple(each for each in RECORD if each[0] != tag)


def test_every_field_of_the_catalogue_is_taken_without_its_marks() -> None:
    assert mapped(*RECORD).title == Title(
        title_id="ocm0001",
        title="活着",
        author="余华",
        publisher="作家出版社",
        year="2012",
        isbn="9787506365437",
        clc="I247.57",
    )


def test_chinese_form_of_a_field_goes_before_the_latin_one() -> None:
    latin = (*without("245"), ("245", "10", "$6880-01$aHuo zhe /$cYu Hua."))
    both = (*latin, ("880", "10", "$6245-01/$1$a活着 /$c余华著."))

    assert mapped(*latin).title.title == "Huo zhe"
    assert mapped(*both).title.title == "活着"


def test_year_comes_from_the_coded_field_when_the_imprint_has_none() -> None:
    assert mapped(*without("264")).title.year == "2012"


def test_part_of_a_set_is_named_in_its_title() -> None:
    parts = (*without("245"), ("245", "10", "$a平凡的世界.$n第二部,$p黄原 /$c路遥"))

    assert mapped(*parts).title.title == "平凡的世界 第二部 黄原"


def test_class_of_another_scheme_is_not_taken_for_ours() -> None:
    other = (*without("084"), ("084", "  ", "$a895.13$2ddc"))

    assert mapped(*other).title.clc == ""


@pytest.mark.parametrize(
    ("tag", "content"),
    [
        ("852", "$aCN-629900$bMPC$pYL0001$pYL0002"),
        ("952", "$aMPC$bMPC$pYL0001;YL0002"),
        ("905", "$aMPC$bYL0001$byl0002"),
    ],
)
def test_copies_are_found_in_any_usual_field(tag: str, content: str) -> None:
    found = mapped(*RECORD, (tag, "  ", content))

    assert found.holdings == (Holding("MPC", ("YL0001", "YL0002")),)


def test_form_may_be_given_and_is_not_second_guessed() -> None:
    with pytest.raises(NoTitle, match=r"200 \$a"):
        mapped(*RECORD, form=Format.CNMARC)


def test_record_without_a_title_is_refused() -> None:
    with pytest.raises(NoTitle, match=r"245 \$a"):
        mapped(*without("245"), form=Format.MARC21)
