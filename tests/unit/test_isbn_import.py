"""Book numbers as people write them: mended, left as they are, or refused."""

from __future__ import annotations

import pytest

from sync.hub.importers.isbn import BadIsbn, isbn13

GOOD = "9787506365437"


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "978-7-5063-6543-7",
        "ISBN 978-7-5063-6543-7 (精装)",
        "ISBN-13: 9787506365437",
        "９７８７５０６３６５４３７",
        "7-5063-6543-x",
        "9787506365437.0",
    ],
)
def test_spelling_is_mended_without_a_word(text: str) -> None:
    assert (isbn13(text).number, isbn13(text).repaired) == (GOOD, "")


def test_letters_that_look_like_digits_are_mended_with_a_remark() -> None:
    found = isbn13("978-7-5O63-6543-7")

    assert (found.number, found.repaired) == (GOOD, "letters for digits")


def test_prefix_before_an_old_check_digit_is_mended_with_a_remark() -> None:
    found = isbn13("978-7-02-002475-0")

    assert found.number == "9787020024759"
    assert "ISBN-10" in found.repaired


@pytest.mark.parametrize(
    "text", ["9787506365438", "978750636543", "10019·3270", "9.78751E+12", "无", "-"]
)
def test_number_that_nobody_can_mend_is_refused(text: str) -> None:
    with pytest.raises(BadIsbn):
        isbn13(text)


def test_book_may_have_no_number() -> None:
    assert isbn13(" ").number == ""
