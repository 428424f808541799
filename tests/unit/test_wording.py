"""The words of the screen: both catalogues, and what fills them."""

from __future__ import annotations

import ast
import datetime as dt
import io
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kiosk.domain.session import BookClass
from kiosk.view import LineState, Message
from ui.wording import TRANSLATIONS, Wording, WordingMissing, Words, plain

ROOT = Path(__file__).parents[2]
LOCALES = ("zh_Hans", "en")

#: Every refusal and error a kiosk of this design can show.
# fmt: off
CODES = (
    "E-CARD-UNKNOWN", "E-CARD-EXPIRED", "E-CARD-LOST", "E-CARD-SUSPENDED",
    "E-CARD-CANCELLED", "E-CARD-TWO", "E-CARD-STAY", "E-PIN", "E-LIMIT", "E-LIMIT-TYPE",
    "E-OVERDUE", "E-ITEM-UNKNOWN", "E-ITEM-REF", "E-ITEM-HELD", "E-ITEM-OTHERLOAN",
    "E-ITEM-MINE", "E-ITEM-ADULT", "E-ITEM-DAMAGED", "E-FOREIGN", "E-ISBN",
    "E-TAG-NONE", "E-TAG-BLANK", "E-TAG-DUP", "E-COUNT", "E-MOVED", "E-RENEW-MAX",
    "E-RENEW-HELD", "E-RENEW-LATE", "E-RENEW-NOGAIN", "E-OFFLINE-NEW", "E-OFFLINE-QR",
    "E-OFFLINE-RENEW", "E-READER-DOWN", "E-CARDREADER-DOWN", "E-PRINTER", "E-CLOCK",
    "E-STORAGE", "E-BUSY", "E-CLOSED", "E-GENERIC",
)
# fmt: on


@pytest.fixture(scope="module")
def wording() -> Wording:
    return Wording()


def words(wording: Wording, locale: str) -> Words:
    return Words(wording, locale, {"phone": "0900-0000000"})


def catalogue(locale: str) -> Catalog:
    path = TRANSLATIONS / locale / "LC_MESSAGES" / "messages.po"
    with path.open("rb") as file:
        return read_po(file, locale=locale)


def texts(locale: str) -> dict[str, tuple[str, ...]]:
    """Return every message with its forms, one or as many as the language has."""
    found = {}
    for entry in catalogue(locale):
        key = entry.id if isinstance(entry.id, str) else entry.id[0]
        forms = entry.string or ""
        if key:
            found[key] = (forms,) if isinstance(forms, str) else tuple(forms)
    return found


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def messages_in(folder: Path) -> Iterator[str]:
    """Yield the literal ids of `Message("…")` in the sources below a folder."""
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "Message"
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                yield str(node.args[0].value)


def test_both_catalogues_have_the_same_messages() -> None:
    chinese, english = texts("zh_Hans"), texts("en")

    assert chinese.keys() == english.keys()


def test_both_catalogues_name_the_same_facts() -> None:
    chinese, english = texts("zh_Hans"), texts("en")

    for key, forms in chinese.items():
        expected = fields(forms[0])
        assert all(fields(form) == expected for form in (*forms, *english[key])), key


@pytest.mark.parametrize("locale", LOCALES)
def test_no_message_is_empty_or_marked_fuzzy(locale: str) -> None:
    assert all(form for forms in texts(locale).values() for form in forms)
    assert not any(entry.fuzzy for entry in catalogue(locale) if entry.id)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_error_says_what_happened_and_what_to_do(locale: str) -> None:
    known = texts(locale)
    codes = set(CODES) | {key for key in known if re.fullmatch(r"E-[A-Z-]+", key)}

    missing = {key for code in codes for key in (code, f"{code}.do")} - known.keys()

    assert not missing


def test_every_message_the_kiosk_sends_has_words(wording: Wording) -> None:
    sent = set(messages_in(ROOT / "kiosk"))
    sent |= {kind.value for kind in BookClass if not kind.circulates}
    sent |= {f"line.{state}" for state in LineState}

    assert sent
    assert {message for message in sent if not wording.has(message)} == set()


def test_every_message_of_the_templates_has_words(wording: Wording) -> None:
    used = {
        message
        for path in (ROOT / "ui" / "templates").glob("*.html")
        for message in re.findall(
            r'\b(?:t|headline)\("([^"]+)"(?! ~)', path.read_text("utf-8")
        )
    }

    assert len(used) > 20
    assert {message for message in used if not wording.has(message)} == set()


def test_chinese_screens_never_shout_and_never_speak_of_systems() -> None:
    spoken = [form for forms in texts("zh_Hans").values() for form in forms]

    assert not [text for text in spoken if re.search("[!！]|系统|服务器", text)]


@pytest.mark.parametrize(
    ("locale", "day"),
    [("zh_Hans", "8月3日（星期日）前还"), ("en", "Due Sunday 3 August")],
)
def test_a_due_date_is_said_in_words(wording: Wording, locale: str, day: str) -> None:
    message = Message("line.due", {"date": dt.date(2025, 8, 3)})

    assert words(wording, locale).say(message) == day


@pytest.mark.parametrize("locale", LOCALES)
def test_every_day_of_a_year_has_words_of_its_own(
    wording: Wording, locale: str
) -> None:
    year = [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(365)]

    said = {words(wording, locale).t("line.due", date=day) for day in year}

    assert len(said) == len(year)
    assert not [text for text in said if "2026" in text]


def test_day_without_names_is_said_in_figures(tmp_path: Path) -> None:
    compiled = tmp_path / "zh_Hans" / "LC_MESSAGES" / "messages.mo"
    compiled.parent.mkdir(parents=True)
    text = _PO + '\nmsgid "due"\nmsgstr "{date}"\n'
    with compiled.open("wb") as file:
        write_mo(file, read_po(io.BytesIO(text.encode())))

    said = Wording(tmp_path).text("zh_Hans", "due", {"date": dt.date(2026, 5, 4)})

    assert said == "2026-05-04"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0 books found. Is that right?"),
        (1, "1 book found. Is that right?"),
        (2, "2 books found. Is that right?"),
    ],
)
def test_english_counts_one_book_and_two_books(
    wording: Wording, number: int, expected: str
) -> None:
    said = words(wording, "en").say(Message("borrow.count", {"n": number}))

    assert said == expected


def test_a_message_with_forms_is_found_without_its_number(wording: Wording) -> None:
    assert words(wording, "en").say(Message("borrow.count")) == (
        "… books found. Is that right?"
    )


def test_hint_carries_the_facts_of_its_message(wording: Wording) -> None:
    message = Message("E-STORAGE")

    assert words(wording, "zh_Hans").do(message).endswith("0900-0000000")


def test_message_without_a_hint_has_an_empty_one(wording: Wording) -> None:
    assert words(wording, "en").do(Message("id.prompt")) == ""


@pytest.mark.parametrize("message_id", ["", "E-NEVER-HEARD-OF", "{n}", "%(n)s"])
def test_unknown_message_is_shown_as_its_id(wording: Wording, message_id: str) -> None:
    assert words(wording, "en").say(Message(message_id, {"n": 1})) == message_id


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("zh_Hans", "zh_Hans"),
        ("zh-Hans", "zh_Hans"),
        ("en", "en"),
        ("en_GB", "en"),
        ("bo", "zh_Hans"),
        ("", "zh_Hans"),
        ("../en", "zh_Hans"),
    ],
)
def test_unknown_locale_falls_back_to_chinese(
    wording: Wording, asked: str, served: str
) -> None:
    assert wording.known(asked) == served


def test_missing_key_falls_back_to_chinese_alone(tmp_path: Path) -> None:
    for locale, text in (("zh_Hans", _PO + _FULL), ("en", _PO)):
        compiled = tmp_path / locale / "LC_MESSAGES" / "messages.mo"
        compiled.parent.mkdir(parents=True)
        with compiled.open("wb") as file:
            write_mo(file, read_po(io.BytesIO(text.encode())))

    partial = Wording(tmp_path)

    assert partial.text("en", "greeting", {}) == "Hello"
    assert partial.text("en", "rest", {}) == "您好"
    assert partial.text("en", "nothing", {}) == "nothing"


def test_folder_without_the_county_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WordingMissing, match=str(tmp_path)):
        Wording(tmp_path)


def test_facts_are_never_read_as_placeholders(wording: Wording) -> None:
    said = words(wording, "en").t("id.hello", masked_name="{phone}{x.__class__}")

    assert said == "Hello, {phone}{x.__class__}"


def test_text_from_outside_loses_controls_and_direction_marks() -> None:
    assert plain("活\u202e着\x00\n\u2066！") == "活着！"


def test_text_from_outside_is_cut_to_a_line_or_two() -> None:
    cut = plain("长" * 10_000)

    assert len(cut) == 80
    assert cut.endswith("…")


_PO = """
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "greeting"
msgstr "Hello"
"""
_FULL = """
msgid "rest"
msgstr "您好"
"""
